"""The wizard's pages that packs start from; a tenant may change every one of them."""

from typing import Final

from brokerage.kyc.packs import Choice, ClientType, Field, FieldKind, Pack, Step, StepKind

PEOPLE: Final = (ClientType.INDIVIDUAL, ClientType.JOINT)
COMPANIES: Final = (ClientType.COMPANY,)

PERSONAL: Final = Step(
    code="personal",
    kind=StepKind.FORM,
    title="Your details",
    about="As they stand in your passport or identity card.",
    fields=(
        Field("first_name", "First names", longest=80, sealed=True),
        Field("last_name", "Last name", longest=80, sealed=True),
        Field("birth_date", "Date of birth", kind=FieldKind.DATE, sealed=True),
        Field("nationality", "Nationality", kind=FieldKind.COUNTRY),
        Field("birth_country", "Country of birth", kind=FieldKind.COUNTRY, required=False),
        Field("phone", "Mobile phone", kind=FieldKind.PHONE, sealed=True),
    ),
    for_types=PEOPLE,
)
COMPANY: Final = Step(
    code="company",
    kind=StepKind.FORM,
    title="Your company",
    about="As it stands in the register.",
    fields=(
        Field("company_name", "Registered name", longest=160),
        Field("registration_number", "Registration number", longest=40),
        Field("registration_country", "Country of registration", kind=FieldKind.COUNTRY),
        Field("founded_on", "Date of registration", kind=FieldKind.DATE),
        Field(
            "lei",
            "Legal Entity Identifier (LEI)",
            required=False,
            longest=20,
            help="Twenty letters and digits, if the company has one.",
        ),
        Field("representative_first_name", "Your first names", longest=80, sealed=True),
        Field("representative_last_name", "Your last name", longest=80, sealed=True),
        Field("birth_date", "Your date of birth", kind=FieldKind.DATE, sealed=True),
        Field("nationality", "Your nationality", kind=FieldKind.COUNTRY),
        Field(
            "owners",
            "Who owns more than a quarter of it, and who directs it",
            longest=1_000,
            sealed=True,
            help="First and last name, date of birth and country of each, one a line.",
        ),
    ),
    for_types=COMPANIES,
)
ADDRESS: Final = Step(
    code="address",
    kind=StepKind.FORM,
    title="Your address",
    about="Where you live, or where the company has its seat. No post box.",
    fields=(
        Field("street", "Street and number", longest=160, sealed=True),
        Field("postcode", "Postal code", required=False, longest=16, sealed=True),
        Field("city", "Town", longest=80, sealed=True),
        Field("country", "Country", kind=FieldKind.COUNTRY),
    ),
)
TAX: Final = Field("tax_country", "Where you pay taxes", kind=FieldKind.COUNTRY)
TAX_NUMBER: Final = Field(
    "tax_number",
    "Tax number",
    kind=FieldKind.TAX_NUMBER,
    required=False,
    longest=40,
    sealed=True,
    help="Leave it empty only if your country gives none.",
)
PEP: Final = Field(
    "pep",
    "Do you, or someone close to you, hold a high public office?",
    kind=FieldKind.CHOICE,
    choices=(
        Choice("none", "No"),
        Choice("current", "Yes, I do"),
        Choice("former", "I did, in the last two years"),
        Choice("relative", "Someone close to me does"),
    ),
    help="Such as head of state, minister, member of parliament, judge of a high court, general.",
)
EXPECTED: Final = Field(
    "expected_yearly",
    "How much do you expect to deposit in a year?",
    kind=FieldKind.CHOICE,
    choices=(
        Choice("up-to-10000", "Up to 10,000 EUR"),
        Choice("up-to-50000", "10,000 to 50,000 EUR"),
        Choice("up-to-250000", "50,000 to 250,000 EUR"),
        Choice("more", "More than 250,000 EUR"),
    ),
)
SOURCE_OF_FUNDS: Final = Field(
    "source_of_funds",
    "Where does the money come from?",
    kind=FieldKind.CHOICE,
    choices=(
        Choice("salary", "Salary"),
        Choice("business", "Own business"),
        Choice("savings", "Savings"),
        Choice("investments", "Investments"),
        Choice("inheritance", "Inheritance or gift"),
        Choice("pension", "Pension"),
        Choice("other", "Something else"),
    ),
)
OCCUPATION: Final = Field(
    "occupation",
    "What do you do?",
    kind=FieldKind.CHOICE,
    choices=(
        Choice("employed", "Employed"),
        Choice("self-employed", "Self-employed"),
        Choice("retired", "Retired"),
        Choice("student", "Student"),
        Choice("not-working", "Not working"),
    ),
)
FINANCES: Final = Step(
    code="finances",
    kind=StepKind.FORM,
    title="Your finances",
    about="The law asks us to know where the money comes from.",
    fields=(OCCUPATION, SOURCE_OF_FUNDS, EXPECTED, PEP, TAX, TAX_NUMBER),
    for_types=PEOPLE,
)
FINANCES_COMPANY: Final = Step(
    code="finances-company",
    kind=StepKind.FORM,
    title="The company's finances",
    about="The law asks us to know where the money comes from.",
    fields=(
        Field("business", "What does the company do?", longest=400),
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
    title="Your finances",
    fields=(SOURCE_OF_FUNDS, EXPECTED, PEP),
)
EXPERIENCE: Final = Step(
    code="experience",
    kind=StepKind.QUESTIONNAIRE,
    title="Your experience",
    about="Eight questions. They decide how much leverage is right for you, not whether we like you.",
    questionnaire="cfd-appropriateness",
    for_types=PEOPLE,
)
DOCUMENTS: Final = Step(
    code="documents",
    kind=StepKind.DOCUMENTS,
    title="Your documents",
    about="A photo with your phone is enough, if every word can be read.",
)
AGREEMENTS: Final = Step(
    code="agreements",
    kind=StepKind.AGREEMENTS,
    title="What we agree on",
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
