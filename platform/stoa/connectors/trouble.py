"""Why a call to another machine brought no answer, told apart by one question: was anything sent?"""

from stoa.kernel.refusals import Invalid, Unauthenticated, Unavailable


class Blocked(Invalid):
    """An address the product does not call: inside our own network, another scheme or port."""

    kind = "address-blocked"


class Unreachable(Unavailable):
    """Nothing was sent: no route, no connection, no free place, or the breaker is open."""

    kind = "unreachable"


class Withheld(Unreachable):
    """We did not call: our breaker is open, or every place of the line is taken."""

    kind = "withheld"


class NoAnswer(Unavailable):
    """Something was sent and no whole answer came back. It may have been acted upon."""

    kind = "no-answer"


class Unreadable(NoAnswer):
    """An answer came and could not be understood, which tells as little as none."""

    kind = "unreadable-answer"


class Forged(Unauthenticated):
    """A callback whose proof is missing, doubled, stale or wrong. Nothing of it is kept."""

    kind = "forged"


class Stale(Forged):
    """The proof is theirs and its time is not ours: kept and sent again by somebody, or a wrong clock.

    Who sent it is proven, so that it is the request that is wrong and not the caller.
    """

    status = 400
    kind = "stale"
