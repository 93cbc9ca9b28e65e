"""The pages where a person watches and steers a stand-in, and the file that sets one up."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.checkers import Checker, photo
from support.shops import AlphaShop, BetaShop
from support.standins import Listener, Standin


@pytest.fixture
async def hooks() -> AsyncIterator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


async def pressed(standin: Standin, path: str, **fields: str) -> None:
    """A button of the home page."""
    answer = await standin.http.post(path, data=fields or {"x": ""})
    assert answer.status_code == 303
    page = await standin.http.get(answer.headers["location"])
    assert 'role="status"' in page.text


async def test_alphas_page_disputes_payments_and_returns_payouts(
    tmp_path: Path, hooks: Listener
) -> None:
    alpha = await Standin("alpha", tmp_path / "state").start()
    shop = AlphaShop(alpha, hooks)
    await shop.open()
    session = (await shop.paid())["id"]
    await shop.session()
    payout = (await shop.pay_out()).json()["id"]

    page = (await alpha.http.get("/")).text
    await pressed(alpha, "/_sandbox/dispute", session=session)
    await pressed(alpha, f"/_sandbox/payouts/{payout}/fail")
    await pressed(alpha, "/_sandbox/clock", offset_s="3600")

    assert "500.00 USD" in page
    assert f"/_sandbox/payouts/{payout}/fail" in page
    truth = await alpha.truth()
    assert truth["disputes"][0]["amount"] == 50_000
    assert truth["payouts"][0]["status"] == "failed"
    assert (await alpha.http.get("/_sandbox/clock")).json()["offset_s"] == 3600
    await alpha.stop()


async def test_betas_page_disputes_payments_and_returns_payouts(
    tmp_path: Path, hooks: Listener
) -> None:
    beta = await Standin("beta", tmp_path / "state").start()
    shop = BetaShop(beta, hooks)
    await shop.open()
    payment = (await shop.payment())["payment_id"]
    await shop.pay(payment)
    open_link = (await shop.payment())["payment_link"]["link"]
    payout = (await shop.pay_out()).json()["payout_id"]

    page = (await beta.http.get("/")).text
    await pressed(beta, "/_sandbox/dispute", payment_id=payment)
    await pressed(beta, f"/_sandbox/payouts/{payout}/fail")

    assert open_link.removeprefix(beta.url) in page
    truth = await beta.truth()
    assert truth["disputes"][0]["payment_id"] == payment
    assert truth["payouts"][0]["status"] in ("failed", "reversed")
    await beta.stop()


async def test_sumsubs_page_decides_by_hand(tmp_path: Path, hooks: Listener) -> None:
    sumsub = await Standin("sumsub", tmp_path / "state").start()
    checker = await Checker(sumsub, hooks).open()
    applicant = (await checker.applicant("Hold"))["id"]
    await checker.upload(applicant, photo())
    await checker.submit(applicant)
    await hooks.wait(2)

    page = (await sumsub.http.get("/")).text
    fields = {"answer": "RED", "rejectType": "RETRY", "label": "BAD_PHOTO"}
    await pressed(sumsub, "/_sandbox/decide", applicantId=applicant, **fields)

    assert "Anna Hold" in page
    assert "onHold" in page
    assert "callback_mutated_amount" not in page
    result = (await checker.status(applicant))["reviewResult"]
    assert (result["reviewRejectType"], result["rejectLabels"]) == ("RETRY", ["BAD_PHOTO"])
    await sumsub.stop()


async def test_a_file_opens_accounts_and_sets_faults_at_the_start(tmp_path: Path) -> None:
    merchant = {"secret_key": "sk_test_file", "webhook_secret": "x", "name": "From a file"}
    config = tmp_path / "alpha.json"
    config.write_text(json.dumps({"merchants": [merchant], "faults": {"callback_lost": "25%"}}))

    alpha = await Standin(
        "alpha", tmp_path / "state", options=("--config", str(config), "--public-url", "http://p.x")
    ).start()
    session = await AlphaShop(alpha, Listener(), key="sk_test_file").session()
    merchants = (await alpha.http.get("/_sandbox/merchants")).json()["merchants"]
    faults = (await alpha.http.get("/_sandbox/faults")).json()["faults"]

    assert session["url"].startswith("http://p.x/c/pay/")
    assert [row["name"] for row in merchants] == ["From a file"]
    assert faults["callback_lost"]["rate"] == 0.25
    await alpha.stop()


async def test_a_merchant_may_change_its_address_and_keeps_its_history(
    tmp_path: Path, hooks: Listener
) -> None:
    alpha = await Standin("alpha", tmp_path / "state").start()
    shop = AlphaShop(alpha, Listener(url=""))
    await shop.open()
    session = await shop.session()

    shop.hooks.url = hooks.url
    await shop.open()
    await shop.pay(session["id"])

    assert (await hooks.wait(1))[0]["data"]["object"]["id"] == session["id"]
    missing = await alpha.http.post("/_sandbox/merchants", json={"name": "No key"})
    assert (missing.status_code, missing.json()["error"]) == (400, "secret_key is required")
    await alpha.stop()


async def test_a_demo_need_not_wait_for_what_takes_its_time(
    tmp_path: Path, hooks: Listener
) -> None:
    beta = await Standin("beta", tmp_path / "state", options=("--settle-s", "600")).start()
    shop = BetaShop(beta, hooks)
    await shop.open()
    coins = (await shop.payment())["payment_id"]
    await shop.pay(coins, coin="usdt-tron", paid="exact")
    payout = (await shop.pay_out()).json()["payout_id"]

    said = await beta.control("settle", wait_s=10)

    assert said["callbacks_left"] == 0
    assert (await shop.read(coins))["status"] == "succeeded"
    assert (await shop.call("GET", f"/payouts/{payout}")).json()["status"] == "success"
    kinds = {event["event_type"] for event in hooks.documents}
    assert kinds >= {"payment_succeeded", "payout_success"}
    await beta.stop()
