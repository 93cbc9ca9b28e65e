"""Sections as forms at the desk: redrawn without loss, looked at, refused at the field, put in force."""

import html
import re
from typing import Any

import pytest

from brokerage.product import PRODUCT
from stoa.drawn import carried
from stoa.drawn.hints import hint_of
from stoa.drawn.trees import harvest, plant
from stoa.settingsdesk import forming
from stoa.settingsdesk.telling import told
from stoa.tenancy import settings
from stoa.tenancy.actor import SYSTEM
from stoa.theming import texts
from support.people import make_staff
from support.typing_in import step
from support.web import signed_in

HIDDEN = re.compile(r'name="(_draft|_version|_at)" value="([^"]*)"')
GRANTS = ("settings:all:view", "settings:all:edit")


async def at_the_desk(house, tenant, grants=GRANTS):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, grants)
    browser = await signed_in(house, tenant, person, "desk")
    await browser.get("/desk/settings")
    return browser


async def in_force(house, tenant, name: str):
    async with house.door.open(tenant) as work:
        return work.settings(PRODUCT.slices[name]), await settings.version_of(work, name)


async def form_of(house, tenant, name: str, at: str = "") -> dict[str, Any]:
    value, version = await in_force(house, tenant, name)
    return forming.opened(PRODUCT.slices[name], value, version, at=at).drawn(texts.of("en"))


def cargo(page: str) -> dict[str, str]:
    """What a drawn form carries of itself."""
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


def tree_in(page: str) -> Any:
    return carried.unpack(cargo(page)["_draft"])


def value_in(page: str, name: str) -> Any:
    value, faults = harvest(hint_of(PRODUCT.slices[name]), tree_in(page))
    assert not faults
    return value


def path_of(name: str) -> str:
    return f"/desk/settings/sections/{name}"


@pytest.mark.parametrize("name", [one for one in PRODUCT.slices if one != "brand"])
async def test_every_section_is_drawn_light_and_its_labels_name_their_fields(house, borealis, name):
    desk = await at_the_desk(house, borealis)

    page = (await desk.get(path_of(name))).text

    assert len(page.encode()) < 100_000
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]+)"', page)) <= set(ids)


async def test_a_setting_is_changed_by_form_and_is_in_force(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "crm")

    looked = await desk.post(f"{path_of('crm')}/form", step(drawn, "look", first_call_hours="7"))
    kept = await desk.post(
        f"{path_of('crm')}/form",
        cargo(looked.text) | {"_do": "keep", "_why": "the team grew"},
    )

    assert "First call within: 4 becomes 7" in html.unescape(looked.text)
    assert kept.status_code == 204, kept.text
    value, _ = await in_force(house, borealis, "crm")
    assert value.first_call_hours == 7


async def test_without_a_reason_it_is_asked_for_and_nothing_is_lost(house, borealis):
    desk = await at_the_desk(house, borealis)
    before, version = await in_force(house, borealis, "recon")
    drawn = await form_of(house, borealis, "recon")
    looked = await desk.post(f"{path_of('recon')}/form", step(drawn, "look", late_h="49"))

    answer = await desk.post(f"{path_of('recon')}/form", cargo(looked.text) | {"_do": "keep"})

    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert value_in(answer.text, "recon").late_h == 49
    assert await in_force(house, borealis, "recon") == (before, version)


async def test_a_fault_stands_at_its_field_and_all_that_was_typed_is_kept(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "recon")

    answer = await desk.post(
        f"{path_of('recon')}/form",
        step(drawn, "look", sign_by_hour="99", late_h="some", near_days="3"),
    )

    assert answer.status_code == 422
    assert 'id="f-sign_by_hour-error"' in answer.text
    assert "From 0 to 23." in answer.text
    assert 'id="f-late_h-error"' in answer.text
    assert 'value="99"' in answer.text
    assert 'value="some"' in answer.text
    assert tree_in(answer.text)["near_days"] == "3"


async def test_a_fault_in_a_part_that_is_closed_opens_it(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "payments", "withdrawals")
    typed = await desk.post(
        f"{path_of('payments')}/form",
        step(drawn, "open:breaker", withdrawals__related_days="9999"),
    )

    answer = await desk.post(
        f"{path_of('payments')}/form",
        cargo(typed.text) | {"_do": "look"},
    )

    assert cargo(typed.text)["_at"] == "breaker"
    assert answer.status_code == 422
    assert "From 0 to 365." in answer.text
    assert 'name="withdrawals.related_days"' in answer.text


async def test_what_does_not_go_together_is_said_in_the_readers_language(house, borealis):
    desk = await at_the_desk(house, borealis)
    desk.http.cookies.set("language", "es")
    drawn = await form_of(house, borealis, "partners")

    answer = await desk.post(
        f"{path_of('partners')}/form", step(drawn, "look", default_plan="nowhere")
    )

    assert answer.status_code == 422
    assert "no hay ningún plan nowhere" in re.sub("[\u2066-\u2069]", "", html.unescape(answer.text))
    assert 'id="f-default_plan-error"' in answer.text
    assert tree_in(answer.text)["default_plan"] == "nowhere"


async def test_rows_are_added_moved_and_removed_by_plain_submits(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "crm")
    codes = [one["code"] for one in carried.unpack(drawn["draft"])["stages"]]
    action = f"{path_of('crm')}/form"
    page = (await desk.get(path_of("crm"))).text
    for press in ("add:stages", "down:stages.0", "up:stages.1", "drop:stages.1"):
        assert f'value="{press}"' in page

    added = await desk.post(
        action, step(drawn, "add:stages", stages__0__label="Typed & kept", assign_role="Anyone")
    )
    assert added.status_code == 200
    tree = tree_in(added.text)
    assert [one["code"] for one in tree["stages"]] == [*codes, ""]
    assert tree["stages"][0]["label"] == "Typed & kept"
    assert tree["assign_role"] == "Anyone"
    assert f'name="stages.{len(codes)}.code"' in added.text

    moved = await desk.post(action, cargo(added.text) | {"_do": "down:stages.0"})
    assert [one["code"] for one in tree_in(moved.text)["stages"]] == [
        codes[1],
        codes[0],
        *codes[2:],
        "",
    ]

    gone = await desk.post(action, cargo(moved.text) | {"_do": f"drop:stages.{len(codes)}"})
    assert [one["code"] for one in tree_in(gone.text)["stages"]] == [codes[1], codes[0], *codes[2:]]


async def test_a_part_is_opened_and_what_was_typed_elsewhere_stays(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "payments")
    action = f"{path_of('payments')}/form"

    opened = await desk.post(action, step(drawn, "open:methods.0", approval_days="31"))
    assert 'name="methods.0.label"' in opened.text
    assert 'name="approval_days"' not in opened.text

    back = await desk.post(action, cargo(opened.text) | {"_do": "open:"})
    assert 'name="approval_days" value="31"' in back.text


async def test_what_is_optional_is_set_and_taken_out(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "payments", "sources")
    action = f"{path_of('payments')}/form"

    there = await desk.post(action, step(drawn, "add:sources.analyst"))
    assert tree_in(there.text)["sources"]["analyst"] == {"connector": "", "settings": ""}
    assert 'name="sources.analyst.connector"' in there.text

    gone = await desk.post(action, cargo(there.text) | {"_do": "drop:sources.analyst"})
    assert tree_in(gone.text)["sources"]["analyst"] is None


async def test_a_setting_is_found_by_its_words_wherever_it_stands(house, borealis):
    desk = await at_the_desk(house, borealis)
    drawn = await form_of(house, borealis, "payments")

    found = await desk.post(
        f"{path_of('payments')}/form",
        step(drawn, "look", approval_days="31") | {"_find": "technical failure", "_sought": ""},
    )

    assert 'value="open:withdrawals.retries.technical_tries"' in found.text
    assert tree_in(found.text)["approval_days"] == "31"
    opened = await desk.post(
        f"{path_of('payments')}/form",
        cargo(found.text) | {"_do": "open:withdrawals.retries.technical_tries"},
    )
    assert 'name="withdrawals.retries.technical_tries"' in opened.text


async def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(house, aurora):
    desk = await at_the_desk(house, aurora)
    drawn = await form_of(house, aurora, "crm")
    looked = await desk.post(f"{path_of('crm')}/form", step(drawn, "look", first_call_hours="9"))
    async with house.door.open(aurora, actor=SYSTEM) as work:
        theirs = work.settings(PRODUCT.slices["crm"])
        changed = settings.parse(
            "crm",
            PRODUCT.slices["crm"],
            settings.as_data(theirs) | {"unverified_after_hours": 33, "assign_role": "Callers"},
        )
        await settings.put(work, "crm", changed, why="meanwhile")

    stale = await desk.post(
        f"{path_of('crm')}/form", cargo(looked.text) | {"_do": "keep", "_why": "mine"}
    )
    text = html.unescape(stale.text)
    assert stale.status_code == 422
    assert "becomes 33" in text
    assert "4 becomes 9" in text
    now, _ = await in_force(house, aurora, "crm")
    assert (now.first_call_hours, now.unverified_after_hours) == (4, 33)

    beside = await desk.post(f"{path_of('crm')}/form", cargo(stale.text) | {"_do": "beside"})
    kept = await desk.post(
        f"{path_of('crm')}/form", cargo(beside.text) | {"_do": "keep", "_why": "mine as well"}
    )
    assert kept.status_code == 204
    now, _ = await in_force(house, aurora, "crm")
    assert (now.first_call_hours, now.unverified_after_hours) == (9, 33)


async def test_a_text_written_over_somebodys_change_is_shown_it_first(house, aurora):
    desk = await at_the_desk(house, aurora)
    value, version = await in_force(house, aurora, "recon")
    async with house.door.open(aurora, actor=SYSTEM) as work:
        body = settings.as_data(value) | {"stale_after_h": 99}
        await settings.put(
            work, "recon", settings.parse("recon", type(value), body), why="meanwhile"
        )

    answer = await desk.post(
        path_of("recon"), {"text": "late_h = 50", "why": "mine", "version": str(version)}
    )

    assert answer.status_code == 422
    assert "becomes 99" in html.unescape(answer.text)
    assert "late_h = 50" in answer.text
    now, _ = await in_force(house, aurora, "recon")
    assert now.stale_after_h == 99


async def test_what_needs_two_people_waits_however_it_was_typed(house, aurora):
    desk = await at_the_desk(house, aurora)
    before, _ = await in_force(house, aurora, "payments")
    drawn = await form_of(house, aurora, "payments", "withdrawals.auto_approve")

    looked = await desk.post(
        f"{path_of('payments')}/form",
        step(drawn, "look", withdrawals__auto_approve__max__amount="499999"),
    )
    assert "a second person agrees" in html.unescape(looked.text)
    await desk.post(
        f"{path_of('payments')}/form", cargo(looked.text) | {"_do": "keep", "_why": "larger sums"}
    )

    now, _ = await in_force(house, aurora, "payments")
    assert now == before


async def test_who_may_only_look_is_shown_fields_that_cannot_be_typed_in(house, borealis):
    desk = await at_the_desk(house, borealis, ("settings:all:view",))
    drawn = await form_of(house, borealis, "crm")

    page = (await desk.get(path_of("crm"))).text
    refused = await desk.post(f"{path_of('crm')}/form", step(drawn, "look"))

    assert 'name="_do"' not in page
    assert refused.status_code == 403
    for field in re.findall(r"<(?:input|select|textarea)[^>]*name=\"[a-z][^>]*>", page):
        if 'type="hidden"' not in field and 'type="search"' not in field:
            assert "disabled" in field, field


def hostile() -> list[tuple[str, dict[str, Any], int]]:
    many = {f"stages.{n}.code": "x" for n in range(10_000)}
    deep = ".".join(["stages.0"] * 400) + ".code"
    bomb = carried.pack({"stages": ["0" * 3_000_000]})
    nested: Any = {}
    for _ in range(90):
        nested = {"stages": [nested]}
    return [
        ("an unknown field", {"admin": "1"}, 422),
        ("an unknown field of a row", {"stages.0.owner": "1"}, 422),
        ("ten thousand rows", many, 422),
        ("a name without end", {deep: "1"}, 422),
        ("a row from nowhere", {"stages.0._kept": "77"}, 422),
        ("no draft", {"_draft": ""}, 422),
        ("no real draft", {"_draft": "AAAA"}, 422),
        ("a draft of one number", {"_draft": carried.pack([1])}, 422),
        ("a draft beyond every limit", {"_draft": bomb}, 422),
        ("a draft of wrong types", {"_draft": carried.pack({"stages": "x", "score": 7})}, 422),
        ("a draft that is nested", {"_draft": carried.pack(nested)}, 422),
        ("a place that is not there", {"_at": "stages.99"}, 404),
        ("a place of another kind", {"_at": "stages.0.code"}, 422),
        ("a step to nowhere", {"_do": "add:nowhere"}, 404),
        ("a step into a text", {"_do": "drop:assign_role"}, 404),
        ("a step up from nothing", {"_do": "up:"}, 404),
        ("a version that is none", {"_version": "٣"}, 422),
        ("a version to come", {"_version": "99999999"}, 422),
        ("a file's worth", {"stages.0.label": "x" * 200_000}, 422),
    ]


@pytest.mark.parametrize(("what", "typed", "status"), hostile(), ids=[one[0] for one in hostile()])
async def test_what_no_form_sends_is_refused_and_changes_nothing(
    house, borealis, what, typed, status
):
    desk = await at_the_desk(house, borealis)
    before = await in_force(house, borealis, "crm")
    drawn = await form_of(house, borealis, "crm")

    pressed = step(drawn, "look")
    if "_draft" in typed:  # A draft alone, with nothing drawn over it.
        pressed = {name: one for name, one in pressed.items() if name in ("_version", "_at", "_do")}
    answer = await desk.post(f"{path_of('crm')}/form", pressed | typed)

    assert answer.status_code == status, answer.text[:300]
    assert await in_force(house, borealis, "crm") == before


async def test_the_products_own_reasons_are_words_in_the_readers_language(house, borealis):
    desk = await at_the_desk(house, borealis)

    english = (await desk.get(f"{path_of('crm')}/versions")).text
    desk.http.cookies.set("language", "ar")
    arabic = (await desk.get(f"{path_of('crm')}/versions")).text

    assert "Set up from the blueprint Standard" in english
    assert "أُعدّ من القالب Standard" in html.unescape(re.sub("<[^>]+>|[\u2066-\u2069]", "", arabic))


def test_a_value_planted_twice_is_the_same_tree():
    kind = PRODUCT.slices["partners"]

    assert plant(hint_of(kind), kind()) == plant(hint_of(kind), settings.as_data(kind()))


@pytest.mark.parametrize(
    ("language", "added", "held", "switched"),
    [
        ("en", "Provider alpha, Share 30", "Card, Bank transfer", "no"),
        ("es", "Proveedor alpha, Cuota 30", None, "no"),
        ("ar", None, None, "لا"),
    ],
)
def test_values_of_a_difference_are_said_by_labels_and_choices(language, added, held, switched):
    kind = PRODUCT.slices["payments"]
    say = texts.of(language)
    route = {"name": "Cards", "use": [{"psp": "beta", "share": 70}], "on": True}
    now = route | {
        "use": [*route["use"], {"psp": "alpha", "share": 30}],
        "on": False,
        "when": {"method": ["card", "bank"]},
    }

    told_now = [
        say.say(text, **places)
        for text, places in told(
            kind, settings.diff({"routes": [route | {"when": {"method": []}}]}, {"routes": [now]})
        )
    ]

    assert not [line for line in told_now if "psp alpha" in line or "share 30" in line]
    assert added is None or any(added in line for line in told_now), told_now
    assert held is None or any(held in line for line in told_now), told_now
    assert any(line.endswith((f" {switched}", f" {switched}.")) for line in told_now), told_now
