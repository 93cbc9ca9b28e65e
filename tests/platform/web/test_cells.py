"""What a list's file says, kind by kind of its cells."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from stoa.kernel.money import Money
from stoa.theming import statuses
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing
from stoa.theming.render import environment
from stoa.theming.texts import N_
from stoa.web.tables import Coded, Column, Said, cells, files
from support.lists import text

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WORDS: list[tuple[str, Any]] = [
    ("status", "paid"),
    ("status", Coded("in_flight", "sent")),
    ("word", "partner"),
    ("word", "a broker's own word"),
    ("flag", "DE"),
    ("said", Said("Hello {name}", {"name": "Ana"})),
    ("said", ""),
    ("masked", "Ana Gil"),
    ("text", "–"),
    ("text", None),
    ("strong", "a < b & c"),
    ("code", "camt.053"),
]


def look(language: str) -> Look:
    return Look(brand=Brand(), locale=language)


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("language", ["en", "es", "ar"])
@pytest.mark.parametrize(("kind", "value"), WORDS)
def test_a_cell_of_words_says_in_a_file_what_its_page_says(kind, value, language):
    column = Column("one", "One", kind)
    with showing(look(language)):
        macros: Any = environment("default").get_template("parts/table.html").module
        page = text(str(macros.cell(column, value)))
        file = cells.told(column, value)

    assert file == page


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("money", Money(Decimal("-1234.5"), "EUR"), "-1234.50"),
        ("pnl", Money(Decimal(700), "JPY"), "700"),
        ("num", Decimal("1E+3"), "1000"),
        ("num", "0.50", "0.5"),
        ("num", 12, "12"),
        ("when", AT, "2026-03-04T05:06:07+00:00"),
        ("date", date(2026, 3, 4), "2026-03-04"),
    ],
)
def test_what_a_machine_reads_is_the_same_in_every_language(kind, value, said):
    column = Column("one", "One", kind, note="EUR" if kind == "money" else None)

    assert {read(files.to_csv(look(one), [column], [[value]]))[1][0] for one in ("en", "ar")} == {
        said
    }


def test_codes_currencies_and_what_a_person_is_known_by_have_columns_of_their_own():
    columns = (
        Column("who", N_("Client"), "person", beside=N_("Reference")),
        Column("state", N_("State"), "status", coded=True),
        Column("paid", N_("Amount"), "money"),
        Column("result", N_("Result"), "pnl"),
        Column("house", N_("Result"), "pnl", note="USD"),
    )
    eur, usd = Money(Decimal(1), "EUR"), Money(Decimal(2), "USD")
    row = [{"name": "Ana", "note": "C-1"}, Coded("paid", "done"), eur, usd, usd]

    heads, line = read(files.to_csv(look("es"), columns, [row]))

    assert line == ["Ana", "C-1", "Pagado", "done", "1.00", "EUR", "2.00", "USD", "2.00"]
    assert heads[:4] == ["Cliente", "Referencia", "Estado", "Estado (código)"]
    assert heads[5] == "Importe: divisa"
    assert len(set(heads)) == len(heads)


def test_heads_that_a_language_says_alike_are_numbered():
    columns = (Column("a", "Same"), Column("b", "Same"), Column("c", "Same"))

    assert read(files.to_csv(look("en"), columns, []))[0] == ["Same", "Same 2", "Same 3"]


def test_a_workbook_for_arabic_readers_runs_from_the_right():
    columns = (Column("at", N_("When"), "when"), Column("n", N_("Rows"), "num"))

    sheets = {
        one: zipfile.ZipFile(io.BytesIO(files.to_xlsx(look(one), "List", columns, [[AT, 3]])))
        .read("xl/worksheets/sheet1.xml")
        .decode()
        for one in ("en", "ar")
    }

    assert 'rightToLeft="1"' in sheets["ar"]
    assert "rightToLeft" not in sheets["en"]


def test_text_that_a_spreadsheet_would_run_is_quoted_away():
    assert read(files.to_csv(look("en"), [Column("a", "A")], [["=1+1"]]))[1] == ["'=1+1"]


def test_a_state_has_its_word_alone_for_files():
    with showing(look("es")):
        assert statuses.said("paid") == "Pagado"
