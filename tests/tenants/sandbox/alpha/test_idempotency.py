"""One effect per idempotency key, over retries, races and kill -9."""

import asyncio

import pytest

from support.shops import AlphaShop
from support.standins import Listener, Standin


async def test_the_same_key_gives_the_first_answer_again(shop: AlphaShop) -> None:
    first = await shop.pay_out(once="k-1")
    again = await shop.pay_out(once="k-1")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len((await shop.truth())["payouts"]) == 1


async def test_the_same_key_with_another_body_is_refused(shop: AlphaShop) -> None:
    await shop.pay_out(20_000, once="k-1")

    answer = await shop.pay_out(30_000, once="k-1")

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"
    assert [row["amount"] for row in (await shop.truth())["payouts"]] == [20_000]


async def test_a_hundred_at_once_with_one_key_send_once(shop: AlphaShop) -> None:
    answers = await asyncio.gather(*(shop.pay_out(once="k-1") for _ in range(100)))

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert len((await shop.truth())["payouts"]) == 1


async def test_a_key_belongs_to_one_merchant(shop: AlphaShop) -> None:
    other = AlphaShop(shop.at, shop.hooks)
    await other.open()

    mine, theirs = await shop.pay_out(once="k-1"), await other.pay_out(once="k-1")

    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_refused_call_does_not_use_up_its_key(shop: AlphaShop) -> None:
    refused = await shop.pay_out(-1, once="k-1")
    mended = await shop.pay_out(100, once="k-1")

    assert refused.status_code == 400
    assert mended.status_code == 200


async def test_without_a_key_every_call_sends(shop: AlphaShop) -> None:
    await shop.pay_out()
    await shop.pay_out()

    assert len((await shop.truth())["payouts"]) == 2


@pytest.mark.parametrize(
    "fault", ["timeout_after_apply", "error_500_after_apply", "connection_reset_after_apply"]
)
async def test_a_retry_after_a_lost_answer_and_a_kill_sends_once(
    own: Standin, hooks: Listener, fault: str
) -> None:
    shop = AlphaShop(own, hooks)
    await shop.open()
    await shop.fault(fault, on="payouts", seconds=0.2)

    try:
        lost = (await shop.pay_out(once="k-1")).status_code
    except Exception as gone:
        lost = type(gone).__name__
    await own.kill_and_restart()
    answer = await shop.pay_out(once="k-1")

    assert lost != 200
    assert answer.status_code == 200
    assert answer.headers["idempotent-replayed"] == "true"
    assert [row["id"] for row in (await own.truth())["payouts"]] == [answer.json()["id"]]


@pytest.mark.parametrize(
    "fault", ["timeout_before_apply", "error_500_before_apply", "connection_reset"]
)
async def test_a_call_that_failed_before_its_effect_left_nothing(
    shop: AlphaShop, fault: str
) -> None:
    await shop.fault(fault, on="payouts", seconds=0.1)

    try:
        lost = (await shop.pay_out(once="k-1")).status_code
    except Exception as gone:
        lost = type(gone).__name__

    assert lost != 200
    assert (await shop.truth())["payouts"] == []
    assert (await shop.pay_out(once="k-1")).status_code == 200
