"""Alpha's checkout sessions as a Stripe integration meets them."""

import pytest

from support.patience import until
from support.shops import AlphaShop
from support.standins import Listener, Standin


async def test_a_session_tells_its_amount_reference_and_page(shop: AlphaShop) -> None:
    session = await shop.session(12_345, "eur")

    assert session["object"] == "checkout.session"
    assert (session["amount_total"], session["currency"]) == (12_345, "eur")
    assert (session["status"], session["payment_status"]) == ("open", "unpaid")
    assert session["client_reference_id"] == "DEP-1"
    assert session["metadata"] == {"id": "our-1"}
    assert session["url"] == f"{shop.at.url}/c/pay/{session['id']}"
    assert not [name for name in session if name.startswith("_")]


async def test_quantities_and_several_lines_add_up(shop: AlphaShop) -> None:
    more = {
        "line_items[0][quantity]": 3,
        "line_items[1][price_data][currency]": "usd",
        "line_items[1][price_data][unit_amount]": 250,
        "line_items[1][price_data][product_data][name]": "Fee",
    }

    session = await shop.session(1_000, "usd", **more)

    assert session["amount_total"] == 3_250


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (-1, "usd", "parameter_invalid_integer"),
        (0, "usd", "parameter_invalid_integer"),
        ("1.5", "usd", "parameter_invalid_integer"),
        ("NaN", "usd", "parameter_invalid_integer"),
        ("1e9", "usd", "parameter_invalid_integer"),
        (49, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (12_345, "kwd", "parameter_invalid_integer"),
        (12_345, "isk", "parameter_invalid_integer"),
    ],
)
async def test_an_amount_stripe_would_not_take_is_refused(
    shop: AlphaShop, amount: object, currency: str, code: str
) -> None:
    answer = await shop.ask(amount, currency)  # type: ignore[arg-type]

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(("amount", "currency"), [(5_000, "jpy"), (12_340, "kwd"), (50_000, "ugx")])
async def test_currencies_without_or_with_three_decimals_are_taken_in_their_unit(
    shop: AlphaShop, amount: int, currency: str
) -> None:
    session = await shop.session(amount, currency)

    assert session["amount_total"] == amount


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"mode": ""}, "parameter_missing", "mode"),
        ({"success_url": ""}, "parameter_missing", "success_url"),
        ({"success_url": "ftp://x"}, "url_invalid", "success_url"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"client_reference_id": "x" * 201}, "parameter_invalid_string", "client_reference_id"),
        ({"expires_at": "60"}, None, "expires_at"),
        ({"line_items[0][price_data][currency]": "xxx"}, None, None),
    ],
)
async def test_a_wrong_parameter_is_named(
    shop: AlphaShop, change: dict[str, str], code: str | None, param: str | None
) -> None:
    answer = await shop.ask(**change)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error.get("code") == code
    assert param is None or error["param"] == param


@pytest.mark.parametrize("header", ["", "Bearer sk_test_unknown", "Basic x", "Bearer"])
async def test_without_a_known_key_nothing_is_told(alpha: Standin, header: str) -> None:
    answer = await alpha.http.get("/v1/checkout/sessions", headers={"authorization": header})

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_another_merchants_session_does_not_exist(shop: AlphaShop) -> None:
    other = AlphaShop(shop.at, shop.hooks)
    await other.open()
    session = await other.session()

    answer = await shop.call("GET", f"/v1/checkout/sessions/{session['id']}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "resource_missing"
    assert (await shop.call("GET", "/v1/checkout/sessions")).json()["data"] == []


async def test_a_paid_session_shows_the_card_it_was_paid_with(shop: AlphaShop) -> None:
    session = await shop.paid(50_000, card="5555555555554444")

    paying = session["payment_intent"]
    charge = paying["latest_charge"]
    assert (session["status"], session["payment_status"]) == ("complete", "paid")
    assert (paying["status"], paying["amount_received"]) == ("succeeded", 50_000)
    assert paying["metadata"] == {"id": "our-1"}
    assert charge["payment_method_details"]["card"]["brand"] == "mastercard"
    assert charge["payment_method_details"]["card"]["last4"] == "4444"
    assert charge["payment_method"].startswith("pm_")


async def test_lists_are_newest_first_and_page_by_id(shop: AlphaShop) -> None:
    keys = [(await shop.session())["id"] for _ in range(5)]
    keys.reverse()

    first = (await shop.call("GET", "/v1/checkout/sessions?limit=2")).json()
    rest = (
        await shop.call("GET", f"/v1/checkout/sessions?limit=100&starting_after={keys[1]}")
    ).json()

    assert [row["id"] for row in first["data"]] == keys[:2]
    assert first["has_more"] is True
    assert [row["id"] for row in rest["data"]] == keys[2:]
    assert rest["has_more"] is False


async def test_an_expired_session_tells_so_and_cannot_be_paid(shop: AlphaShop) -> None:
    session = await shop.session()

    expired = await shop.call("POST", f"/v1/checkout/sessions/{session['id']}/expire")
    again = await shop.call("POST", f"/v1/checkout/sessions/{session['id']}/expire")
    paid = await shop.pay(session["id"])

    assert expired.json()["status"] == "expired"
    assert again.status_code == 400
    assert paid["status"] == "expired"
    assert (await shop.hooks.wait(1))[0]["type"] == "checkout.session.expired"


async def test_the_clock_moves_the_time_in_objects_and_brings_expiry(own: Standin) -> None:
    await own.control("merchants", secret_key="sk_test_c", webhook_secret="x")
    shop = AlphaShop(own, Listener(), key="sk_test_c")
    before = await shop.session()
    await own.control("clock", offset_s=3 * 86_400)

    async def expired() -> bool:
        return (await own.truth())["payments"][0]["status"] == "expired"

    await until(expired)

    after = await shop.session()
    assert after["created"] - before["created"] >= 3 * 86_400
