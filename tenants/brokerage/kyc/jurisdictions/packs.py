"""What a jurisdiction pack is made of: whom it fits, what it asks, what it allows.

Values only. Every label and sentence is an English message id; every figure a regulator set names
its source.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from stoa.kernel.money import Money

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Months = Annotated[int, msgspec.Meta(ge=0, le=600)]
Leverage = Annotated[int, msgspec.Meta(ge=1, le=5_000)]
Code = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]

EEA: Final[tuple[str, ...]] = tuple(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IS IE IT LV LI LT LU MT NL NO PL PT RO SK SI ES"
    " SE".split()
)
FATF_CALL_FOR_ACTION: Final[tuple[str, ...]] = ("IR", "KP", "MM")
FATF_SOURCE: Final = (
    "FATF, High-Risk Jurisdictions subject to a Call for Action, October 2025; "
    "check the list of the day before going live"
)


class ClientType(StrEnum):
    INDIVIDUAL = "individual"
    JOINT = "joint"
    COMPANY = "company"


class Category(StrEnum):
    """Directive 2014/65/EU (MiFID II), Annex II."""

    RETAIL = "retail"
    PROFESSIONAL = "professional"


class StepKind(StrEnum):
    FORM = "form"
    QUESTIONNAIRE = "questionnaire"
    DOCUMENTS = "documents"
    AGREEMENTS = "agreements"


class FieldKind(StrEnum):
    TEXT = "text"
    DATE = "date"
    COUNTRY = "country"
    CHOICE = "choice"
    YES_NO = "yes-no"
    PHONE = "phone"
    TAX_NUMBER = "tax-number"


class Right(StrEnum):
    """What a verification level lets a client do."""

    DEMO = "demo"
    DEPOSIT = "deposit"
    LIVE = "live"
    WITHDRAW = "withdraw"


class Per(StrEnum):
    DAY = "day"
    MONTH = "month"
    LIFETIME = "lifetime"


class Flow(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a pack, step or document is for; an empty condition fits everybody."""

    country: tuple[Country, ...] = ()
    not_country: tuple[Country, ...] = ()
    client_type: tuple[ClientType, ...] = ()
    category: tuple[Category, ...] = ()
    entity: tuple[str, ...] = ()


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that can be chosen; `points` count in a scored questionnaire only."""

    code: Code
    label: str
    points: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question of a form. `sealed` answers are stored encrypted and masked by role."""

    code: Code
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    choices: tuple[Choice, ...] = ()
    help: str = ""
    longest: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 120
    sealed: bool = False


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One page of the wizard."""

    code: Code
    kind: StepKind
    title: str
    about: str = ""
    fields: tuple[Field, ...] = ()
    questionnaire: str = ""
    for_types: tuple[ClientType, ...] = tuple(ClientType)


class DocumentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document to be shown: `max_age_months` 0 means that its expiry counts, not its date."""

    kind: Code
    title: str = ""
    accepts: tuple[Code, ...] = ()
    max_age_months: Months = 0
    about: str = ""
    for_types: tuple[ClientType, ...] = tuple(ClientType)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One scored question; with `many`, several answers may be chosen and their points add up."""

    code: Code
    text: str
    choices: tuple[Choice, ...]
    many: bool = False


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a score from `from_percent` up means. `leverage_cap` 0 leaves the pack's caps as they are."""

    code: Code
    title: str
    from_percent: Percent
    leverage_cap: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 0
    passes: bool = True
    warning: str = ""


class Questionnaire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scored test. Answers are kept with `version`: raise it whenever a question changes."""

    code: Code
    version: str
    title: str
    questions: tuple[Question, ...]
    bands: tuple[Band, ...]
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    wait_h: Count = 24
    source: str = ""


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to accept; acceptance is kept with version and language."""

    code: Code
    title: str
    version: str
    for_types: tuple[ClientType, ...] = tuple(ClientType)


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that may move in a period; compared at the stored rate in other currencies."""

    flow: Flow
    per: Per
    most: Money


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung of verification: what must be done to stand on it, and what it then allows."""

    code: Code
    title: str
    needs_steps: tuple[str, ...] = ()
    needs_checks: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    limits: tuple[Limit, ...] = ()


class Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When more diligence is due, and the withdrawal above which it must be done first (EDD)."""

    for_pep: bool = True
    for_risk: tuple[str, ...] = ("high",)
    countries: tuple[Country, ...] = ()
    deposits_over: Money | None = None
    withdrawal_over: Money | None = None


class Blocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is refused at sign-up, before trading and at withdrawal, whatever the pack says."""

    residence: tuple[Country, ...] = FATF_CALL_FOR_ACTION
    nationality: tuple[Country, ...] = ("KP",)
    document: tuple[Country, ...] = ("KP",)
    address: tuple[Country, ...] = ("KP",)
    """Country of the internet address."""
    source: str = FATF_SOURCE


REFRESH: Final = {"low": 60, "medium": 36, "high": 12}


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a jurisdiction asks and allows, for the clients its condition fits."""

    code: Code
    when: When = When()
    title: str = ""
    steps: tuple[Step, ...] = ()
    documents: tuple[DocumentRule, ...] = ()
    checks: tuple[str, ...] = ("document", "screening")
    levels: tuple[Level, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    leverage_cap: dict[str, Leverage] = {}
    forbids: tuple[str, ...] = ()
    refresh_months: dict[str, Months] = msgspec.field(default_factory=lambda: dict(REFRESH))
    retain_months: Months = 60
    review_hours: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 24
    least_age_years: Annotated[int, msgspec.Meta(ge=16, le=30)] = 18
    extra: Extra = Extra()
    source: str = ""
