import pytest

from stoa.theming import statuses
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing
from stoa.theming.statuses import Status, Tone


def test_a_state_is_a_word_with_a_colour_and_an_icon() -> None:
    text = str(statuses.status("paid"))

    assert "tone-done" in text
    assert "<svg" in text
    assert ">Paid</span>" in text


@pytest.mark.parametrize("spelling", ["in_flight", "in-flight", "IN FLIGHT"])
def test_a_state_is_the_same_however_it_is_spelled(spelling: str) -> None:
    assert statuses.known(spelling).label == "In flight"


def test_a_state_is_said_in_the_readers_language() -> None:
    with showing(Look(brand=Brand(), locale="es")):
        assert "Pagado" in statuses.status("paid")


def test_an_unknown_state_waits_under_its_own_escaped_name() -> None:
    text = str(statuses.status("<b>odd</b>"))

    assert "tone-waiting" in text
    assert "<b>" not in text


def test_a_word_never_means_two_things() -> None:
    statuses.learn({"weighed": Status("Weighed", Tone.DONE)})
    statuses.learn({"weighed": Status("Weighed", Tone.DONE)})

    with pytest.raises(ValueError):
        statuses.learn({"paid": Status("Paid", Tone.STOPPED)})
