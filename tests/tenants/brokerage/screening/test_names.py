import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.screening import match, names


def points(ours: str, theirs: str) -> int:
    return max(
        match.name_points(names.fold(a), names.fold(b))
        for a in names.variants(ours)
        for b in names.variants(theirs)
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("José Núñez", "NUNEZ, Jose"),
        ("Łukasz Müller", "MULLER, Lukasz"),
        ("Abdul Rahman Al-Nashiri", "NASHIRI, Abd al-Rahman"),
        ("Abdurrahman Nashiri", "AL-NASHIRI, Abd-Al-Rahman"),
        ("Dr. Ben Smith", "SMITH, Ben"),
        ("Ludwig van Beethoven", "BEETHOVEN, Ludwig"),
        ("Κώστας Παπαδόπουλος", "PAPADOPOULOS, Kostas"),
        ("Rahim Mufti Abdul", "Mufti Abdul Rahim"),
    ],
)
def test_spelling_marks_titles_particles_and_order_do_not_part_a_person(
    ours: str, theirs: str
) -> None:
    assert points(ours, theirs) >= 95


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Рамзан Кадыров", "KADYROV, Ramzan"),
        ("Екатерина Юсупова", "YUSUPOVA, Yekaterina"),
        ("بشار الأسد", "AL-ASSAD, Bashar"),
        ("صدام حسين", "HUSSEIN, Saddam"),
        ("محمد خالد", "KHALID, Mohammed"),
        ("Mohamed Youssef", "YUSUF, Muhammad"),
        ("Moammar Gadafi", "GADHAFI, Muammar"),
        ("Noureddine Haddad", "HADDAD, Nur al-Din"),
        ("Sergej Ivanow", "IVANOV, Sergey"),
    ],
)
def test_the_same_name_in_another_script_or_spelling_is_recognised(ours: str, theirs: str) -> None:
    assert points(ours, theirs) >= 85


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Juan Garcia", "GARCIA, Pedro"),
        ("Anna Schmidt", "SMITH, Ann Marie Louise"),
        ("Samuel Jones", "INCE, Samet"),
        ("Sara King", "RA, Kyong-Su"),
        ("Mohammed Haddad", "MOHAMMED, Ali"),
        ("Maria Papadopoulos", "PAPADAKIS, Marios"),
    ],
)
def test_people_who_share_one_name_only_are_not_taken_for_one_another(
    ours: str, theirs: str
) -> None:
    assert points(ours, theirs) < 80


def test_a_second_surname_left_out_still_finds_the_person() -> None:
    assert points("Nicolas Maduro", "MADURO MOROS, Nicolas") >= 80


def test_a_name_in_brackets_is_another_name() -> None:
    assert names.variants("SANTOS, Ahmad (Ahmed)") == ("Ahmad SANTOS", "Ahmed Ahmad SANTOS")


def test_legal_forms_do_not_make_a_company_another() -> None:
    folded = [
        names.fold(text, company=True)
        for text in ("Produccion Pesquera, S.A. de C.V.", "PRODUCCION PESQUERA")
    ]

    assert match.name_points(*folded) == 100


def test_a_name_without_a_letter_is_like_nothing() -> None:
    assert match.name_points(names.fold("--- 。"), names.fold("Ann Smith")) == 0


NAME = st.text(min_size=1, max_size=40)
LATIN = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9), min_size=2, max_size=4
)


@given(NAME, NAME)
def test_likeness_is_within_bounds_and_the_same_from_either_side(ours: str, theirs: str) -> None:
    a, b = names.fold(ours), names.fold(theirs)

    assert 0 <= match.name_points(a, b) <= 100
    assert abs(match.name_points(a, b) - match.name_points(b, a)) <= 1


@given(LATIN, st.randoms())
def test_any_order_of_the_words_is_the_same_name(words: list[str], dice: object) -> None:
    shuffled = list(words)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    plain = [word for word in words if not word.startswith("abd")]
    if plain == words:
        assert points(" ".join(words), " ".join(shuffled)) == 100


@given(NAME)
def test_folding_is_stable_and_bounded(text: str) -> None:
    folded = names.fold(text)

    assert folded == names.fold(text)
    assert len(folded.words) <= names.MOST_WORDS
    assert all(0 < word.weight <= 1 for word in folded.words)
