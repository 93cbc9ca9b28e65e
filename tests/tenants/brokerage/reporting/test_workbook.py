"""The daily report's workbook, opened as a spreadsheet opens it."""

import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from brokerage.reporting import workbook
from stoa.theming import texts


def a_day() -> Any:
    return SimpleNamespace(
        day=date(2026, 3, 18),
        start=datetime(2026, 3, 17, 22, tzinfo=UTC),
        end=datetime(2026, 3, 18, 22, tzinfo=UTC),
        zone="Europe/Nicosia",
        currency="EUR",
        registered=7,
        verified=1,
        first_deposits=0,
        clients=121,
        lots=Decimal("4.22"),
        deals=216,
        result=Decimal("-47.51"),
        money=[SimpleNamespace(kind="hold", currency="EUR", entries=35, amount=Decimal(-31345))],
        held=[SimpleNamespace(kind="platform", currency="EUR", amount=Decimal("44062.7"))],
        symbols=[],
        rewards=[],
    )


def opened(content: bytes) -> tuple[list[str], str, str]:
    """Its texts, its second sheet and its styles."""
    book = zipfile.ZipFile(io.BytesIO(content))
    shared = book.read("xl/sharedStrings.xml").decode()
    return (
        re.findall(r"<t[^>]*>([^<]*)</t>", shared),
        book.read("xl/worksheets/sheet2.xml").decode(),
        book.read("xl/styles.xml").decode(),
    )


def test_kinds_and_places_are_words_of_the_reader_and_never_codes() -> None:
    spanish = texts.of("es").gettext

    said, _, _ = opened(workbook.make(cast("Any", a_day()), "Aurora", spanish))

    assert spanish("Set aside") in said
    assert spanish("Trading account") in said
    assert not {"hold", "platform", "Set aside"} & set(said)


def test_a_count_has_no_decimals_and_an_amount_is_a_number() -> None:
    _, sheet, styles = opened(workbook.make(cast("Any", a_day()), "Aurora", texts.of("en").gettext))

    entries = re.search(r'<c r="C2" s="(\d+)"><v>35</v>', sheet)
    amount = re.search(r'<c r="D2" s="(\d+)"><v>-31345</v>', sheet)
    assert entries is not None
    assert amount is not None
    assert entries[1] != amount[1]
    assert 'numFmtId="3"' in styles or "#,##0&quot;" in styles or 'formatCode="#,##0"' in styles


def test_a_day_and_its_cut_offs_are_dates_and_an_amount_has_its_currencys_digits() -> None:
    day = a_day()
    day.held += [
        SimpleNamespace(kind="wallet", currency=c, amount=Decimal("0.00000001"))
        for c in ("BTC", "JPY")
    ]
    content = workbook.make(cast("Any", day), "Aurora", texts.of("en").gettext)
    book = zipfile.ZipFile(io.BytesIO(content))
    first, held = (book.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 3))
    styles = book.read("xl/styles.xml").decode()
    codes = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]*)"', styles))
    shapes = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])

    def shown(sheet: str, cell: str) -> tuple[str, str]:
        found = re.search(rf'<c r="{cell}" s="(\d+)"><v>([^<]*)</v>', sheet)
        assert found is not None, cell
        return codes.get(shapes[int(found[1])], shapes[int(found[1])]), found[2]

    assert shown(first, "B3") == ("yyyy-mm-dd", str((date(2026, 3, 18) - date(1899, 12, 30)).days))
    pattern, cut = shown(first, "B4")
    assert pattern == "yyyy-mm-dd hh:mm&quot; UTC&quot;"
    assert float(cut) == pytest.approx((date(2026, 3, 17) - date(1899, 12, 30)).days + 22 / 24)
    pattern, coins = shown(held, "C3")
    assert (pattern, float(coins)) == ("#,##0.00000000", 1e-8)
    assert shown(held, "C4") == ("#,##0", "0")


def test_it_reads_from_the_right_where_the_reader_does() -> None:
    arabic = texts.of("ar")

    _, sheet, _ = opened(workbook.make(cast("Any", a_day()), "أورورا", arabic.gettext, rtl=True))

    assert 'rightToLeft="1"' in sheet
