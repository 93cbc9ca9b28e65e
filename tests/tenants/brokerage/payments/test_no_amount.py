"""T53: what is no amount is refused at its field, in every form that moves money; nothing moves."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from brokerage.ledger.fx import FxQuote
from brokerage.ledger.model import Adjustment, Entry
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.model import Deposit, Withdrawal
from brokerage.trading.model import TradingAccount, Transfer
from stoa.kernel.ids import uuid7

from .giving import Giving
from .test_withdrawals import a_place

_SIGNED = ["-1", "-0", "-0.00", "+1", "--1", "+-1", "−1", "(1)", "1-", "-1.00", "-1e3", "-.5"]
_NOTHING = ["0", "0.00", "00", "0.0", "000.00"]
_SHAPED = [
    "1e3", "1E3", "1e400", "1e-2", "0.1e1", "1e+2", "9e99999", "0x10", "0b1", "0o7", "1_000",
    "1,000.00", "1.000,00", "1 000", "1 000.00", "1'000", "1,5", "5.", ".5", "1..0", "1.2.3",
    ".", "..", "1.", "1;drop", "1--", "1/2", "10%", "=1+1", "@1", "1+1", "1*2",
]  # fmt: skip
_FINE = ["1.001", "0.001", "0.005", "1.999", "0.0000000001", "1." + "1" * 19, "100.0000001"]
_LARGE = [
    "1" * 17, "1" * 60, "9" * 400, "99999999999999999", "9999999999999999", "1000000000000001",
    "9" * 16 + ".99",
]  # fmt: skip
_WORDS = [
    "NaN", "nan", "-NaN", "sNaN", "NaN123", "Infinity", "-Infinity", "inf", "-inf", "INF", "true",
    "false", "True", "None", "null", "undefined", "[]", "{}", '"1"', "'1'", "ten", "one hundred",
    "€5", "$5", "5 EUR", "EUR 5", "5USD", "5 $", "1k", "1M", "<b>1</b>", "{{7*7}}", "${7*7}",
    "%00", "../1", "1 or 1=1", "1\n2", "1\t2", "1\r2", "1\u00002",
]  # fmt: skip
_SCRIPTS = [
    "١٢٣", "۱۲۳", "１２", "१२", "一百", "²", "½", "Ⅷ", "①", "1\u066b5", "1\u00a0000", "1\u202f000",
    "\u202e5", "5\u200b", "\ufeff5", "1\u0301", "5\u2063", "1\u20605", "٫5", "𝟝",
]  # fmt: skip
LITERALS = [*_SIGNED, *_NOTHING, *_SHAPED, *_FINE, *_LARGE, *_WORDS, *_SCRIPTS]
NUMBERS: list[Any] = [1, 1.5, -1, 0, 1e400, True, False, None, ["5"], {"amount": "5"}]
"""As JSON: an amount is a text there and nothing else."""


async def moved(market) -> list[int]:
    """How much there is of whatever an amount could have made."""
    async with market.opener()() as work:
        made = (Entry, Deposit, Withdrawal, FxQuote, Transfer, Adjustment, Dispute)
        return [await work.value(select(func.count()).select_from(one)) for one in made]


async def fields(market, customer) -> list[tuple[Any, str, str, Mapping[str, str]]]:
    """Who sends it, where to, the amount's field, and the rest of the form as it should be."""
    place = await a_place(customer)
    deposit = await customer.paid("500.00")
    other = await market.client()
    await Giving(market).traded(customer, "1.00")
    async with market.opener()() as work:
        account = await work.value(
            select(TradingAccount.id).where(TradingAccount.client == customer.id)
        )
    room, usd = await customer.browser(), {"currency": "USD"}
    once = {"_once": "one-time-key-1"}
    desk = await _desk(market)
    here = f"/desk/clients/{other.id}"
    correction = {
        "direction": "credit", "category": "goodwill", "reason": "they waited", "evidence": "T-1"
    }  # fmt: skip
    return [
        (room, "/deposit", "amount", usd | {"method": "card", "key": str(uuid7())}),
        (
            room,
            "/withdraw",
            "amount",
            usd | {"method": "bank", "destination": str(place), "key": str(uuid7())},
        ),
        (room, "/money/exchange", "amount", {"sell": "USD", "buy": "EUR"}),
        (room, "/money/transfer", "amount", usd | once | {"to": "12345678"}),
        (room, f"/accounts/{account}/transfer", "amount", {"direction": "to-account"}),
        (desk, f"{here}/money/adjust", "amount", usd | correction),
        (desk, f"{here}/bonuses", "amount", usd | {"campaign": str(uuid7()), "reason": "why"}),
        (desk, f"/desk/deposits/{deposit}/disputes", "amount", {"case": "c-1", "reason": "why"}),
    ]


async def _desk(market) -> Any:
    from support.people import make_staff
    from support.web import signed_in

    async with market.opener()() as work:
        person, _ = await make_staff(work, ("Owner",))
    return await signed_in(market.house, market.tenant, person, "desk")


async def test_what_is_no_amount_is_refused_in_every_form(market, customer):
    assert len(LITERALS) >= 120 and len(set(LITERALS)) == len(LITERALS)
    forms = await fields(market, customer)
    before, held = await moved(market), await customer.available()

    for browser, path, field, rest in forms:
        for typed in LITERALS:
            answer = await browser.post(path, {**rest, field: typed})
            assert answer.status_code == 422, (path, typed, answer.text[:200])
            assert answer.json()["problems"][0]["field"] == field, (path, typed)
        for number in NUMBERS:
            answer = await browser.http.post(
                path,
                content=json.dumps({**rest, field: number}),
                headers={"content-type": "application/json", "x-csrftoken": browser.csrf},
            )
            # Where it may be left out, nothing stands for nothing; all else is refused.
            assert answer.status_code in {400, 422}, (path, number, answer.text[:200])

    assert (await moved(market), await customer.available()) == (before, held)
