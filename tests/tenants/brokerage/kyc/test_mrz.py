from datetime import date
from itertools import cycle

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brokerage.kyc.evidence import identity, mrz
from brokerage.kyc.evidence.icao import check_digit, country, same_number
from brokerage.kyc.evidence.identity import Typed
from brokerage.kyc.evidence.mrz import Form, Zone
from brokerage.kyc.rules import Outcome
from stoa.kernel.refusals import Invalid

TODAY = date(2026, 5, 4)
# The specimens of ICAO Doc 9303, parts 4, 5 and 6.
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
)
VISA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<"


def passport(
    *,
    last: str = "PAPADOPOULOU",
    first: str = "MARIA ELENI",
    number: str = "K00123456",
    state: str = "CYP",
    born: str = "900228",
    expires: str = "310115",
    sex: str = "F",
    personal: str = "",
) -> str:
    """A passport's zone with all its check digits right."""
    name = f"{last.replace(' ', '<')}<<{first.replace(' ', '<')}"[:39].ljust(39, "<")
    number, personal = number.ljust(9, "<"), personal.ljust(14, "<")
    dated = number + check_digit(number)
    birth, expiry = born + check_digit(born), expires + check_digit(expires)
    private = personal + check_digit(personal)
    whole = check_digit(dated + birth + expiry + private)
    return f"P<{state}{name}\n{dated}{state}{birth}{sex}{expiry}{private}{whole}"


def read(text: str) -> Zone:
    return mrz.parse(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "form", "number"),
    [
        (TD3, Form.TD3, "L898902C3"),
        (TD2, Form.TD2, "D23145890"),
        (TD1, Form.TD1, "D23145890"),
    ],
)
def test_the_specimens_of_the_standard_are_read(text: str, form: Form, number: str) -> None:
    zone = read(text)

    assert (zone.form, zone.number) == (form, number)
    assert (zone.last_name, zone.first_names, zone.sex) == ("ERIKSSON", "ANNA MARIA", "female")
    assert (zone.birth_date, zone.expires_on) == (date(1974, 8, 12), date(2012, 4, 15))
    assert all(digit.holds for digit in zone.digits)
    assert zone.repairs == ()


def test_a_visa_is_read() -> None:
    zone = read(VISA)

    assert (zone.form, zone.kind, zone.number) == (Form.VISA_A, "visa", "L8988901C")
    assert zone.birth_date == date(1940, 9, 7)


def test_a_country_that_is_none_makes_the_specimen_invalid() -> None:
    assert not read(TD3).valid
    assert read(passport()).valid


@pytest.mark.parametrize(
    ("printed", "code"),
    [("D<<", "DE"), ("GBR", "GB"), ("GBD", "GB"), ("RKS", "XK"), ("CYP", "CY"), ("ESP", "ES"),
     ("UTO", ""), ("QQQ", None), ("", None)],
)  # fmt: skip
def test_states_are_known_as_documents_write_them(printed: str, code: str | None) -> None:
    assert country(printed) == code


def test_digits_read_for_letters_are_put_right_where_only_letters_can_be() -> None:
    zone = read(
        TD3.replace("3UTO", "3UT0").replace("36UTO", "36UT0").replace("ERIKSSON", "ER1KS5ON")
    )

    assert zone.last_name == "ERIKSSON"
    assert {repair.field for repair in zone.repairs} == {"nationality", "names"}


def test_letters_read_for_digits_are_put_right_in_dates() -> None:
    zone = read(passport(born="801015").replace("8010", "8O1O").replace("F31", "F3I"))

    assert zone.birth_date == date(1980, 10, 15)
    assert zone.valid
    assert {repair.field for repair in zone.repairs} >= {"birth date", "expiry date"}


def test_a_number_with_one_mistaken_letter_is_mended_when_only_one_reading_fits() -> None:
    good = passport(number="AB1234567")

    zone = read(good.replace("AB1234567", "A81234567"))

    assert zone.number == "AB1234567"
    assert all(digit.holds for digit in zone.digits)


def test_a_mended_number_is_trusted_only_when_the_client_typed_the_same() -> None:
    zone = read(passport(number="AB1234567").replace("AB1234567", "A81234567"))
    typed = Typed("Maria", "Papadopoulou", date(1990, 2, 28), "CY")

    unsure = identity.check(zone, typed, TODAY)
    sure = identity.check(zone, msgspec.structs.replace(typed, number="AB1234567"), TODAY)

    assert not zone.valid
    assert (unsure.outcome, sure.outcome) == (Outcome.REVIEW, Outcome.PASSED)


def test_a_letter_that_passes_for_its_digit_is_told_as_undecided_by_comparison() -> None:
    zone = read(passport(number="L898902C3"))
    misread = read(passport(number="1898902C3"))

    assert misread.valid
    assert same_number("L898902C3", misread.number) is None
    assert same_number("l 898-902 c3", zone.number) is True
    assert same_number("L898902C4", zone.number) is False


def test_a_number_longer_than_nine_goes_on_in_the_optional_field() -> None:
    number = "D23145890734"
    line = "I<UTO" + number[:9] + "<" + number[9:] + check_digit(number)
    first = line.ljust(30, "<")
    second = "7408122F1204159UTO".ljust(29, "<")
    whole = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])

    zone = read(f"{first}\n{second}{whole}\nERIKSSON<<ANNA<MARIA<<<<<<<<<<")

    assert zone.number == number
    assert all(digit.holds for digit in zone.digits)


def test_noise_around_the_lines_does_not_matter() -> None:
    noisy = "REPUBLIC OF CYPRUS\n  " + passport().replace("<<<<", "<< <<").lower() + "\n\nspecimen"

    assert read(noisy).valid


@pytest.mark.parametrize("text", ["", "hello", TD3.splitlines()[0], TD3[:-3], "A" * 44, TD1[:70]])
def test_what_is_no_zone_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(Invalid, match="Take the picture again"):
        read(text)


def test_a_birth_is_in_the_past_and_an_expiry_may_be_ahead() -> None:
    zone = read(passport(born="300101", expires="350101"))

    assert (zone.birth_date, zone.expires_on) == (date(1930, 1, 1), date(2035, 1, 1))


def test_a_birth_whose_day_is_left_open_is_no_date() -> None:
    assert read(passport(born="74<<<<")).birth_date is None


def test_a_name_too_long_for_its_field_is_told_as_cut() -> None:
    zone = read(passport(last="NILAVADHANANANDA", first="CHAYAPA DEJTHAMRONG KRASUANG"))

    assert zone.names_cut
    assert not read(passport()).names_cut


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAMES = st.text(LETTERS, min_size=1, max_size=15)
NUMBERS = st.text(LETTERS + "0123456789", min_size=5, max_size=9)


@given(NAMES, NAMES, NUMBERS, st.dates(date(1930, 1, 1), date(2008, 1, 1)))
def test_what_a_passport_office_prints_is_read_back(
    last: str, first: str, number: str, born: date
) -> None:
    zone = read(passport(last=last, first=first, number=number, born=born.strftime("%y%m%d")))

    assert (zone.last_name, zone.first_names, zone.number) == (last, first, number)
    assert zone.birth_date == born
    assert zone.valid
    assert zone.repairs == ()


@given(st.integers(0, 43), st.sampled_from("0123456789"))
def test_a_digit_changed_in_the_second_line_breaks_a_check_digit(at: int, other: str) -> None:
    first, second = passport(number="123456789", personal="12345678901234").splitlines()
    assume(second[at].isdigit() and second[at] != other)

    zone = read(f"{first}\n{second[:at]}{other}{second[at + 1 :]}")

    assert not zone.valid


@given(st.text(LETTERS + "0123456789<", min_size=88, max_size=88))
def test_any_two_lines_are_read_without_failing(text: str) -> None:
    zone = read(f"P{text[1:44]}\n{text[44:]}")

    assert len(zone.digits) == 5


@given(st.text(LETTERS + "0123456789<", max_size=60))
def test_the_check_digit_is_the_standards_sum(text: str) -> None:
    values = [0 if c == "<" else (ord(c) - 48 if c.isdigit() else ord(c) - 55) for c in text]

    assert (
        int(check_digit(text))
        == sum(v * w for v, w in zip(values, cycle([7, 3, 1]), strict=False)) % 10
    )


TYPED = Typed("Maria", "Papadopoulou", date(1990, 2, 28), "CY", "K00123456")


def test_a_document_that_says_what_the_client_typed_passes() -> None:
    assert identity.check(read(passport()), TYPED, TODAY).outcome is Outcome.PASSED


def test_a_name_typed_in_greek_is_the_same_name() -> None:
    typed = Typed("Μαρία", "Παπαδοπούλου", date(1990, 2, 28), "CY")

    assert identity.check(read(passport()), typed, TODAY).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (Typed("Maria", "Georgiou", date(1990, 2, 28), "CY"), "name"),
        (Typed("Maria", "Papadopoulou", date(1991, 2, 28), "CY"), "birth_date"),
        (Typed("Maria", "Papadopoulou", date(1990, 2, 28), "GR"), "nationality"),
        (Typed("Maria", "Papadopoulou", date(1990, 2, 28), "CY", "K00I23456"), "number"),
    ],
)
def test_a_field_that_differs_goes_to_a_person_and_only_its_name_is_kept(
    typed: Typed, field: str
) -> None:
    found = identity.check(read(passport()), typed, TODAY)

    assert (found.outcome, found.because) == (Outcome.REVIEW, f"differs: {field}")


def test_a_broken_check_digit_goes_to_a_person() -> None:
    tampered = passport().replace("900228", "900229")

    found = identity.check(read(tampered), TYPED, TODAY)

    assert (found.outcome, "birth date" in found.because) == (Outcome.REVIEW, True)


def test_an_expired_document_goes_back_to_the_client() -> None:
    found = identity.check(read(passport(expires="260503")), TYPED, TODAY)

    assert found.outcome is Outcome.RETRY
