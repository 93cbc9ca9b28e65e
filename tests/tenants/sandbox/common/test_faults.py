"""The switches: counts, rates from a seed, and for whom they are meant."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.common.book import Book
from sandbox.common.faults import CALLBACKS, CALLS, BadSetting, Faults
from sandbox.common.journal import Journal


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[Book]:
    book = Book(Journal(tmp_path / "journal.jsonl"))
    yield book
    await book.journal.close()


def switches(book: Book, seed: int = 1) -> Faults:
    return Faults(book, (*CALLS, *CALLBACKS), seed)


async def test_a_count_strikes_that_often_and_is_then_off(book: Book) -> None:
    faults = switches(book)
    faults.set("connection_reset", 2)

    struck = [faults.strike("connection_reset") is not None for _ in range(4)]

    assert struck == [True, True, False, False]
    assert faults.settings() == {}


async def test_a_rate_strikes_about_that_often_and_the_same_for_a_seed(book: Book) -> None:
    def run(seed: int) -> list[bool]:
        faults = switches(book, seed)
        faults.set("connection_reset", 0.2)
        return [faults.strike("connection_reset") is not None for _ in range(1_000)]

    first, again, other = run(7), run(7), run(8)

    assert first == again
    assert first != other
    assert 150 < sum(first) < 250


async def test_what_strikes_one_kind_does_not_shift_another(book: Book) -> None:
    faults = switches(book)
    faults.set("connection_reset", 0.5)
    alone = [faults.strike("connection_reset") is not None for _ in range(50)]
    faults.set("connection_reset", 0.5)
    faults.set("callback_lost", 0.5)

    mixed = []
    for _ in range(50):
        faults.strike("callback_lost")
        mixed.append(faults.strike("connection_reset") is not None)

    assert alone == mixed


@pytest.mark.parametrize(
    ("value", "rate", "count"),
    [
        (3, 0.0, 3),
        (0.25, 0.25, None),
        (1.0, 1.0, None),
        ("25%", 0.25, None),
        ("always", 1.0, None),
        ("3", 0.0, 3),
        (True, 1.0, None),
        ({"rate": 0.5}, 0.5, None),
        ({"count": 4}, 0.0, 4),
        ({"how": "10%"}, 0.1, None),
        ({}, 1.0, None),
    ],
)
async def test_a_setting_is_a_rate_or_a_count(
    book: Book, value: object, rate: float, count: int | None
) -> None:
    row = switches(book).set("callback_lost", value)

    assert row is not None
    assert (row["rate"], row["count"]) == (rate, count)


@pytest.mark.parametrize("value", [0, None, False, "off", "", 0.0, {"count": 0}])
async def test_nothing_switches_off(book: Book, value: object) -> None:
    faults = switches(book)
    faults.set("callback_lost", 5)

    assert faults.set("callback_lost", value) is None
    assert faults.settings() == {}


@pytest.mark.parametrize("value", [-1, 1.5, "often", [], {"rate": 2.0}])
async def test_what_is_neither_is_refused(book: Book, value: object) -> None:
    with pytest.raises(BadSetting):
        switches(book).set("callback_lost", value)


async def test_an_unknown_kind_is_refused(book: Book) -> None:
    with pytest.raises(BadSetting, match="no fault is called"):
        switches(book).set("explode", 1)


async def test_a_bare_number_of_slow_s_is_seconds(book: Book) -> None:
    faults = switches(book)
    faults.set("slow_s", 2)

    strike = faults.strike("slow_s")

    assert strike is not None
    assert strike.seconds == 2


async def test_a_fault_meant_for_one_merchant_and_operation_spares_the_rest(book: Book) -> None:
    faults = switches(book)
    faults.set("connection_reset", {"rate": 1.0, "merchant": "m1", "on": "payouts"})

    assert faults.strike("connection_reset", on="payouts.create", merchant="m1")
    assert not faults.strike("connection_reset", on="refunds.create", merchant="m1")
    assert not faults.strike("connection_reset", on="payouts.create", merchant="m2")


async def test_settings_outlive_the_process(tmp_path: Path) -> None:
    book = Book(Journal(tmp_path / "other.jsonl"))
    faults = switches(book)
    faults.set("callback_lost", 5)
    faults.strike("callback_lost")
    await book.journal.close()

    again = Book(Journal(tmp_path / "other.jsonl"))
    again.read_back()

    assert switches(again).settings()["callback_lost"]["count"] == 4
    await again.journal.close()
