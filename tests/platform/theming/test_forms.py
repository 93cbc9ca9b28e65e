from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from stoa.kernel.refusals import Invalid, ManyInvalid
from stoa.theming import forms
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing
from stoa.theming.render import environment


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    need: Annotated[int, Meta(title="People", ge=1, le=5)] = 1
    up_to: Decimal | None = None


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int = 443


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(title="Shown name", description="What clients read.", max_length=40)]
    key: Annotated[str, Meta(extra={"secret": True})] = ""
    speed: Speed = Speed.SLOW
    kind: Literal["card", "bank"] = "card"
    on: bool = True
    countries: tuple[str, ...] = ()
    link: Inner
    steps: tuple[Step, ...] = ()


VALUE = Slice(
    name="Alpha",
    key="hunter2",
    countries=("ES", "DE"),
    link=Inner(host="h.example"),
    steps=(Step(need=1, up_to=Decimal("2000.00")), Step(need=2)),
)


def drawn(errors: dict[str, str] | None = None) -> str:
    with showing(Look(brand=Brand())):
        return (
            environment("default")
            .from_string("{{ ui.form_for(fields) }}")
            .render(fields=forms.describe(Slice, VALUE, errors))
        )


def test_a_field_says_what_its_type_says() -> None:
    by_name = {field.name: field for field in forms.describe(Slice, VALUE)}

    assert by_name["name"].label == "Shown name"
    assert by_name["name"].help == "What clients read."
    assert by_name["name"].max == "40"
    assert by_name["name"].required
    assert by_name["speed"].kind == "select"
    assert by_name["speed"].options == (("slow", "Slow"), ("fast", "Fast"))
    assert by_name["on"].kind == "switch"
    assert by_name["link"].fields[0].name == "link.host"
    assert by_name["steps"].kind == "rows"
    assert by_name["steps"].fields[1].fields[0].name == "steps.1.need"


def test_a_stored_secret_is_never_shown() -> None:
    text = drawn()

    assert "hunter2" not in text
    assert 'name="key" value=""' in text


def test_an_error_stands_beside_its_field() -> None:
    text = drawn({"steps.1.need": "At most five."})

    assert "At most five." in text
    assert 'aria-describedby="f-steps-1-need-error"' in text


def test_what_was_drawn_and_sent_is_the_same_settings_again() -> None:
    sent = {
        "name": "Alpha",
        "key": "",
        "speed": "slow",
        "kind": "card",
        "on": "true",
        "countries": "ES\nDE",
        "link.host": "h.example",
        "link.port": "443",
        "steps.0.need": "1",
        "steps.0.up_to": "2000.00",
        "steps.1.need": "2",
        "steps.1.up_to": "",
    }

    back = forms.convert(Slice, sent)

    assert back == msgspec.structs.replace(VALUE, key="")


def test_a_switch_left_off_is_off_and_a_removed_row_is_gone() -> None:
    sent = {"name": "A", "link.host": "h", "steps.4.need": "3"}

    back = forms.convert(Slice, sent)

    assert back.on is False
    assert [step.need for step in back.steps] == [3]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"link.host": "h"}, None),
        ({"name": "A", "link.host": "h", "link.port": "many"}, "link.port"),
        ({"name": "A", "link.host": "h", "steps.0.need": "9"}, "steps.0.need"),
        ({"name": "A", "link.host": "h", "speed": "warp"}, "speed"),
    ],
)
def test_a_fault_names_its_field(sent: dict[str, str], field: str | None) -> None:
    with pytest.raises(ManyInvalid) as raised:
        forms.convert(Slice, sent)

    assert raised.value.problems[0].field == field


def test_a_list_without_end_is_refused() -> None:
    sent = {"name": "A", "link.host": "h"} | {f"steps.{n}.need": "1" for n in range(300)}

    with pytest.raises(Invalid):
        forms.convert(Slice, sent)
