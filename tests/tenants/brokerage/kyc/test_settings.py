import tomllib

import msgspec
import pytest

from brokerage.kyc.jurisdictions import forms
from brokerage.kyc.jurisdictions.packs import ClientType, StepKind
from brokerage.kyc.settings import KycSettings

WRITTEN = """
[[packs]]
code = "eu-retail"
when = { country = ["ES", "DE", "CY"], client_type = ["individual"] }
documents = [{ kind = "identity", max_age_months = 0 }, { kind = "address", max_age_months = 6 }]
checks = ["document", "screening", "appropriateness"]
leverage_cap = { fx_major = 30, index = 20, crypto = 2 }
forbids = ["bonuses"]
refresh_months = { low = 60, medium = 36, high = 12 }
source = "name of the rule text and the date it was read"

[risk]
weights = { country = 30, pep = 40, product = 10, volume = 20 }
bands = { low = [0, 34], medium = [35, 69], high = [70, 100] }
"""


def read(text: str) -> KycSettings:
    return msgspec.convert(tomllib.loads(text), KycSettings, strict=False)


def test_settings_written_by_hand_are_read() -> None:
    settings = read(WRITTEN)

    pack = settings.pack("eu-retail")
    assert pack is not None
    assert pack.when.client_type == (ClientType.INDIVIDUAL,)
    assert settings.risk.bands["medium"] == (35, 69)


def test_a_pack_that_names_no_pages_asks_the_standard_ones() -> None:
    settings = read(WRITTEN)

    assert forms.steps_of(settings.packs[0]) == forms.STANDARD
    untested = msgspec.structs.replace(settings.packs[0], checks=("document",))
    assert all(s.kind is not StepKind.QUESTIONNAIRE for s in forms.steps_of(untested))


def test_the_defaults_survive_being_stored_and_are_stored_whole() -> None:
    settings = KycSettings()

    stored = msgspec.to_builtins(settings)

    assert msgspec.convert(stored, KycSettings, strict=False) == settings
    assert stored["packs"][0]["review_hours"] == 24
    assert [pack.code for pack in settings.packs] == ["eu-retail", "offshore"]


def test_every_default_pack_names_the_source_of_its_figures() -> None:
    settings = KycSettings()

    assert all(pack.source for pack in settings.packs)
    assert all(each.source for each in settings.questionnaires)
    assert settings.risk.source
    assert settings.blocked.source


def test_a_question_has_one_right_answer_at_most_and_full_marks_are_reachable() -> None:
    for each in KycSettings().questionnaires:
        for question in each.questions:
            assert max(choice.points for choice in question.choices) > 0
            assert min(choice.points for choice in question.choices) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[packs]]\ncode = "a"\n[[packs]]\ncode = "a"', "a is there twice"),
        ("[risk]\nweights = { country = 50 }", "add up to 50, not 100"),
        ("[risk]\nweights = { weather = 100 }", "weather is no factor"),
        ("[risk]\nbands = { low = [0, 50], high = [52, 100] }", "without a gap"),
        ("[risk]\nbands = { low = [0, 50], high = [50, 100] }", "without a gap"),
        ('[[packs]]\ncode = "a"\nleverage_cap = { fx = 0 }', ">= 1"),
        ('[[packs]]\ncode = "A b"', "regex"),
        ('[[packs]]\ncode = "a"\nwhen = { country = ["Spain"] }', "regex"),
        ('[[packs]]\ncode = "a"\ncolour = "red"', "unknown field `colour`"),
        ('[[packs]]\ncode = "a"\nrefresh_months = { low = 1 }', "name every risk band"),
        (
            '[[packs]]\ncode = "a"\nlevels = [{ code = "x", title = "X", needs_checks = ["luck"] }]',
            "no check 'luck'",
        ),
        (
            '[[packs]]\ncode = "a"\nlevels = [{ code = "x", title = "X", needs_steps = ["luck"] }]',
            "no step 'luck'",
        ),
        (
            '[[packs]]\ncode = "a"\n[[packs.steps]]\ncode = "x"\nkind = "questionnaire"\ntitle = "X"',
            "no questionnaire ''",
        ),
        (
            '[[questionnaires]]\ncode = "q"\nversion = "1"\ntitle = "Q"\nbands = []\nquestions = []',
            "has questions",
        ),
        ("[screening]\nthreshold = 10", ">= 60"),
        (
            '[risk]\nvolume = [{ value = 1, most = { amount = "NaN", currency = "EUR" } }]',
            "finite",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        read(text)
