"""What the product answers when it will not do something.

A refusal's sentence is an English message id with named places; the edge translates it into the
reader's language. It tells what happened, whether money moved and what to do, never internals.
"""

from collections.abc import Callable
from typing import ClassVar


class Refusal(Exception):
    """A polite no. `sentence` is the message id, `places` fills it, `code` is stable for machines."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "refused"

    def __init__(
        self, sentence: str, *, code: str | None = None, field: str | None = None, **places: object
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code or self.kind
        self.field = field
        # A sentence may name its own code, which is what a person tells support.
        self.places = {"code": self.code, **places}

    def __str__(self) -> str:
        return self.sentence.format_map(_Lenient(self.places))


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Invalid(Refusal):
    """The input cannot be understood or allowed; `field` names what to mend."""

    status = 422
    kind = "invalid"


class ManyInvalid(Invalid):
    """Several fields at once: a form answers all of them together."""

    def __init__(self, problems: list[Invalid]) -> None:
        super().__init__("Please mend the marked fields.")
        self.problems = problems


class Unauthenticated(Refusal):
    status = 401
    kind = "unauthenticated"


class Denied(Refusal):
    """Signed in, known object, but this person may not."""

    status = 403
    kind = "denied"


class NotFound(Refusal):
    """Unknown, or another's: the answer is the same."""

    status = 404
    kind = "not-found"

    def __init__(self, sentence: str = "We could not find that.", **places: object) -> None:
        super().__init__(sentence, code=None, field=None, **places)


class Conflict(Refusal):
    """True a moment ago, not now: another state, another version, a second attempt."""

    status = 409
    kind = "conflict"


class WrongMethod(Refusal):
    """A known address of the API, asked in a way that it does not take; `allow` names those it takes."""

    status = 405
    kind = "wrong-method"

    def __init__(self, allow: str) -> None:
        super().__init__(
            "This address does not take this method: the Allow header names those it takes. "
            "Nothing was changed."
        )
        self.allow = allow


class Gone(Refusal):
    status = 410
    kind = "gone"


class TooLarge(Refusal):
    status = 413
    kind = "too-large"


class TooMany(Refusal):
    status = 429
    kind = "too-many"

    def __init__(self, sentence: str, *, retry_after_s: int = 60, **places: object) -> None:
        super().__init__(sentence, code=None, field=None, **places)
        self.retry_after_s = retry_after_s


class Unavailable(Refusal):
    status = 503
    kind = "unavailable"


class Uncertain(Refusal):
    """The database went away while it was told to keep something: it may have, or not."""

    status = 503
    kind = "uncertain"

    def __init__(self) -> None:
        super().__init__(
            "Our records went away at the very moment this was being written down. It may have "
            "been done or not. Look at its page before you try again; the same form sent once "
            "more is never done twice."
        )


class Unfit(ValueError):
    """Values that do not go together in one settings type. `field` names the one to mend."""

    def __init__(self, sentence: str, *, field: str = "", **places: object) -> None:
        super().__init__(sentence.format_map(_Lenient(places)))
        self.sentence = sentence
        self.field = field
        self.places = places

    def spoken(self, translate: Callable[[str], str]) -> str:
        """The sentence inside another one, in the reader's language."""
        return translate(self.sentence).format_map(_Lenient(self.places))

    def refusal(self) -> Invalid:
        """The same as a refusal of what was sent."""
        said = Invalid(self.sentence)
        said.places |= self.places
        return said
