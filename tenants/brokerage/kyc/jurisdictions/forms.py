"""The wizard's pages that packs start from; a tenant may change every one of them."""

from typing import Final

from brokerage.kyc.jurisdictions.packs import (
    Choice,
    ClientType,
    Field,
    FieldKind,
    Pack,
    Step,
    StepKind,
)
from stoa.theming.texts import N_

PEOPLE: Final = (ClientType.INDIVIDUAL, ClientType.JOINT)
COMPANIES: Final = (ClientType.COMPANY,)

PERSONAL: Final = Step(
    code="personal",
    kind=StepKind.FORM,
    title=N_("Your details"),
    about=N_("As they stand in your passport or identity card."),
    fields=(
        Field("first_name", N_("First names"), longest=80, sealed=True),
        Field("last_name", N_("Last name"), longest=80, sealed=True),
        Field("birth_date", N_("Date of birth"), kind=FieldKind.DATE, sealed=True),
        Field("nationality", N_("Nationality"), kind=FieldKind.COUNTRY),
        Field("birth_country", N_("Country of birth"), kind=FieldKind.COUNTRY, required=False),
        Field("phone", N_("Mobile phone"), kind=FieldKind.PHONE, sealed=True),
    ),
    for_types=PEOPLE,
)
COMPANY: Final = Step(
    code="company",
    kind=StepKind.FORM,
    title=N_("Your company"),
    about=N_("As it stands in the register."),
    fields=(
        Field("company_name", N_("Registered name"), longest=160),
        Field("registration_number", N_("Registration number"), longest=40),
        Field("registration_country", N_("Country of registration"), kind=FieldKind.COUNTRY),
        Field("founded_on", N_("Date of registration"), kind=FieldKind.DATE),
        Field(
            "lei",
            N_("Legal Entity Identifier (LEI)"),
            required=False,
            longest=20,
            help=N_("Twenty letters and digits, if the company has one."),
        ),
        Field("representative_first_name", N_("Your first names"), longest=80, sealed=True),
        Field("representative_last_name", N_("Your last name"), longest=80, sealed=True),
        Field("birth_date", N_("Your date of birth"), kind=FieldKind.DATE, sealed=True),
        Field("nationality", N_("Your nationality"), kind=FieldKind.COUNTRY),
        Field(
            "owners",
            N_("Who owns more than a quarter of it, and who directs it"),
            longest=1_000,
            sealed=True,
            help=N_("First and last name, date of birth and country of each, one a line."),
        ),
    ),
    for_types=COMPANIES,
)
ADDRESS: Final = Step(
    code="address",
    kind=StepKind.FORM,
    title=N_("Your address"),
    about=N_("Where you live, or where the company has its seat. No post box."),
    fields=(
        Field("street", N_("Street and number"), longest=160, sealed=True),
        Field("postcode", N_("Postal code"), required=False, longest=16, sealed=True),
        Field("city", N_("Town"), longest=80, sealed=True),
        Field("country", N_("Country"), kind=FieldKind.COUNTRY),
    ),
)
TAX: Final = Field("tax_country", N_("Where you pay taxes"), kind=FieldKind.COUNTRY)
TAX_NUMBER: Final = Field(
    "tax_number",
    N_("Tax number"),
    kind=FieldKind.TAX_NUMBER,
    required=False,
    longest=40,
    sealed=True,
    help=N_("Leave it empty only if your country gives none."),
)
PEP: Final = Field(
    "pep",
    N_("Do you, or someone close to you, hold a high public office?"),
    kind=FieldKind.CHOICE,
    choices=(
        Choice("none", N_("No")),
        Choice("current", N_("Yes, I do")),
        Choice("former", N_("I did, in the last two years")),
        Choice("relative", N_("Someone close to me does")),
    ),
    help=N_(
        "Such as head of state, minister, member of parliament, judge of a high court, general."
    ),
)
EXPECTED: Final = Field(
    "expected_yearly",
    N_("How much do you expect to deposit in a year?"),
    kind=FieldKind.CHOICE,
    choices=(
        Choice("up-to-10000", N_("Up to 10,000 EUR")),
        Choice("up-to-50000", N_("10,000 to 50,000 EUR")),
        Choice("up-to-250000", N_("50,000 to 250,000 EUR")),
        Choice("more", N_("More than 250,000 EUR")),
    ),
)
SOURCE_OF_FUNDS: Final = Field(
    "source_of_funds",
    N_("Where does the money come from?"),
    kind=FieldKind.CHOICE,
    choices=(
        Choice("salary", N_("Salary")),
        Choice("business", N_("Own business")),
        Choice("savings", N_("Savings")),
        Choice("investments", N_("Investments")),
        Choice("inheritance", N_("Inheritance or gift")),
        Choice("pension", N_("Pension")),
        Choice("other", N_("Something else")),
    ),
)
OCCUPATION: Final = Field(
    "occupation",
    N_("What do you do?"),
    kind=FieldKind.CHOICE,
    choices=(
        Choice("employed", N_("Employed")),
        Choice("self-employed", N_("Self-employed")),
        Choice("retired", N_("Retired")),
        Choice("student", N_("Student")),
        Choice("not-working", N_("Not working")),
    ),
)
FINANCES: Final = Step(
    code="finances",
    kind=StepKind.FORM,
    title=N_("Your finances"),
    about=N_("The law asks us to know where the money comes from."),
    fields=(OCCUPATION, SOURCE_OF_FUNDS, EXPECTED, PEP, TAX, TAX_NUMBER),
    for_types=PEOPLE,
)
FINANCES_COMPANY: Final = Step(
    code="finances-company",
    kind=StepKind.FORM,
    title=N_("The company's finances"),
    about=N_("The law asks us to know where the money comes from."),
    fields=(
        Field("business", N_("What does the company do?"), longest=400),
        SOURCE_OF_FUNDS,
        EXPECTED,
        PEP,
        TAX,
        TAX_NUMBER,
    ),
    for_types=COMPANIES,
)
FINANCES_SHORT: Final = Step(
    code="finances",
    kind=StepKind.FORM,
    title=N_("Your finances"),
    fields=(SOURCE_OF_FUNDS, EXPECTED, PEP),
)
EXPERIENCE: Final = Step(
    code="experience",
    kind=StepKind.QUESTIONNAIRE,
    title=N_("Your experience"),
    about=N_(
        "Eight questions. They decide how much leverage is right for you, not whether we like you."
    ),
    questionnaire="cfd-appropriateness",
    for_types=PEOPLE,
)
DOCUMENTS: Final = Step(
    code="documents",
    kind=StepKind.DOCUMENTS,
    title=N_("Your documents"),
    about=N_("A photo with your phone is enough, if every word can be read."),
)
AGREEMENTS: Final = Step(
    code="agreements",
    kind=StepKind.AGREEMENTS,
    title=N_("What we agree on"),
)

STANDARD: Final = (
    PERSONAL,
    COMPANY,
    ADDRESS,
    FINANCES,
    FINANCES_COMPANY,
    EXPERIENCE,
    DOCUMENTS,
    AGREEMENTS,
)
APPROPRIATENESS: Final = "appropriateness"


def steps_of(pack: Pack) -> tuple[Step, ...]:
    """A pack's pages; one that names none has ours, the test only where the pack checks it."""
    if pack.steps:
        return pack.steps
    tested = APPROPRIATENESS in pack.checks
    return tuple(step for step in STANDARD if tested or step.kind is not StepKind.QUESTIONNAIRE)
