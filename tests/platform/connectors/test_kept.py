import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from stoa.connectors import loose
from stoa.connectors.kept import Kept


class Door:
    def __init__(self) -> None:
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_a_connector_is_opened_once_until_its_settings_change() -> None:
    kept: Kept[Door] = Kept()
    first = kept.of("t|mt5", 1, Door)

    assert kept.of("t|mt5", 1, Door) is first
    assert kept.of("u|mt5", 1, Door) is not first
    second = kept.of("t|mt5", 2, Door)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert second is not first
    assert first.closed
    assert not second.closed
    await kept.aclose()
    assert second.closed


@given(st.binary(max_size=200))
def test_no_document_of_others_raises(raw: bytes) -> None:
    assert isinstance(loose.document(raw), dict)


def test_a_document_nested_without_end_is_empty() -> None:
    assert loose.document(b"[" * 100_000) == {}
    assert loose.document(b'{"a":' * 100_000) == {}


def test_times_of_others_are_read_or_left_out() -> None:
    new_year = datetime(2026, 1, 1, tzinfo=UTC)

    assert loose.unix(1767225600) == new_year
    for bad in (None, True, -5, 0, 10**20, "1767225600", 1.5):
        assert loose.unix(bad) is None
    for good in ("2026-01-01T00:00:00Z", "2026-01-01 00:00:00+0000", "2026-01-01T02:00:00+02:00"):
        assert loose.iso(good) == new_year
    for bad in (None, "", "soon", "0001-01-01T00:00:00+14:00", 7):
        assert loose.iso(bad) is None
