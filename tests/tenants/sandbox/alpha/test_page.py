"""Alpha's hosted page, walked over HTTP as a payer's browser does."""

import httpx2
import pytest

from sandbox.common import cards
from support.shops import AlphaShop

GOOD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Anna"}


async def typed(shop: AlphaShop, session: str, **card: str) -> httpx2.Response:
    return await shop.at.http.post(f"/c/pay/{session}", data={**GOOD, **card})


async def test_the_page_names_the_merchant_the_amount_and_the_way_back(shop: AlphaShop) -> None:
    session = await shop.session(12_345)

    page = await shop.at.http.get(session["url"])

    assert page.status_code == 200
    assert "Northlight" in page.text
    assert "123.45 USD" in page.text
    assert f'action="/c/cancel/{session["id"]}"' in page.text
    assert 'name="viewport"' in page.text


async def test_a_good_card_leads_back_to_the_merchant_paid(shop: AlphaShop) -> None:
    session = await shop.session()

    answer = await typed(shop, session["id"])

    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://shop.example/back?s={session['id']}"
    assert (await shop.truth())["payments"][0]["paid"] is True


async def test_paying_twice_takes_the_money_once(shop: AlphaShop) -> None:
    session = await shop.session()

    first, second = await typed(shop, session["id"]), await typed(shop, session["id"])

    assert first.headers["location"] == second.headers["location"]
    assert (await shop.truth())["payments"][0]["amount_received"] == 50_000
    assert len((await shop.call("GET", "/v1/charges")).json()["data"]) == 1


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"number": "4242 4242 4242 4241"}, "card number is invalid"),
        ({"expiry": "01/20"}, "in the past"),
        ({"expiry": "13/34"}, "month and year"),
        ({"cvc": "1"}, "3 digits"),
        ({"number": "", "expiry": "", "cvc": ""}, "card number is invalid"),
    ],
)
async def test_a_mistyped_card_is_explained_beside_the_field(
    shop: AlphaShop, card: dict[str, str], words: str
) -> None:
    session = await shop.session()

    page = await typed(shop, session["id"], **card)

    assert page.status_code == 422
    assert words in page.text
    assert 'aria-invalid="true"' in page.text
    assert "4242 4242" not in page.text.replace("4242 4242 4242 4242", "")


async def test_a_declined_card_can_be_followed_by_another(shop: AlphaShop) -> None:
    session = await shop.session()

    declined = await typed(shop, session["id"], number="4000000000009995")
    paid = await typed(shop, session["id"])

    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    assert paid.status_code == 303
    kinds = [event["type"] for event in await shop.hooks.wait(2)]
    assert sorted(kinds) == ["checkout.session.completed", "payment_intent.payment_failed"]


@pytest.mark.parametrize(("answer", "paid"), [("agree", True), ("refuse", False)])
async def test_the_bank_is_asked_before_some_cards_pay(
    shop: AlphaShop, answer: str, paid: bool
) -> None:
    session = await shop.session()

    sent_on = await typed(shop, session["id"], number="4000002760003184")
    bank = await shop.at.http.get(sent_on.headers["location"])
    await shop.at.http.post(sent_on.headers["location"], data={"answer": answer})

    assert sent_on.headers["location"] == f"/c/3ds/{session['id']}"
    assert "500.00 USD" in bank.text
    assert (await shop.truth())["payments"][0]["paid"] is paid


async def test_cancelling_leads_back_and_leaves_the_session_open(shop: AlphaShop) -> None:
    session = await shop.session()

    answer = await shop.at.http.post(f"/c/cancel/{session['id']}")

    assert answer.headers["location"] == "http://shop.example/cancel"
    assert (await shop.truth())["payments"][0]["status"] == "open"


async def test_a_page_that_is_over_says_so(shop: AlphaShop) -> None:
    paid, expired = await shop.session(), await shop.session()
    await shop.pay(paid["id"])
    await shop.call("POST", f"/v1/checkout/sessions/{expired['id']}/expire")

    pages = [await shop.at.http.get(f"/c/pay/{row['id']}") for row in (paid, expired)]
    unknown = await shop.at.http.get("/c/pay/cs_test_nothing")

    assert "This payment is done" in pages[0].text
    assert "This page has expired" in pages[1].text
    assert unknown.status_code == 404


async def test_a_hostile_reference_is_shown_as_text(shop: AlphaShop) -> None:
    session = await shop.session(client_reference_id="<script>alert(1)</script>")

    page = await shop.at.http.get(session["url"])

    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_no_card_number_reaches_the_disk(shop: AlphaShop) -> None:
    session = await shop.session()
    await typed(shop, session["id"], number="4000000000009995")
    await typed(shop, session["id"])

    journal = (shop.at.folder / "journal.jsonl").read_text()

    assert "4242424242424242" not in journal
    assert "4000000000009995" not in journal


def test_every_test_card_is_well_formed() -> None:
    assert [number for number in cards.CARDS if not cards.luhn(number)] == []
