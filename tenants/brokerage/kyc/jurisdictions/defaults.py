"""The packs a tenant starts from: `eu-retail` and `offshore`.

Figures that a regulator set carry their source. They are a start, not advice: the tenant's
compliance officer answers for what is in force.
"""

from decimal import Decimal
from typing import Final

from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import (
    EEA,
    Agreement,
    DocumentRule,
    Extra,
    Flow,
    Level,
    Limit,
    Pack,
    Per,
    Right,
    When,
)
from brokerage.kyc.jurisdictions.questions import CFD_APPROPRIATENESS
from stoa.kernel.money import Money
from stoa.theming.texts import N_

CFD_SOURCE: Final = (
    "ESMA Decision (EU) 2018/796 on CFDs, Annex I (initial margins), as renewed to 2019 and kept by "
    "national measures since; read from ESMA's notice of 27 March 2019"
)


def _euros(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


def _dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


TERMS: Final = (
    Agreement("terms", N_("Terms of business"), "2026-01"),
    Agreement("risk-warning", N_("Risk warning"), "2026-01"),
    Agreement("privacy", N_("Privacy notice"), "2026-01"),
)
COMPANY_PAPERS: Final = (
    DocumentRule(
        "registration",
        title=N_("Extract from the register"),
        accepts=("register-extract", "certificate-of-incorporation"),
        max_age_months=6,
        for_types=forms.COMPANIES,
    ),
    DocumentRule(
        "ownership",
        title=N_("Who owns and directs the company"),
        accepts=("register-of-owners", "articles"),
        max_age_months=12,
        for_types=forms.COMPANIES,
    ),
)
IDENTITY: Final = DocumentRule(
    "identity",
    title=N_("Passport or identity card"),
    accepts=("passport", "identity-card", "driving-licence"),
    about=N_("All four corners in the picture, nothing covered."),
)
ADDRESS: Final = DocumentRule(
    "address",
    title=N_("Proof of address"),
    accepts=("utility-bill", "bank-statement", "tax-letter", "residence-certificate"),
    max_age_months=6,
    about=N_("A bill, bank statement or official letter with your name and address on it."),
)

EU_RETAIL: Final = Pack(
    code="eu-retail",
    title=N_("European Union, retail"),
    when=When(country=tuple(EEA)),
    steps=forms.STANDARD,
    documents=(IDENTITY, ADDRESS, *COMPANY_PAPERS),
    checks=("document", "screening", "appropriateness"),
    levels=(
        Level("registered", N_("Registered"), rights=(Right.DEMO,)),
        Level(
            "verified",
            N_("Verified"),
            needs_steps=tuple(step.code for step in forms.STANDARD),
            needs_checks=("document", "screening", "appropriateness"),
            rights=(Right.DEMO, Right.DEPOSIT, Right.LIVE, Right.WITHDRAW),
            limits=(
                Limit(Flow.DEPOSIT, Per.DAY, _euros(25_000)),
                Limit(Flow.DEPOSIT, Per.MONTH, _euros(100_000)),
                Limit(Flow.WITHDRAWAL, Per.DAY, _euros(50_000)),
            ),
        ),
    ),
    agreements=TERMS,
    leverage_cap={
        "fx_major": 30,
        "fx_minor": 20,
        "gold": 20,
        "index": 20,
        "index_minor": 10,
        "commodity": 10,
        "share": 5,
        "crypto": 2,
    },
    forbids=("bonuses",),
    retain_months=60,
    review_hours=24,
    extra=Extra(deposits_over=_euros(15_000), withdrawal_over=_euros(2_000)),
    source=CFD_SOURCE,
)

OFFSHORE_STEPS: Final = (
    forms.PERSONAL,
    forms.COMPANY,
    forms.ADDRESS,
    forms.FINANCES_SHORT,
    forms.DOCUMENTS,
    forms.AGREEMENTS,
)
OFFSHORE: Final = Pack(
    code="offshore",
    title=N_("International"),
    when=When(not_country=tuple(EEA)),
    steps=OFFSHORE_STEPS,
    documents=(IDENTITY, ADDRESS, *COMPANY_PAPERS),
    checks=("document", "screening"),
    levels=(
        Level(
            "registered",
            N_("Registered"),
            rights=(Right.DEMO, Right.DEPOSIT),
            limits=(Limit(Flow.DEPOSIT, Per.LIFETIME, _dollars(1_000)),),
        ),
        Level(
            "verified",
            N_("Verified"),
            needs_steps=tuple(step.code for step in OFFSHORE_STEPS),
            needs_checks=("document", "screening"),
            rights=(Right.DEMO, Right.DEPOSIT, Right.LIVE, Right.WITHDRAW),
            limits=(
                Limit(Flow.DEPOSIT, Per.DAY, _dollars(50_000)),
                Limit(Flow.WITHDRAWAL, Per.DAY, _dollars(100_000)),
            ),
        ),
    ),
    agreements=TERMS,
    leverage_cap={
        "fx_major": 500,
        "fx_minor": 200,
        "gold": 200,
        "index": 100,
        "index_minor": 100,
        "commodity": 100,
        "share": 20,
        "crypto": 10,
    },
    retain_months=84,
    review_hours=24,
    extra=Extra(deposits_over=_dollars(50_000), withdrawal_over=_dollars(10_000)),
    source="Own terms; no regulator's figures",
)

PACKS: Final = (EU_RETAIL, OFFSHORE)
QUESTIONNAIRES: Final = (CFD_APPROPRIATENESS,)


def levels_of(pack: Pack) -> tuple[Level, ...]:
    """A pack's rungs; one that names none has two: registered for a demo, verified for the rest."""
    if pack.levels:
        return pack.levels
    steps = forms.steps_of(pack)
    return (
        Level("registered", N_("Registered"), rights=(Right.DEMO,)),
        Level(
            "verified",
            N_("Verified"),
            needs_steps=tuple(step.code for step in steps),
            needs_checks=pack.checks,
            rights=tuple(Right),
        ),
    )
