"""Coins at beta's link: exact, too little, too much and too late."""

import re

import pytest

from sandbox.beta import chain
from support.patience import until
from support.shops import BetaShop
from support.standins import Document


async def ended(shop: BetaShop, payment: str, status: str) -> Document:
    async def there() -> bool:
        return (await shop.read(payment))["status"] == status

    await until(there)
    return await shop.read(payment)


@pytest.mark.parametrize(
    ("paid", "status", "received", "code"),
    [
        ("exact", "succeeded", 50_000, None),
        ("under", "requires_merchant_action", 30_000, "UNDERPAID"),
        ("over", "requires_merchant_action", 62_500, "OVERPAID"),
        ("late", "requires_merchant_action", 50_000, "DELAYED"),
        ("54.00", "requires_merchant_action", 5_000, "UNDERPAID"),
    ],
)
async def test_what_arrives_is_told_as_it_is(
    shop: BetaShop, paid: str, status: str, received: int, code: str | None
) -> None:
    key = (await shop.payment(50_000, "EUR"))["payment_id"]

    await shop.pay(key, coin="usdt-tron", paid=paid)
    payment = await ended(shop, key, status)

    assert payment["amount_received"] == received
    assert payment["error_code"] == code
    assert payment["payment_method"] == "crypto"
    assert payment["payment_method_data"]["crypto"]["pay_currency"] == "USDT"
    told = payment["connector_metadata"]["crypto"]
    assert told["amount_due"] == "540.00"
    assert told["transfers"][0]["confirmations"] == told["confirmations_needed"]


async def test_the_merchant_hears_of_each_step(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]

    await shop.pay(key, coin="btc", paid="exact")
    events = await shop.hooks.wait(3)

    kinds = ["action_required", "payment_processing", "payment_succeeded"]
    assert sorted(event["event_type"] for event in events) == sorted(kinds)


async def test_the_rest_may_follow_and_completes_the_payment(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key, coin="usdt-eth", paid="under")
    await ended(shop, key, "requires_merchant_action")

    await shop.pay(key, paid="exact")
    payment = await ended(shop, key, "succeeded")

    assert payment["amount_received"] == 50_000
    assert len(payment["connector_metadata"]["crypto"]["transfers"]) == 2


async def test_the_page_shows_amount_address_and_square_code(shop: BetaShop) -> None:
    payment = await shop.payment(allowed_payment_method_types=["crypto_currency"])
    link = payment["payment_link"]["link"]

    chosen = await shop.at.http.post(f"{link}/coin", data={"coin": "btc"})
    page = (await shop.at.http.get(chosen.headers["location"])).text
    told = (await shop.read(payment["payment_id"]))["connector_metadata"]["crypto"]

    assert chosen.status_code == 303
    assert told["address"] in page
    assert told["amount_due"] in page
    assert "<svg" in page
    assert 'name="number"' not in page


async def test_a_payer_may_simulate_on_the_page(shop: BetaShop) -> None:
    payment = await shop.payment()
    link = payment["payment_link"]["link"]
    await shop.at.http.post(f"{link}/coin", data={"coin": "usdt-tron"})

    wrong = await shop.at.http.post(f"{link}/transfer", data={"how": "custom", "amount": "NaN"})
    sent = await shop.at.http.post(f"{link}/transfer", data={"how": "exact"})
    await ended(shop, payment["payment_id"], "succeeded")
    page = (await shop.at.http.get(link)).text
    state = (await shop.at.http.get(f"{link}/state")).json()

    assert (wrong.status_code, sent.status_code) == (422, 303)
    assert "Paid in full" in page
    assert state["status"] == "succeeded"


@pytest.mark.parametrize("amount", ["-1", "0", "1e99", "inf", "0.001", "x", ""])
async def test_an_amount_that_is_none_is_refused(shop: BetaShop, amount: str) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key, coin="usdt-tron", paid="nothing")

    said = await shop.pay(key, paid=amount or "custom")

    assert "error" in said
    assert (await shop.read(key))["status"] == "requires_customer_action"


async def test_a_payment_on_its_way_cannot_be_cancelled_or_paid_by_card(shop: BetaShop) -> None:
    key = (await shop.payment())["payment_id"]
    await shop.pay(key, coin="btc", paid="under")

    cancelled = await shop.call("POST", f"/payments/{key}/cancel", {})
    by_card = await shop.pay(key, card="4242424242424242")

    assert cancelled.status_code == 400
    assert by_card["status"] in ("processing", "requires_merchant_action")


async def test_coins_are_not_offered_where_they_have_no_price(shop: BetaShop) -> None:
    payment = await shop.payment(5_000, "HUF")
    refused = await shop.ask(5_000, "HUF", allowed_payment_method_types=["crypto_currency"])

    assert payment["allowed_payment_method_types"] == ["credit", "debit"]
    assert refused.status_code == 400


def test_addresses_are_well_formed() -> None:
    tron, ether, bitcoin = (chain.new_address(coin, "seed") for coin in chain.COINS.values())

    assert re.fullmatch(r"T[1-9A-HJ-NP-Za-km-z]{33}", tron)
    assert re.fullmatch(r"0x[0-9a-f]{40}", ether)
    assert re.fullmatch(r"tb1q[02-9ac-hj-np-z]{38}", bitcoin)


def test_the_witness_address_equals_the_published_example() -> None:
    program = bytes.fromhex("751e76e8199196d454941c45d1b3a323f1433bd6")

    assert chain.bech32("bc", program) == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
