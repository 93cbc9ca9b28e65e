"""Statements as banks write them, kept beside this test: made by hand, by the standard, with its oddities.

Two accounts in one message, Latin and wide letters, marks before the first letter, batches whose
payments came in another currency, reversals both ways, what is pending and what is nothing, pages
that continue, lines that end in other ways.
"""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from brokerage.recon import files

from .conftest import a_bank, bring

SAMPLES = Path(__file__).parent / "samples"
ZONE = "Europe/Berlin"
CAMT = "camt053.v8.two-accounts.xml"
ADVICE = "camt054.v2.batch.utf16.xml"
GERMAN = "mt940.german.cp1252.sta"
DUTCH = "mt940.dutch.bom.sta"


def content(name):
    return (SAMPLES / name).read_bytes()


def read(name):
    raw = content(name)
    return files.parse(raw, files.kind_of(raw, None), None, ZONE)


def test_a_message_of_two_accounts_with_everything_in_it():
    made = read(CAMT)

    assert made.sound and made.kind == "camt.053.001.08"
    assert sorted(one.sentence.split(";")[0] for one in made.faults) == [
        "This entry is not booked yet",
        "This entry is of nothing",
    ]
    euros, yen = made.statements
    assert (euros.account, euros.opening, euros.closing) == (
        "DE89370400440532013000",
        Decimal("1000.00"),
        Decimal("1083.80"),
    )
    assert [(str(one.amount), one.kind, one.reference) for one in euros.lines] == [
        ("250.00", "credit", ""),
        ("10.00", "credit", "E-1"),
        ("20.00", "credit", "E-2"),
        ("30.00", "credit", "E-3"),
        ("-20.00", "debit", "P-1"),
        ("5.00", "credit", "P-2"),
        ("40.00", "credit", "P-0"),
        ("-250.00", "debit", ""),
        ("-1.20", "debit", ""),
    ]
    first, one, *_, fee = euros.lines
    assert (first.name, first.account, first.structured) == (
        "Müller & Söhne",
        "DE02120300000000202051",
        "RF18539007547034",
    )
    assert first.at.isoformat() == "2026-11-19T23:30:00+00:00"
    assert one.text == "Deposit D-7K3M-9QXR" and fee.text == "Kontoführung"
    # The first payment and its reversal bear one number of the bank's and are two lines.
    assert len({line.key for line in euros.lines}) == 9
    assert (yen.account, yen.opening, yen.closing) == ("0532013001", Decimal(-500), Decimal(0))


def test_an_advice_in_wide_letters_tells_the_batch_of_the_statement():
    (advice,) = read(ADVICE).statements
    batch = read(CAMT).statements[0].lines[1:4]

    (line,) = advice.lines
    assert (str(line.amount), line.text) == ("60.00", "Sammelüberweisung €")
    assert {one.entry for one in batch} == {line.entry}
    assert advice.opening is None and advice.closing is None


def test_pages_of_a_german_statement_and_both_kinds_of_reversal():
    made = read(GERMAN)

    assert made.kind == "mt940" and made.sound and not made.faults
    assert [
        (one.account, str(one.opening), str(one.closing), [str(line.amount) for line in one.lines])
        for one in made.statements
    ] == [
        ("37040044/0532013000", "1000.00", "1000.00", ["250.00", "-250.00"]),
        ("37040044/0532013000", "1000.00", "1038.80", ["40.00", "-1.2"]),
    ]
    came, back = made.statements[0].lines
    assert (came.reference, came.name, came.account, came.text) == (
        "E-77",
        "Müller & SöhneKG",
        "DE02120300000000202051",
        "Einzahlung D-7K3M-9QXR",
    )
    assert back.reference == "INV/2026/1" and back.provider_id == "2026112000001"
    returned, fee = made.statements[1].lines
    assert returned.text == "Zahlung zurück, Konto geschlossen €"
    assert returned.valued_on.isoformat() == "2026-11-18" and returned.at.day == 19
    assert fee.text == ""


def test_a_dutch_statement_with_a_mark_before_it_names_who_paid():
    (statement,) = read(DUTCH).statements

    assert (statement.opening, statement.closing) == (Decimal("-5.00"), Decimal("0.00"))
    (line,) = statement.lines
    assert (line.reference, line.name, line.account) == (
        "E-9",
        "J. de Vries’s",
        "NL02ABNA0123456789",
    )
    assert line.text == "D-7K3M-9QXR en meer tekst over meer dan een regel"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_of_any_kind_say_the_same(encoding):
    plain = content(GERMAN).decode("cp1252").encode(encoding)

    assert files.kind_of(plain, None) == "mt940"
    assert files.parse(plain, "mt940", None, ZONE).statements == read(GERMAN).statements


@pytest.mark.parametrize("name", [CAMT, ADVICE, GERMAN, DUTCH])
def test_a_file_cut_anywhere_is_refused_or_says_what_is_missing(name):
    whole = content(name)
    kind = files.kind_of(whole, None)
    for part in range(1, 40):
        half = whole[: len(whole) * part // 40]
        try:
            made = files.parse(half, kind, None, ZONE)
        except files.Unreadable:
            continue
        kept = [one for one in made.statements if one not in read(name).statements]
        assert not made.sound or not kept, part


async def test_members_of_one_archive_are_one_message_to_the_books(market):
    """A bank packs in pieces: all of it is read, and brought again it is the same file."""
    await a_bank(market, code="eur", number="DE89370400440532013000", currency="EUR", bic="")
    raw = content(CAMT)
    # The second account is nobody's here, so that the message goes without it.
    start, end = raw.rindex(b"  <Stmt>"), raw.rindex(b" </BkToCstmrStmt>")
    raw = raw[:start] + raw[end:]
    packed = gzip.compress(raw[:900]) + gzip.compress(raw[900:])

    row = await bring(market, packed, name="november.xml.gz")
    again = await bring(market, packed, name="again.xml.gz")

    assert (row.state, row.lines) == ("done", 9)
    assert again.id == row.id
