from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.screening import entries, ofac
from brokerage.screening.entries import BirthDate, Entry, IdDocument, Kind, ListedName, Quality
from stoa.kernel.refusals import Invalid, Refusal, TooLarge
from support.shared_data import shared

DAY = date(2026, 5, 1)
SDN = (
    b'36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b'9534,"KRADUMPORN, Varee","individual","SDNTK] [SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b'"DOB circa 1960; alt. DOB 01 Jan 1964; POB Bangkok, Thailand; nationality Thailand; '
    b"National ID No. 3570900151480 (Thailand); Passport B 960789 issued 01 Jan 1990; "
    b"a.k.a. 'THE CHESS PLAYER'; Linked To: BLUE POINT SALT, S.A. DE C.V.\"\r\n"
    b'4243,"SAND SWAN","vessel","CUBA",-0- ,"P3QG3","General Cargo","2595","1116","Cyprus",'
    b'"Sand & Swan Navigation Co. Ltd.",-0- \r\n\x1a'
)
ALT = b'9534,25,"aka","CRADUMPORN, Vari",-0- \r\n9534,26,"fka","SMITH, Varee",-0- \r\n'
ADD = b'36,25,-0- ,"Havana","Cuba",-0- \r\n'


def listing(sdn: bytes = SDN, alt: bytes = ALT, add: bytes = ADD) -> entries.Listing:
    return ofac.parse(sdn=sdn, alt=alt, add=add, published=DAY)


def test_an_entry_carries_its_names_with_how_far_the_list_trusts_them() -> None:
    person = listing().entries[1]

    assert person.kind is Kind.PERSON
    assert person.names == (
        ListedName("KRADUMPORN, Varee", Quality.PRIMARY),
        ListedName("CRADUMPORN, Vari", Quality.STRONG),
        ListedName("SMITH, Varee", Quality.FORMER),
        ListedName("THE CHESS PLAYER", Quality.WEAK),
    )


def test_remarks_give_births_countries_papers_and_links() -> None:
    person = listing().entries[1]

    assert person.births == (
        BirthDate(date(1960, 1, 1), date(1960, 12, 31), circa=True),
        BirthDate(date(1964, 1, 1), date(1964, 1, 1)),
    )
    assert person.nationalities == ("TH",)
    assert person.countries == ("TH",)
    assert person.programmes == ("SDNTK", "SDGT")
    assert person.documents == (
        IdDocument("identity-card", "3570900151480", "TH"),
        IdDocument("passport", "B 960789", ""),
    )
    assert person.links == ("BLUE POINT SALT, S.A. DE C.V.",)


def test_what_is_no_person_is_told_by_its_kind_and_its_country() -> None:
    airline, _, vessel = listing().entries

    assert (airline.kind, airline.countries) == (Kind.ENTITY, ("CU",))
    assert (vessel.kind, vessel.countries) == (Kind.VESSEL, ("CY",))


@pytest.mark.parametrize(
    ("said", "earliest", "latest", "circa"),
    [
        ("DOB 15 Jan 1955", date(1955, 1, 15), date(1955, 1, 15), False),
        ("DOB 1954", date(1954, 1, 1), date(1954, 12, 31), False),
        ("DOB Feb 1960", date(1960, 2, 1), date(1960, 2, 29), False),
        ("alt. DOB circa Mar 1961.", date(1961, 3, 1), date(1961, 3, 31), True),
        ("DOB 1929 to 1930", date(1929, 1, 1), date(1930, 12, 31), False),
        ("DOB circa 1979-1982", date(1979, 1, 1), date(1982, 12, 31), True),
        ("DOB 26 Sep 1946 to 07 Dec 1946.", date(1946, 9, 26), date(1946, 12, 7), False),
        ("Alt. DOB: 10 October 1969", date(1969, 10, 10), date(1969, 10, 10), False),
    ],
)
def test_every_way_a_birth_is_written_is_read(
    said: str, earliest: date, latest: date, circa: bool
) -> None:
    assert ofac.remarks.read(said).births == (BirthDate(earliest, latest, circa),)


@pytest.mark.parametrize("said", ["DOB 31 Feb 1960", "DOB 1990 to 1980", "DOB unknown", "DOB 0000"])
def test_a_birth_that_cannot_be_is_left_in_the_text_only(said: str) -> None:
    assert ofac.remarks.read(said).births == ()


def test_the_same_bytes_are_the_same_version_and_one_byte_more_is_another() -> None:
    assert listing().version == listing().version
    assert listing(alt=ALT + b'36,1,"aka","X Y",-0- \n').sha256 != listing().sha256


def test_a_broken_line_costs_one_record_and_its_number_is_told() -> None:
    broken = listing(sdn=SDN.replace(b'"KRADUMPORN, Varee"', b'"KRADUMPORN, Varee'), alt=b"")

    assert [entry.ref for entry in broken.entries] == ["36", "4243"]
    assert [(p.file, p.line) for p in broken.problems] == [("sdn.csv", 2)]


def test_a_line_in_another_encoding_is_read_and_told() -> None:
    spanish = listing(sdn=SDN.replace(b"Varee", "Núñez".encode("latin-1")))

    assert spanish.entries[1].name == "KRADUMPORN, Núñez"
    assert "Windows-1252" in spanish.problems[0].what


def test_a_file_in_utf_16_is_read() -> None:
    assert listing(sdn=SDN.decode().encode("utf-16")).entries == listing().entries


def test_the_main_file_cut_in_half_is_refused_because_aliases_point_at_nothing() -> None:
    many = [
        f'{n},"PERSON {n}, Ann","individual","X",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
        for n in range(1, 401)
    ]
    aliases = "".join(f'{n},{n},"aka","ALIAS {n}",-0- \n' for n in range(1, 401)).encode()

    with pytest.raises(Invalid, match=r"200 of 400 lines of alt.csv are broken"):
        ofac.parse(sdn="".join(many[:200]).encode(), alt=aliases, published=DAY)


def test_another_file_in_its_place_is_refused_with_the_line_and_what_is_wrong() -> None:
    page = b"<html><body>Access denied</body></html>\n" * 30

    with pytest.raises(Invalid, match="1 fields where 12 belong"):
        ofac.parse(sdn=page, published=DAY)


@pytest.mark.parametrize("content", [b"", b"\x1a", b"\r\n\r\n"])
def test_an_empty_list_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="holds no entries"):
        ofac.parse(sdn=content, published=DAY)


def test_a_file_too_large_to_be_a_list_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        ofac.parse(sdn=b"1" * (ofac.LARGEST_FILE + 1), published=DAY)


def test_an_entry_told_twice_is_taken_once() -> None:
    twice = listing(sdn=SDN.replace(b"\x1a", SDN.splitlines(keepends=True)[0]))

    assert [entry.ref for entry in twice.entries] == ["36", "9534", "4243"]
    assert "twice" in twice.problems[0].what


def test_a_newer_version_says_which_entries_came_changed_and_went() -> None:
    old = listing()
    new = listing(
        sdn=SDN.replace(b"circa 1960", b"circa 1961").replace(b"\r\n4243", b"\r\n4244"),
    )

    found = entries.changes(old, new)

    assert [e.ref for e in found.added] == ["4244"]
    assert [e.ref for e in found.altered] == ["9534"]
    assert [e.ref for e in found.removed] == ["4243"]


def test_a_version_that_lost_a_tenth_of_its_names_is_refused() -> None:
    with pytest.raises(Invalid, match="has 1 entries, the one in use has 3"):
        entries.must_not_shrink(listing(), listing(sdn=SDN.splitlines()[0], alt=b""))


def test_an_entry_survives_being_stored() -> None:
    person = listing().entries[1]

    again = msgspec.json.decode(entries.ENCODE.encode(person), type=Entry)

    assert again == person
    assert again.digest == person.digest


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(SDN)))
def test_no_bytes_make_the_reader_fail_other_than_by_refusing(noise: bytes, at: int) -> None:
    try:
        read = listing(sdn=SDN[:at] + noise + SDN[at:])
    except Refusal:
        return

    assert all(entry.names[0].text for entry in read.entries)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_remark_is_read_without_failing(text: str) -> None:
    said = ofac.remarks.read(text)

    assert all(birth.earliest <= birth.latest for birth in said.births)


def test_the_real_list_is_read_whole_and_without_a_problem() -> None:
    real = ofac.parse(
        sdn=shared("sanctions", "sdn.csv").read_bytes(),
        alt=shared("sanctions", "alt.csv").read_bytes(),
        add=shared("sanctions", "add.csv").read_bytes(),
        published=DAY,
    )
    people = [entry for entry in real.entries if entry.kind is Kind.PERSON]

    assert len(real.entries) > 7000
    assert real.problems == ()
    assert sum("DOB" in e.remarks and not e.births for e in people) == 0
    assert sum(bool(e.births) for e in people) > 0.9 * len(people)
    assert sum(bool(e.nationalities or e.countries) for e in people) > 0.85 * len(people)
