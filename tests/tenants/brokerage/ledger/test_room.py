"""The client's money pages, over HTTP."""

import asyncio
import re
from decimal import Decimal

from brokerage.ledger import accounts, queries, wallets
from stoa.kernel.ids import uuid7
from support.ledger import eur, funded, usd


def number(work, client, currency="EUR"):
    return accounts.client_wallet(work, client, currency).number


async def test_the_money_page_shows_each_wallet_and_what_is_held(house, bank, client_of):
    anna = await client_of(EUR="1234.56", USD="10.00")
    async with house.door.open(bank) as work:
        await wallets.hold(work, anna.id, eur("234.56"), cause=("withdrawal", uuid7()))

    page = await anna.browser.get("/money")

    assert page.status_code == 200
    assert "1,000" in page.text
    assert "234.56" in page.text
    assert "A withdrawal under way" in page.text
    assert "Set aside" in page.text


async def test_a_client_without_money_is_told_how_it_comes(house, bank, client_of):
    anna = await client_of(EUR="1.00")
    async with house.door.open(bank) as work:
        from stoa.identity import people

        person = await people.create(work, "client", f"{uuid7()}@mail.example", "New One")
    from support.web import signed_in

    browser = await signed_in(house, bank, person, "room")

    page = await browser.get("/money")

    assert "Make a first deposit" in page.text
    assert anna.id != person.id


async def test_an_exchange_from_question_to_result(house, bank, client_of):
    anna = await client_of(EUR="100.00")
    form = await anna.browser.get("/money/exchange?from=EUR&to=USD")
    assert "Show the rate" in form.text

    asked = await anna.browser.post(
        "/money/exchange", {"sell": "EUR", "buy": "USD", "amount": "50.00"}
    )
    where = asked.headers["hx-redirect"]
    promised = await anna.browser.get(where)
    taken = await anna.browser.post(where)

    assert "data-countdown" in promised.text
    assert re.search(r"53<[^>]*>\.97", promised.text)
    assert taken.headers["hx-redirect"] == "/money"
    async with house.door.open(bank) as work:
        assert await wallets.available(work, anna.id, "USD") == usd("53.97")
    again = await anna.browser.post(where)
    assert again.status_code == 409
    assert again.json()["code"] == "quote-used"
    assert "This exchange was made" in (await anna.browser.get(where)).text


async def test_a_promise_to_somebody_else_is_not_there(bank, client_of):
    anna, boris = await client_of(), await client_of(name="Boris")
    asked = await anna.browser.post(
        "/money/exchange", {"sell": "EUR", "buy": "USD", "amount": "50.00"}
    )
    where = asked.headers["hx-redirect"]

    assert (await boris.browser.get(where)).status_code == 404
    assert (await boris.browser.post(where)).status_code == 404


async def test_a_transfer_arrives_once_however_often_it_is_sent(house, bank, client_of):
    anna, boris = await client_of(), await client_of(name="Boris de Vries")
    async with house.door.open(bank) as work:
        to = number(work, boris.id)
    page = await anna.browser.get("/money/transfer")
    assert "To wallet number" in page.text
    shown = await anna.browser.get(f"/money/transfer/recipient?to={to}")
    assert "B. D. V." in shown.text
    form = {"currency": "EUR", "to": to, "amount": "250.00", "_once": "one-time-key-1"}

    answers = await asyncio.gather(*(anna.browser.post("/money/transfer", form) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {204}
    async with house.door.open(bank) as work:
        assert await wallets.available(work, anna.id, "EUR") == eur("750")
        assert await wallets.available(work, boris.id, "EUR") == eur("1250")
    changed = await anna.browser.post("/money/transfer", form | {"amount": "251.00"})
    assert changed.status_code == 409


AMOUNTS = [
    "", "0", "0.00", "-1", "-0", "+1", "1e3", "1e400", "NaN", "nan", "Infinity", "-Infinity",
    "1,000.00", "1.000,00", "1 000", "0x10", "1_000", "1.001", "0.001", ".5", "5.", "1..0",
    "١٢٣", "１２", "true", "None", "null", "[]", "{}", "1;drop", "99999999999999999", "1e15",
    "1" * 60, "0.1e1", "ten", "€5", "5 EUR", "\u202e5", "5\u0000", "1\n2",
]  # fmt: skip


async def test_what_is_no_amount_moves_nothing(house, bank, client_of):
    anna, boris = await client_of(), await client_of(name="Boris")
    async with house.door.open(bank) as work:
        to = number(work, boris.id)

    for typed in AMOUNTS:
        sent = await anna.browser.post(
            "/money/transfer",
            {"currency": "EUR", "to": to, "amount": typed, "_once": "key-key-key"},
        )
        asked = await anna.browser.post(
            "/money/exchange", {"sell": "EUR", "buy": "USD", "amount": typed}
        )
        assert (sent.status_code, asked.status_code) == (422, 422), typed
        assert sent.json()["problems"][0]["field"] == "amount", typed

    async with house.door.open(bank) as work:
        assert await wallets.available(work, anna.id, "EUR") == eur("1000")


async def test_yen_has_no_decimals(bank, client_of):
    anna = await client_of(JPY="1000")

    asked = await anna.browser.post(
        "/money/exchange", {"sell": "JPY", "buy": "USD", "amount": "500.5"}
    )

    assert asked.status_code == 422
    assert "JPY amounts have no decimals" in asked.json()["detail"]


async def test_a_transfer_without_its_key_is_refused(house, bank, client_of):
    anna, boris = await client_of(), await client_of(name="Boris")
    async with house.door.open(bank) as work:
        to = number(work, boris.id)

    sent = await anna.browser.post("/money/transfer", {"currency": "EUR", "to": to, "amount": "1"})

    assert sent.status_code == 422


async def test_history_lists_filters_and_becomes_a_file(house, bank, client_of):
    anna = await client_of(EUR="100.00", USD="200.00")

    page = await anna.browser.get("/money/history")
    dollars = await anna.browser.get("/money/history?currency=USD")
    file = await anna.browser.get("/money/history?format=csv")
    book = await anna.browser.get("/money/history?format=xlsx")

    assert "100.00" in page.text
    assert "200.00" in page.text
    assert "100.00" not in dollars.text
    assert file.text.count("Deposit") == 2
    assert book.content[:2] == b"PK"


async def test_a_movement_is_explained_to_its_owner_alone(house, bank, client_of):
    anna, boris = await client_of(), await client_of(name="Boris")
    async with house.door.open(bank) as work:
        moved = await wallets.move(
            work, anna.id, eur("5"), boris.id, operation=f"m:{uuid7()}", reason="rent"
        )
    carol = await client_of(name="Carol")

    hers = await anna.browser.get(f"/money/history/{moved.entry}")
    his = await boris.browser.get(f"/money/history/{moved.entry}")
    other = await carol.browser.get(f"/money/history/{moved.entry}")
    unknown = await carol.browser.get(f"/money/history/{uuid7()}")

    assert "995.00" in hers.text
    assert "1,005.00" not in hers.text
    assert "1,005.00" in his.text
    assert other.status_code == unknown.status_code == 404


async def test_pages_are_small_and_ask_the_database_little(house, bank, client_of):
    anna = await client_of(EUR="100.00", USD="200.00")
    async with house.door.open(bank) as work:
        for _ in range(30):
            await funded(work, "1.00", "EUR", anna.id)

    for path in ("/money", "/money/history", "/money/exchange", "/money/transfer"):
        page = await anna.browser.get(path)
        assert page.status_code == 200
        assert len(page.content) < 100_000


async def test_the_total_and_its_line_are_in_the_base_currency(house, bank, client_of):
    anna = await client_of(EUR="100.00", USD="200.00")

    async with house.door.open(bank) as work:
        _, known = await queries.base_rates(work)
        total, line = await queries.over_time(work, anna.id, known)

    assert total == usd("308.50")
    assert line == [Decimal(0)] * 29 + [Decimal("308.50")]


async def test_an_expired_promise_offers_a_new_one(house, bank, client_of):
    from datetime import timedelta

    from sqlalchemy import update

    from brokerage.ledger.fx import FxQuote

    anna = await client_of()
    asked = await anna.browser.post(
        "/money/exchange", {"sell": "EUR", "buy": "USD", "amount": "50.00"}
    )
    where = asked.headers["hx-redirect"]
    async with house.door.open(bank) as work:
        past = work.now - timedelta(seconds=1)
        await work.run(update(FxQuote).where(FxQuote.client == anna.id).values(expires_at=past))

    page = await anna.browser.get(where)
    taken = await anna.browser.post(where)

    assert "Ask for a new rate" in page.text
    assert (taken.status_code, taken.json()["code"]) == (409, "quote-expired")
