"""A form that stands on one page: filled, added to, read, told what is wrong, and nothing lost."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from stoa.drawn import carried, whole
from stoa.drawn.given import Given
from stoa.kernel.refusals import Conflict, Invalid, ManyInvalid, NotFound
from stoa.theming import texts
from stoa.theming.brand import Brand
from stoa.theming.look import Look, showing
from stoa.theming.render import environment
from support.typing_in import sent as as_sent


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    need: Annotated[int, Meta(title="People", ge=1, le=5)] = 1
    up_to: Decimal | None = None


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int = 443


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(title="Shown name", description="What clients read.", max_length=40)]
    key: Annotated[str, Meta(extra={"secret": True})] = "x.key"
    url: str = "https://usual.example"
    speed: Speed = Speed.SLOW
    kind: Literal["card", "bank"] = "card"
    via: str = ""
    on: bool = True
    countries: tuple[str, ...] = ()
    noted: Annotated[str, Meta(extra={"hidden": True})] = ""
    link: Inner
    steps: tuple[Step, ...] = ()


VALUE = Kind(
    name="Alpha",
    url="service:alpha",
    countries=("ES", "DE"),
    noted="kept",
    link=Inner(host="h.example"),
    steps=(Step(need=1, up_to=Decimal("2000.00")), Step(need=2)),
)
GIVEN = Given(
    secrets={"key": "••••6789"},
    locked={"url": "Noted above."},
    options={"via": (("a", "A way"), ("b", "B way"))},
)
EN = texts.of("en")


def opened(value: Any = VALUE) -> whole.Whole:
    return whole.opened(Kind, value, given=GIVEN)


def sent_back(form: whole.Whole, **changed: Any) -> dict[str, Any]:
    """The form's fields as a browser sends them, what is fixed left out, some typed anew."""
    drawn = form.drawn(EN)
    found = as_sent(drawn["fields"])
    for name in form.given.locked:
        found.pop(name, None)
    if drawn["draft"]:
        found["_draft"] = drawn["draft"]
    return found | {name.replace("__", "."): value for name, value in changed.items()}


def page_of(form: whole.Whole) -> str:
    with showing(Look(brand=Brand())):
        return (
            environment("default")
            .from_string(
                '{% call ui.whole_form(form, "/x") %}{{ ui.tree_fields(form.fields) }}{% endcall %}'
            )
            .render(form=form.drawn(EN))
        )


def test_a_field_says_what_its_type_and_the_moment_say() -> None:
    by_name = {one.name: one for one in opened().drawn(EN)["fields"]}

    assert (by_name["name"].label, by_name["name"].help) == ("Shown name", "What clients read.")
    assert by_name["name"].max == "40" and by_name["name"].required
    assert by_name["speed"].options == (("slow", "Slow"), ("fast", "Fast"))
    assert by_name["via"].kind == "select" and dict(by_name["via"].options)["b"] == "B way"
    assert by_name["url"].locked == "Noted above."
    assert by_name["steps"].fields[1].fields[0].name == "steps.1.need"
    assert "noted" not in by_name


def test_what_was_drawn_and_sent_is_the_same_value_again() -> None:
    form = whole.read(whole.sent(opened(), sent_back(opened())))

    assert form.faults == {}
    assert form.value == VALUE


def test_a_secret_is_said_to_be_stored_and_neither_it_nor_a_new_one_is_ever_drawn() -> None:
    form = whole.sent(opened(), sent_back(opened(), key="sk-hunter2", _do="add:steps"))

    text = page_of(form)

    assert form.entered == {"key": "sk-hunter2"}
    assert "hunter2" not in text and "Stored: ••••6789" in text
    assert 'name="key" value=""' in text and "type the ones you entered once more" in text
    assert whole.sent(opened(), sent_back(opened())).entered == {}, "left empty, it stays"


def test_what_is_fixed_is_not_drawn_open_and_not_taken() -> None:
    text = page_of(opened())

    assert "Noted above." in text
    with pytest.raises(Invalid, match="fixed"):
        whole.sent(opened(), sent_back(opened(), url="https://evil.example"))
    with pytest.raises(Invalid, match="not known"):
        whole.sent(opened(), sent_back(opened(), noted="mine"))
    forged = carried.pack({"name": "B", "url": "https://evil.example", "noted": "mine"})
    back = whole.read(whole.sent(opened(), sent_back(opened(), _draft=forged)))
    assert (back.value.url, back.value.noted) == ("service:alpha", "kept")


def test_rows_come_go_and_move_by_buttons_and_all_that_was_typed_stays() -> None:
    typed = sent_back(opened(), name="Typed", steps__1__need="nine")

    more = whole.sent(opened(), typed | {"_do": "add:steps"})
    up = whole.sent(opened(), typed | {"_do": "up:steps.1"})
    less = whole.sent(opened(), typed | {"_do": "drop:steps.0"})

    assert [one["need"] for one in more.tree["steps"]] == ["1", "nine", "1"]
    assert [one["need"] for one in up.tree["steps"]] == ["nine", "1"]
    assert [one["need"] for one in less.tree["steps"]] == ["nine"]
    assert all(form.tree["name"] == "Typed" and not form.faults for form in (more, up, less))


def test_an_emptied_field_is_as_usual_and_a_switch_left_off_is_off() -> None:
    form = whole.read(whole.sent(opened(), {"name": "A", "link.host": "h", "link.port": ""}))

    assert (form.value.link.port, form.value.on, form.value.steps) == (443, False, ())


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"name": ""}, "name", "Please fill this in."),
        ({"name": "x" * 41}, "name", "At most 40 characters."),
        ({"link__port": "many"}, "link.port", "Write a number in digits."),
        ({"steps__0__need": "9"}, "steps.0.need", "From 1 to 5."),
        ({"speed": "warp"}, "speed", "Choose one of the offered values."),
    ],
)
def test_an_error_stands_at_its_field_beside_what_was_typed(
    changed: dict[str, str], field: str, says: str
) -> None:
    typed = sent_back(opened(), **changed)
    form = whole.read(whole.sent(opened(), typed))

    text = page_of(form)

    assert {path: str(one) for path, one in form.faults.items()} == {field: says}
    assert f'id="f-{field.replace(".", "-")}-error"' in text and says in text
    assert f'"{next(iter(changed.values()))}"' in text


def test_a_refusal_is_told_at_its_field_and_what_has_none_above_the_form() -> None:
    named = whole.refused(opened(), ManyInvalid([Invalid("A.", field="steps[1].need")]))
    loose = whole.refused(opened(), Conflict("It runs for {n} days.", n=7))

    assert named.drawn(EN)["problem"] == ""
    assert "f-steps-1-need-error" in page_of(named)
    assert loose.drawn(EN)["problem"] == "It runs for 7 days."


@pytest.mark.parametrize(
    "hostile",
    [
        {"nobody": "1"},
        {"steps.0.need.deeper": "1"},
        {"link": "flat"},
        {"_draft": "not a draft"},
        {"_do": "add:nowhere"},
        {"_do": "drop:steps.9"},
        {"_do": "up:name"},
        {"_do": "open:" + ".".join("x" * 40)},
        {f"steps.{n}.need": "1" for n in range(10_000)},
        {f"steps.{n}.need": "1" for n in range(600)},
        {"name": "x" * 200_000},
        {"key": "x" * 200_000},
        {"name": object()},
    ],
    ids=lambda one: next(iter(one)) + str(len(one)),
)
def test_hostile_input_is_refused_clearly(hostile: dict[str, Any]) -> None:
    with pytest.raises((Invalid, NotFound)) as refused:
        whole.sent(opened(), sent_back(opened()) | hostile)

    assert str(refused.value)


def test_many_rows_are_folded_and_come_back_in_their_order() -> None:
    steps = tuple(Step(need=1 + n % 5) for n in range(120))
    value = msgspec.structs.replace(VALUE, steps=steps)
    form = opened(value)

    drawn = form.drawn(EN)
    back = whole.sent(opened(), sent_back(form) | {"_do": "open:steps.7"})
    text = page_of(back)

    assert drawn["draft"] and whole.read(back).value.steps == steps
    assert 'name="steps.7.need"' in text and 'name="steps.8.need"' not in text
    assert 'name="steps.8._kept"' in text


def test_groups_stand_over_their_fields_and_lose_none() -> None:
    drawn = opened().drawn(EN, groups=(("First", ("on", "name")), ("Last", ("steps",))))

    assert [one.label for one in drawn["fields"]][-2:] == ["First", "Last"]
    assert as_sent(drawn["fields"]).keys() == as_sent(opened().drawn(EN)["fields"]).keys()
