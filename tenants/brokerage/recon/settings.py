"""What a tenant decides about proof: how each provider's file is read, windows, deadlines."""

from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Column = Annotated[str, Meta(max_length=80)]
KINDS: Final = (
    "payment",
    "refund",
    "payout",
    "chargeback",
    "reversal",
    "fee",
    "transfer",
    "ignore",
)
_TOKENS: Final = (
    ("YYYY", "%Y"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d"),
    ("hh", "%H"), ("mm", "%M"), ("ss", "%S"),
)  # fmt: skip


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names in the file's first line. `payment` is the provider's id of the payment where `id`
    names the movement; `reference` is what we called it.
    """

    id: Annotated[str, Meta(min_length=1, max_length=80)] = "id"
    payment: Column = ""
    reference: Column = ""
    kind: Column = ""
    gross: Annotated[str, Meta(min_length=1, max_length=80)] = "amount"
    fee: Column = ""
    currency: Column = ""
    at: Annotated[str, Meta(min_length=1, max_length=80)] = "created"
    text: Column = ""

    def named(self) -> list[tuple[str, str]]:
        return [(name, str(getattr(self, name))) for name in self.__struct_fields__]


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A provider's word for a movement and what it is."""

    word: Annotated[str, Meta(min_length=1, max_length=60)]
    kind: Literal[
        "payment", "refund", "payout", "chargeback", "reversal", "fee", "transfer", "ignore"
    ]


class Settlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the settlement file of one provider is read.

    `date_format` is `iso`, `unix` or letters such as `DD.MM.YYYY hh:mm:ss`. `sign`: amounts carry
    their own (`signed`: plus came in; `inverted`: plus went out) or follow from the kind.
    """

    psp: Code
    columns: Columns = Columns()
    words: tuple[Word, ...] = ()
    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto"
    skip_lines: Annotated[int, Meta(ge=0, le=50)] = 0
    decimal: Literal["point", "comma"] = "point"
    minor_units: bool = False
    sign: Literal["signed", "inverted", "by-kind"] = "by-kind"
    date_format: Annotated[str, Meta(min_length=3, max_length=40)] = "iso"
    time_zone: str = "UTC"
    currency: Annotated[str, Meta(max_length=8)] = ""

    def __post_init__(self) -> None:
        ZoneInfo(self.time_zone)
        if self.currency and not currencies.known(self.currency):
            raise Unfit("the currency {currency} is not known", currency=self.currency)
        if not self.currency and not self.columns.currency:
            raise Unfit("{psp} names neither a column of currencies nor a currency", psp=self.psp)
        if self.date_format not in {"iso", "unix"} and "%Y" not in self.pattern.replace("%y", "%Y"):
            raise Unfit("the date format of {psp} names no year: use YYYY, MM, DD", psp=self.psp)

    @property
    def pattern(self) -> str:
        made = self.date_format.replace("%", "%%")
        for token, sign in _TOKENS:
            made = made.replace(token, sign)
        return made

    def kind_of(self, word: str) -> str | None:
        """What a word of the kind column means; without such a column all are payments."""
        if not self.columns.kind:
            return "payment"
        plain = word.strip().casefold()
        for one in self.words:
            if one.word.casefold() == plain:
                return one.kind
        return plain if plain in KINDS else None


class ReconSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Proof against banks, providers and trading servers.

    `late_h` is how long a payment may be under way to a statement or file before it is a break;
    `near_days` and `least_score` bound what is suggested as a match.
    """

    settlements: tuple[Settlement, ...] = ()
    time_zone: str = ""
    late_h: Annotated[int, Meta(ge=0, le=720)] = 48
    stale_after_h: Annotated[int, Meta(ge=1, le=720)] = 72
    near_days: Annotated[int, Meta(ge=0, le=30)] = 5
    least_score: Annotated[int, Meta(ge=1, le=100)] = 40
    sign_by_hour: Annotated[int, Meta(ge=0, le=23)] = 12
    """The hour of the next day by which a day's client money is to be signed."""

    def __post_init__(self) -> None:
        codes = [one.psp for one in self.settlements]
        if len(set(codes)) != len(codes):
            raise Unfit("a provider has two mappings")
        if self.time_zone:
            ZoneInfo(self.time_zone)

    def settlement(self, psp: str) -> Settlement | None:
        return next((one for one in self.settlements if one.psp == psp), None)
