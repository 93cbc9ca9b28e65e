"""The appropriateness test a tenant starts from: what a client knows of leveraged products."""

from typing import Final

from brokerage.kyc.jurisdictions.packs import Band, Choice, Question, Questionnaire
from stoa.theming.texts import N_

APPROPRIATENESS_SOURCE: Final = (
    "Directive 2014/65/EU, Article 25(3); Delegated Regulation (EU) 2017/565, Articles 55 and 56; "
    "questions and points are our own"
)


def _ladder(*choices: tuple[str, str, int]) -> tuple[Choice, ...]:
    return tuple(Choice(code, label, points) for code, label, points in choices)


CFD_APPROPRIATENESS: Final = Questionnaire(
    code="cfd-appropriateness",
    version="2026-1",
    title=N_("Do these products fit your experience?"),
    source=APPROPRIATENESS_SOURCE,
    questions=(
        Question(
            "traded",
            N_(
                "How often did you trade leveraged products (CFD, forex, futures) in the last two years?"
            ),
            _ladder(
                ("never", N_("Never"), 0),
                ("some", N_("A few times"), 6),
                ("monthly", N_("Every month"), 12),
                ("weekly", N_("Every week or more"), 16),
            ),
        ),
        Question(
            "other_products",
            N_("Which of these did you trade yourself?"),
            _ladder(
                ("none", N_("None of them"), 0),
                ("shares", N_("Shares or funds"), 4),
                ("crypto", N_("Crypto assets"), 3),
                ("options", N_("Options or warrants"), 7),
            ),
            many=True,
        ),
        Question(
            "learned",
            N_("Where did you learn about them?"),
            _ladder(
                ("nowhere", N_("I did not"), 0),
                ("myself", N_("By myself: books, courses, demo account"), 6),
                ("studies", N_("Studies of finance or economics"), 9),
                ("work", N_("Work in finance for a year or more"), 14),
            ),
        ),
        Question(
            "leverage",
            N_(
                "With leverage of 30:1 and 1,000 EUR, how large is the largest position you can open?"
            ),
            _ladder(
                ("wrong-small", N_("1,000 EUR"), 0),
                ("right", N_("30,000 EUR"), 12),
                ("wrong-large", N_("300,000 EUR"), 0),
                ("unsure", N_("I am not sure"), 0),
            ),
        ),
        Question(
            "against",
            N_("The market moves 2% against that position. What happens?"),
            _ladder(
                ("wrong-part", N_("I lose 2% of my 1,000 EUR"), 0),
                ("right", N_("I lose about 600 EUR"), 12),
                ("wrong-none", N_("Nothing until I close it"), 0),
                ("unsure", N_("I am not sure"), 0),
            ),
        ),
        Question(
            "stop_out",
            N_("What does a margin close-out do?"),
            _ladder(
                ("right", N_("It closes positions when too little margin is left"), 12),
                ("wrong-credit", N_("It lends me more margin"), 0),
                ("wrong-profit", N_("It takes profits at a set price"), 0),
                ("unsure", N_("I am not sure"), 0),
            ),
        ),
        Question(
            "slippage",
            N_("Can a stop-loss be filled at a worse price than the one you set?"),
            _ladder(
                ("right", N_("Yes, when the market jumps over it"), 10),
                ("wrong-never", N_("No, never"), 0),
                ("unsure", N_("I am not sure"), 0),
            ),
        ),
        Question(
            "overnight",
            N_("You keep a position overnight. What may it cost you?"),
            _ladder(
                ("right", N_("A swap, which can be a charge or a credit"), 10),
                ("wrong-nothing", N_("Nothing"), 0),
                ("unsure", N_("I am not sure"), 0),
            ),
        ),
    ),
    bands=(
        Band("experienced", N_("These products fit your experience"), from_percent=60),
        Band(
            "some",
            N_("You know some of it"),
            from_percent=35,
            leverage_cap=10,
            warning=N_(
                "You may not know these products well enough. We start you at lower leverage."
            ),
        ),
        Band(
            "new",
            N_("These products may not be right for you"),
            from_percent=0,
            leverage_cap=5,
            passes=False,
            warning=N_(
                "By your answers these products are not appropriate for you. You can learn on a "
                "demo account and take the test again."
            ),
        ),
    ),
    attempts=3,
    wait_h=24,
)
