from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.wizard import answers
from stoa.kernel.refusals import ManyInvalid

TODAY = date(2026, 5, 4)
ANN = {
    "first_name": "  Ann  María ",
    "last_name": "O’Brien",
    "birth_date": "1990-02-28",
    "nationality": "es",
    "phone": "00357 (99) 123-456",
}


def understood(given_answers: dict[str, str], step: forms.Step = forms.PERSONAL) -> dict[str, str]:
    return answers.understood(step, given_answers, today=TODAY, least_age_years=18)


def problems(given_answers: dict[str, str], step: forms.Step = forms.PERSONAL) -> dict[str, str]:
    with pytest.raises(ManyInvalid) as refused:
        understood(given_answers, step)
    return {str(problem.field): str(problem) for problem in refused.value.problems}


def test_answers_come_back_tidied() -> None:
    assert understood(ANN) == {
        "first_name": "Ann María",
        "last_name": "O’Brien",
        "birth_date": "1990-02-28",
        "nationality": "ES",
        "birth_country": "",
        "phone": "+35799123456",
    }


def test_every_fault_of_a_page_is_named_at_once() -> None:
    found = problems({"birth_date": "1990-02-30", "phone": "99123456", "nationality": "Spain"})

    assert set(found) == {"first_name", "last_name", "birth_date", "phone", "nationality"}
    assert "no such day" in found["birth_date"]
    assert "country code" in found["phone"]


@pytest.mark.parametrize(
    ("born", "says"),
    [
        ("2008-05-05", "at least 18 years"),
        ("2026-05-05", "future"),
        ("1890-01-01", "check the year"),
        ("01.02.1990", "no such day"),
    ],
)
def test_a_birth_that_cannot_be_a_clients_is_refused(born: str, says: str) -> None:
    assert says in problems(ANN | {"birth_date": born})["birth_date"]


def test_someone_who_is_eighteen_today_is_welcome() -> None:
    assert understood(ANN | {"birth_date": "2008-05-04"})["birth_date"] == "2008-05-04"


@pytest.mark.parametrize("name", ["12345", "---", "🙂"])
def test_a_name_is_made_of_letters(name: str) -> None:
    assert "letters" in problems(ANN | {"last_name": name})["last_name"]


@pytest.mark.parametrize("name", ["Ng", "O", "李", "محمد", "Ødegård", "d’Arc-López"])
def test_names_of_the_world_are_taken_as_they_are(name: str) -> None:
    assert understood(ANN | {"last_name": name})["last_name"] == name


def test_tricks_of_direction_and_control_are_taken_out() -> None:
    assert understood(ANN | {"last_name": "Sm\u202eith\x00"})["last_name"] == "Smith"


def test_a_choice_that_was_not_offered_is_refused() -> None:
    found = problems({"pep": "maybe"}, forms.FINANCES)

    assert "answers shown" in found["pep"]


def test_what_the_page_does_not_ask_is_left_out() -> None:
    assert "is_admin" not in understood(ANN | {"is_admin": "yes"})


def test_a_country_that_does_not_exist_is_refused_where_the_codes_are_known() -> None:
    with pytest.raises(ManyInvalid):
        answers.understood(
            forms.PERSONAL,
            ANN | {"nationality": "QQ"},
            today=TODAY,
            least_age_years=18,
            countries={"ES"},
        )


@given(st.dictionaries(st.sampled_from([f.code for f in forms.PERSONAL.fields]), st.text()))
def test_any_answers_are_taken_clean_or_refused_by_field(given_answers: dict[str, str]) -> None:
    fields = {field.code for field in forms.PERSONAL.fields}
    try:
        clean = understood(ANN | given_answers)
    except ManyInvalid as refused:
        assert {problem.field for problem in refused.problems} <= fields
        return

    assert set(clean) == fields
    assert understood(clean) == clean
