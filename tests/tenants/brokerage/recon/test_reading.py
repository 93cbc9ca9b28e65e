"""Banks' files as values: every version, and every way a file can be wrong."""

import gzip
import re
from decimal import Decimal

import pytest

from brokerage.recon import files, rules
from brokerage.recon.reading import camt, mt940, settlement
from brokerage.recon.settings import Columns, Settlement, Word
from brokerage.recon.values import Unreadable
from stoa.kernel.refusals import Invalid
from support.forging import forged
from support.shared_data import shared

from .conftest import IBAN
from .statements import MT940, Moved, camt053

NL = "NL26VAYB8060476890"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("camt053.v2.minimal.xml", [(NL, "EUR", ["8.85"], Decimal("18.15"), None)]),
        (
            "camt053.v2.multi.statement.xml",
            [
                (NL, "EUR", ["8.85"], Decimal("18.15"), Decimal("27.00")),
                (NL, "EUR", ["-7.00"], Decimal("27.00"), Decimal("20.00")),
            ],
        ),
        ("camt053.v4.xml", [(NL, "EUR", ["8.85"], Decimal("18.15"), None)]),
        ("camt054.v4.xml", [("CH2801234000123456789", "SEK", ["-200000"], None, None)]),
    ],
)
def test_real_statements_are_read(name, expected):
    made = camt.read(shared("camt", name).read_bytes(), "Europe/Amsterdam")

    assert made.sound
    assert [
        (
            one.account,
            one.currency,
            [str(line.amount) for line in one.lines],
            one.opening,
            one.closing,
        )
        for one in made.statements
    ] == expected


@pytest.mark.parametrize("version", ["02", "04", "06", "08", "10", "13"])
@pytest.mark.parametrize("kind", ["053", "054"])
def test_every_version_says_the_same(version, kind):
    moved = [
        Moved("100.00", "Deposit D-7K3M-9QXR", "Ines Duarte", ref="B1"),
        Moved("-40.50", "Fee", ref="B2"),
    ]

    made = camt.read(camt053(moved, account=IBAN, version=version, kind=kind), "Europe/Nicosia")

    assert made.kind == f"camt.{kind}.001.{version}" and made.sound
    (statement,) = made.statements
    assert [str(one.amount) for one in statement.lines] == ["100.00", "-40.50"]
    first = statement.lines[0]
    assert (first.name, first.text, first.provider_id) == (
        "Ines Duarte",
        "Deposit D-7K3M-9QXR",
        "B1",
    )
    assert [one.line for one in statement.lines] == sorted(one.line for one in statement.lines)


def test_an_advice_and_its_statement_tell_the_same_entries():
    moved = [Moved("100.00", "x", ref="B1"), Moved("5.00", "y", ref="NONREF", end="E-5")]

    told = [
        camt.read(camt053(moved, account=IBAN, kind=kind), "Europe/Nicosia").statements[0].lines
        for kind in ("054", "053")
    ]

    assert [one.key for one in told[0]] == [one.key for one in told[1]]


def test_a_batch_is_its_payments_where_they_are_its_sum():
    part = (
        "<TxDtls><Refs><EndToEndId>{e}</EndToEndId></Refs><AmtDtls><TxAmt>"
        '<Amt Ccy="USD">{a}</Amt></TxAmt></AmtDtls></TxDtls>'
    )
    whole = camt053([Moved("30.00", ref="B1")], account=IBAN).decode()
    inner = whole[whole.index("<TxDtls>") : whole.index("</NtryDtls>")]

    sums = whole.replace(inner, part.format(e="a", a="10.00") + part.format(e="b", a="20.00"))
    off = whole.replace(inner, part.format(e="a", a="10.00") + part.format(e="b", a="21.00"))

    lines = camt.read(sums.encode(), "UTC").statements[0].lines
    assert [(one.reference, str(one.amount)) for one in lines] == [("a", "10.00"), ("b", "20.00")]
    assert len({one.entry for one in lines}) == 1 and len({one.key for one in lines}) == 2
    one_line = camt.read(off.encode(), "UTC")
    assert [str(one.amount) for one in one_line.statements[0].lines] == ["30.00"]
    assert "not its sum" in one_line.faults[0].sentence and one_line.sound


def test_a_statement_that_does_not_add_up_is_not_taken():
    made = camt.read(camt053([Moved("10.00")], account=IBAN, closing="11.00"), "UTC")

    assert not made.sound
    assert made.faults[0].places["off"] == "1.00"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">&b;</Document>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<Document><BkToCstmrStmt>&x;</BkToCstmrStmt></Document>"
)
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://127.0.0.1/x.dtd"><Document/>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "declares"),
        (OUTSIDE, "declares"),
        (EXTERNAL, "declares"),
        ("<Document>" + "<a>" * 50 + "</a>" * 50 + "</Document>", "more than a statement"),
        ("<Document><a " + " ".join(f'x{n}="1"' for n in range(40)) + "/></Document>", "more than"),
        ("<Document><a>" + "x" * 30_000 + "</a></Document>", "longer than"),
        (camt053([Moved("1.00")] * 9, account=IBAN).decode()[:1500], "damaged or cut off"),
        ("<Document>&#0;</Document>", "not sound XML"),
        ("<html><body>Sign in</body></html>", "neither a camt"),
        ('<?xml version="1.0" encoding="klingon"?><Document/>', "cannot be read|not sound"),
    ],
)
def test_hostile_and_broken_xml_is_refused_with_its_line(content, says):
    with pytest.raises(Unreadable, match=says):
        camt.read(content.encode(), "UTC")


def test_wrong_encodings_are_told_and_right_ones_read():
    plain = camt053([Moved("1.00", name="José Núñez")], account=IBAN).decode()

    for encoding in ("utf-8", "utf-16", "iso-8859-1", "windows-1252"):
        content = plain.replace("UTF-8", encoding.upper()).encode(encoding)
        assert camt.read(content, "UTC").statements[0].lines[0].name == "José Núñez"
    with pytest.raises(Unreadable):
        camt.read(plain.encode("iso-8859-1"), "UTC")


@pytest.mark.parametrize(
    ("inner", "says"),
    [
        ("<Amt>10.00</Amt>", "no amount of a currency|no currency"),
        ('<Amt Ccy="USD">1e3</Amt>', "no amount"),
        ('<Amt Ccy="USD">-5.00</Amt>', "no amount"),
        ('<Amt Ccy="USD">5.001</Amt>', "no amount of a currency"),
        ('<Amt Ccy="XXX">5.00</Amt>', "no amount of a currency"),
        ('<Amt Ccy="EUR">10.00</Amt>', "stands on an account in"),
        ('<Amt Ccy="USD">99999999999999999999.00</Amt>', "no amount"),
    ],
)
def test_an_amount_that_cannot_be_refuses_its_file(inner, says):
    content = camt053([Moved("10.00")], account=IBAN).decode()
    begin = content.index("<Ntry>") + 6
    spoilt = content[:begin] + inner + content[content.index("</Amt>", begin) + 6 :]

    made = camt.read(spoilt.encode(), "UTC")

    assert not made.sound
    assert any(re.search(says, one.sentence) and one.line > 1 for one in made.faults)


def test_pending_entries_wait_and_twins_are_both_taken():
    content = camt053(
        [Moved("10.00", ref="B1"), Moved("10.00", ref="B1"), Moved("3.00")], account=IBAN
    )
    content = content.replace(b"<Sts>BOOK</Sts>", b"<Sts>PDNG</Sts>", 1).replace(
        b'">23.00<', b'">13.00<'
    )

    made = camt.read(content, "UTC")
    twins = camt.read(
        camt053([Moved("10.00", ref="B1"), Moved("10.00", ref="B1")], account=IBAN), "UTC"
    )

    assert made.sound and len(made.statements[0].lines) == 2
    assert len({one.key for one in twins.statements[0].lines}) == 2
    assert "another of its kind" in twins.faults[0].sentence


def test_mt940_is_read_with_its_words():
    made = mt940.read(MT940.format(account=IBAN, text="Deposit D-7K3M-9QXR"), "Europe/Nicosia")

    (statement,) = made.statements
    assert made.sound and statement.account == IBAN and statement.closing == Decimal("1209.50")
    first, second = statement.lines
    assert (first.reference, first.name, first.text) == (
        "E2E-1",
        "INES DUARTE",
        "Deposit D-7K3M-9QXR",
    )
    assert (str(second.amount), second.name, second.text) == (
        "-40.5",
        "BANK OF CYPRUS",
        "Monthly fee",
    )
    assert first.provider_id == "BK123" and first.line == 6


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (":62F:C261120USD1209,50\n", "", "cut off"),
        ("1209,50", "1209,51", "do not lead"),
        ("CR250,00", "CR2.50", "cannot be read"),
        (":60F:C261119USD1000,00", ":60F:X261119USD1000,00", "balance cannot"),
        (":61:261120", ":61:261340", "cannot be read"),
    ],
)
def test_a_broken_mt940_is_refused_with_its_line(old, new, says):
    text = MT940.format(account=IBAN, text="x").replace(old, new)

    made = mt940.read(text, "UTC")

    assert not made.sound
    assert any(says in one.sentence and one.line >= 1 for one in made.faults)


MAPPING = Settlement(
    psp="beta",
    columns=Columns(
        id="Id", kind="Type", gross="Amount", fee="Fee", currency="Cur", at="Date", payment="Pay"
    ),
    words=(Word(word="Sale", kind="payment"), Word(word="Back", kind="refund")),
    separator="semicolon",
    decimal="comma",
    sign="by-kind",
    date_format="DD.MM.YYYY hh:mm",
    time_zone="Europe/Berlin",
)
HEAD = "Id;Type;Amount;Fee;Cur;Date;Pay"


def test_a_mapping_reads_a_providers_own_columns():
    text = f"{HEAD}\n1;Sale;1.234,50;17,28;EUR;03.07.2026 14:30;p1\n2;Back;34,00;;EUR;04.07.2026 00:10;p1"

    (statement,) = settlement.read(text, MAPPING).statements

    assert [(str(one.amount), str(one.fee), one.kind) for one in statement.lines] == [
        ("1234.50", "17.28", "payment"),
        ("-34.00", "0", "refund"),
    ]
    assert statement.lines[0].at.isoformat() == "2026-07-03T12:30:00+00:00"
    assert statement.lines[1].at.isoformat() == "2026-07-03T22:10:00+00:00"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1;Sale;12.34.56,7x;0;EUR;03.07.2026 14:30;p", "no amount"),
        ("1;Loan;1,00;0;EUR;03.07.2026 14:30;p", "no kind of movement"),
        ("1;Sale;1,00;0;EUX;03.07.2026 14:30;p", "no currency"),
        ("1;Sale;1,00;0;EUR;2026-07-03;p", "no date"),
        ("1;Sale;1,005;0;EUR;03.07.2026 14:30;p", "no amount of a currency"),
        (";Sale;1,00;0;EUR;03.07.2026 14:30;p", "has no id"),
        ("1;Sale;NaN;0;EUR;03.07.2026 14:30;p", "no amount"),
        ("1;Sale;1e5;0;EUR;03.07.2026 14:30;p", "no amount"),
        ("1;Sale;١٢;0;EUR;03.07.2026 14:30;p", "no amount"),
    ],
)
def test_a_row_that_cannot_be_is_told_by_its_line(row, says):
    made = settlement.read(f"{HEAD}\n0;Sale;1,00;0;EUR;03.07.2026 14:30;p0\n{row}\n", MAPPING)

    assert [one.line for one in made.faults] == [3]
    assert says in made.faults[0].sentence and not made.sound


def test_what_is_no_statement_is_said_to_be_none():
    for content in (b"PK\x03\x04zip", b"%PDF-1.7", b"hello", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(Invalid):
            files.kind_of(content, None)
    with pytest.raises(Invalid, match="larger than"):
        files.unpacked(b"x" * (files.MOST_BYTES + 1))
    with pytest.raises(Invalid, match="larger than 96 MB"):
        files.unpacked(gzip.compress(b"\0" * 100 * 1_048_576))
    with pytest.raises(Invalid, match="cut off"):
        files.unpacked(gzip.compress(b"id,amount\n" * 1000)[:-20])
    with pytest.raises(Invalid, match="empty"):
        files.unpacked(b"  \n")


def test_a_file_packed_in_pieces_is_read_to_its_end():
    pieces = gzip.compress(b"id,amount\n1,5\n") + gzip.compress(b"2,6\n")

    assert files.unpacked(pieces) == b"id,amount\n1,5\n2,6\n"
    assert files.unpacked(pieces + b"\0" * 512) == files.unpacked(pieces)
    with pytest.raises(Invalid, match="cut off"):
        files.unpacked(pieces[:-6])
    with pytest.raises(Invalid, match="damaged"):
        files.unpacked(pieces + b"3,7\n")
    with pytest.raises(Invalid, match="larger than 96 MB"):
        files.unpacked(gzip.compress(b"\0" * 60 * 1_048_576) * 2)


def test_check_digits():
    assert rules.iban(IBAN) and not rules.iban(IBAN.replace("7600", "7601"))
    assert not rules.iban("DE8937040044053201300")
    reference = rules.structured("D-7K3M-9QXR")
    assert rules.creditor_reference(reference) == reference
    assert rules.creditor_reference(forged(reference)) == ""
    assert rules.creditor_reference("RF18539007547034") == "RF18539007547034"
    spaced = f"payment {reference[:4]} {reference[4:8]} {reference[8:]} thank you"
    assert rules.references_in(spaced) == {"D-7K3M-9QXR"}
    assert rules.references_in("ref d 7k3m 9qxr") == {"D-7K3M-9QXR"}
