"""The appropriateness test a tenant starts from: what a client knows of leveraged products."""

from typing import Final

from brokerage.kyc.packs import Band, Choice, Question, Questionnaire

APPROPRIATENESS_SOURCE: Final = (
    "Directive 2014/65/EU, Article 25(3); Delegated Regulation (EU) 2017/565, Articles 55 and 56; "
    "questions and points are our own"
)


def _ladder(*choices: tuple[str, str, int]) -> tuple[Choice, ...]:
    return tuple(Choice(code, label, points) for code, label, points in choices)


CFD_APPROPRIATENESS: Final = Questionnaire(
    code="cfd-appropriateness",
    version="2026-1",
    title="Do these products fit your experience?",
    source=APPROPRIATENESS_SOURCE,
    questions=(
        Question(
            "traded",
            "How often did you trade leveraged products (CFD, forex, futures) in the last two years?",
            _ladder(
                ("never", "Never", 0),
                ("some", "A few times", 6),
                ("monthly", "Every month", 12),
                ("weekly", "Every week or more", 16),
            ),
        ),
        Question(
            "other_products",
            "Which of these did you trade yourself?",
            _ladder(
                ("none", "None of them", 0),
                ("shares", "Shares or funds", 4),
                ("crypto", "Crypto assets", 3),
                ("options", "Options or warrants", 7),
            ),
            many=True,
        ),
        Question(
            "learned",
            "Where did you learn about them?",
            _ladder(
                ("nowhere", "I did not", 0),
                ("myself", "By myself: books, courses, demo account", 6),
                ("studies", "Studies of finance or economics", 9),
                ("work", "Work in finance for a year or more", 14),
            ),
        ),
        Question(
            "leverage",
            "With leverage of 30:1 and 1,000 EUR, how large is the largest position you can open?",
            _ladder(
                ("wrong-small", "1,000 EUR", 0),
                ("right", "30,000 EUR", 12),
                ("wrong-large", "300,000 EUR", 0),
                ("unsure", "I am not sure", 0),
            ),
        ),
        Question(
            "against",
            "The market moves 2% against that position. What happens?",
            _ladder(
                ("wrong-part", "I lose 2% of my 1,000 EUR", 0),
                ("right", "I lose about 600 EUR", 12),
                ("wrong-none", "Nothing until I close it", 0),
                ("unsure", "I am not sure", 0),
            ),
        ),
        Question(
            "stop_out",
            "What does a margin close-out do?",
            _ladder(
                ("right", "It closes positions when too little margin is left", 12),
                ("wrong-credit", "It lends me more margin", 0),
                ("wrong-profit", "It takes profits at a set price", 0),
                ("unsure", "I am not sure", 0),
            ),
        ),
        Question(
            "slippage",
            "Can a stop-loss be filled at a worse price than the one you set?",
            _ladder(
                ("right", "Yes, when the market jumps over it", 10),
                ("wrong-never", "No, never", 0),
                ("unsure", "I am not sure", 0),
            ),
        ),
        Question(
            "overnight",
            "You keep a position overnight. What may it cost you?",
            _ladder(
                ("right", "A swap, which can be a charge or a credit", 10),
                ("wrong-nothing", "Nothing", 0),
                ("unsure", "I am not sure", 0),
            ),
        ),
    ),
    bands=(
        Band("experienced", "These products fit your experience", from_percent=60),
        Band(
            "some",
            "You know some of it",
            from_percent=35,
            leverage_cap=10,
            warning="You may not know these products well enough. We start you at lower leverage.",
        ),
        Band(
            "new",
            "These products may not be right for you",
            from_percent=0,
            leverage_cap=5,
            passes=False,
            warning="By your answers these products are not appropriate for you. You can learn on a "
            "demo account and take the test again.",
        ),
    ),
    attempts=3,
    wait_h=24,
)
