"""Provider accounts at the desk: every connector can be added by a form drawn from its own type."""

import html

import msgspec
import pytest
from sqlalchemy import select

from brokerage.payments import connectors
from brokerage.payments.psp import providers
from brokerage.payments.settings import PaymentsSettings
from stoa.connectors.keyring import secret_fields
from stoa.tenancy.model import Setting
from stoa.theming import texts
from stoa.vault import credentials
from stoa.web.reader import LANGUAGE_COOKIE
from support.people import make_staff
from support.web import signed_in

OWNER = (
    "payments:psp:view",
    "payments:psp:test",
    "settings:all:view",
    "settings:all:edit",
    "settings:secrets:edit",
)


async def at_the_desk(house, tenant, *permissions):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, permissions or OWNER)
    return await signed_in(house, tenant, person, "desk")


@pytest.fixture
async def tenant(house):
    return await house.tenant()


async def psp_of(house, tenant, code):
    async with house.door.open(tenant) as work:
        return work.settings(PaymentsSettings).psp(code)


async def test_every_connector_is_offered_and_its_form_asks_for_all_of_it(house, tenant):
    desk = await at_the_desk(house, tenant)

    listed = await desk.get("/desk/psps/new")
    assert listed.status_code == 200
    for kind in connectors.ALL:
        assert f"connector={kind.code}" in listed.text
        form = await desk.get(f"/desk/psps/new?connector={kind.code}")
        assert form.status_code == 200, form.text[:400]
        assert len(form.content) < 100_000
        for field in msgspec.structs.fields(kind.settings_type):
            hidden = field.name == "callback_url"
            assert (f'name="{field.name}"' in form.text) != hidden, (kind.code, field.name)
    assert "connector=wire" in (await desk.get("/desk/psps/new")).text
    assert "/desk/psps/new" in (await desk.get("/desk/psps")).text


@pytest.mark.parametrize("kind", connectors.ALL, ids=lambda kind: kind.code)
async def test_a_provider_is_added_changed_and_its_secrets_are_never_shown(house, tenant, kind):
    desk = await at_the_desk(house, tenant)
    secrets = {name: f"sk-0123456789-{name}" for name in secret_fields(kind.settings_type)}
    typed = {
        "code": "mine",
        "connector": kind.code,
        "label": "Mine",
        "on": "true",
        "why": "new one",
    }
    await desk.get(f"/desk/psps/new?connector={kind.code}")

    made = await desk.post("/desk/psps/new", typed | secrets)

    assert made.status_code == 204, made.text
    assert made.headers["hx-redirect"] == "/desk/psps/mine/settings"
    psp = await psp_of(house, tenant, "mine")
    assert (psp.connector, psp.label, psp.on) == (kind.code, "Mine", True)
    assert providers.abilities(psp) is not None
    shown = await desk.get("/desk/psps/mine/settings")
    assert shown.status_code == 200, shown.text[:400]
    assert "sk-0123456789" not in shown.text
    assert "callback_url" not in psp.settings
    async with house.door.open(tenant) as work:
        for name, value in secrets.items():
            assert psp.settings[name] == f"mine.{name}"
            assert await credentials.read(work, f"mine.{name}") == value

    changed = await desk.post(
        "/desk/psps/mine/settings", {"label": "Ours", "on": "", "why": "another name"}
    )
    assert changed.status_code == 204, changed.text
    psp = await psp_of(house, tenant, "mine")
    assert (psp.label, psp.on) == ("Ours", False)
    async with house.door.open(tenant) as work:
        for name, value in secrets.items():
            assert await credentials.read(work, f"mine.{name}") == value


async def test_what_is_typed_is_what_is_kept(house, tenant):
    desk = await at_the_desk(house, tenant)
    typed = {
        "code": "bank-eur",
        "connector": "wire",
        "label": "Main bank",
        "on": "true",
        "why": "the account",
        "holder": "Northlight Ltd",
        "iban": "IE29 AIBK 9311 5212 3456 78",
        "currencies": "EUR\nGBP",
        "structured": "true",
    }
    await desk.get("/desk/psps/new?connector=wire")

    assert (await desk.post("/desk/psps/new", typed)).status_code == 204

    psp = await psp_of(house, tenant, "bank-eur")
    assert psp.settings["iban"] == typed["iban"]
    assert list(psp.settings["currencies"]) == ["EUR", "GBP"]
    able = providers.abilities(psp)
    assert able is not None and able.deposits[0].currencies == {"EUR", "GBP"}
    tested = await desk.post("/desk/psps/bank-eur/test", {})
    assert tested.status_code == 200 and "Know the account" in tested.text


async def test_bad_input_is_refused_and_changes_nothing(house, tenant):
    desk = await at_the_desk(house, tenant)
    fine = {"code": "mine", "connector": "mpesa", "label": "M", "on": "true", "why": "because"}
    await desk.get("/desk/psps/new?connector=mpesa")
    for bent, status in (
        ({"code": "Mine!"}, 422),
        ({"code": ""}, 422),
        ({"why": ""}, 422),
        ({"shortcode": "not-digits"}, 422),
        ({"kind": "Other"}, 422),
        ({"connector": "nobody"}, 404),
        ({"code": "alpha"}, 422),
    ):
        answer = await desk.post("/desk/psps/new", fine | bent)
        assert answer.status_code == status, (bent, answer.text)
    assert await psp_of(house, tenant, "mine") is None
    assert (await desk.get("/desk/psps/nobody/settings")).status_code == 404
    assert (await desk.get("/desk/psps/new?connector=nobody")).status_code == 404


async def test_who_may_not_change_settings_or_secrets_does_not(house, tenant):
    viewer = await at_the_desk(house, tenant, "payments:psp:view", "settings:all:view")
    shown = await viewer.get("/desk/psps/alpha/settings")
    assert shown.status_code == 200 and 'name="why"' not in shown.text
    typed = {"label": "X", "on": "true", "why": "because"}
    assert (await viewer.post("/desk/psps/alpha/settings", typed)).status_code == 403

    editor = await at_the_desk(
        house, tenant, "payments:psp:view", "settings:all:view", "settings:all:edit"
    )
    await editor.get("/desk/psps/alpha/settings")
    answer = await editor.post("/desk/psps/alpha/settings", typed | {"api_key": "sk-other"})
    assert answer.status_code == 403
    kept = await psp_of(house, tenant, "alpha")
    assert kept.label == "Alpha Cards"
    plain = await editor.post("/desk/psps/alpha/settings", typed)
    assert plain.status_code == 204, plain.text
    kept = await psp_of(house, tenant, "alpha")
    assert (kept.label, kept.settings["base_url"]) == ("X", "service:alpha")


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(house, tenant):
    desk = await at_the_desk(house, tenant)
    await desk.get("/desk/psps/new?connector=mpesa")
    typed = {
        "code": "alpha", "connector": "mpesa", "label": "Mobile", "on": "true", "why": "Kenya",
        "shortcode": "174379", "passkey": "pk-0123456789",
    }  # fmt: skip

    taken = await desk.post("/desk/psps/new", typed)
    bent = await desk.post("/desk/psps/new", typed | {"code": "mpesa", "shortcode": "digits"})

    for answer, name in ((taken, "code"), (bent, "shortcode")):
        assert answer.status_code == 422
        assert f'id="f-{name}-error"' in answer.text
        for value in ("Mobile", "Kenya"):
            assert f'value="{value}"' in answer.text
        assert "pk-0123456789" not in answer.text, "a secret is never drawn"
    assert "Another provider has this code." in taken.text
    assert 'value="174379"' in taken.text and 'value="digits"' in bent.text


@pytest.mark.parametrize("language", ["es", "ar"])
async def test_a_fault_is_said_in_the_readers_language(house, tenant, language):
    desk = await at_the_desk(house, tenant)
    await desk.get("/desk/psps/new?connector=mpesa")
    typed = {"code": "alpha", "connector": "mpesa", "label": "M", "why": "because"}

    desk.http.cookies.set(LANGUAGE_COOKIE, language)
    said = await desk.post("/desk/psps/new", typed)

    assert "Another provider has this code." not in said.text
    assert texts.of(language).gettext("Another provider has this code.") in html.unescape(said.text)


async def test_hostile_input_is_refused_and_an_address_of_the_installation_stays(house, tenant):
    desk = await at_the_desk(house, tenant)
    page = await desk.get("/desk/psps/alpha/settings")
    assert "The installation notes this address by itself." in page.text
    fine = {"label": "Alpha", "on": "true", "why": "because"}
    for bent in (
        {"no_such_field": "1"},
        {"base_url": "https://evil.example"},
        {"currencies.0.code": "EUR"},
        {f"field{n}": "x" for n in range(3_000)},
        {"_do": "keep", "_draft": "eJwDAAAAAAE="},
        {"_do": "add:base_url"},
        {"_do": "add:" + ".".join(["a"] * 99)},
    ):
        answer = await desk.post("/desk/psps/alpha/settings", fine | bent)
        assert answer.status_code in {404, 413, 422}, (list(bent)[:2], answer.text[:300])
    held = await psp_of(house, tenant, "alpha")
    assert held.label == "Alpha Cards" and held.settings["base_url"] == "service:alpha"


async def test_a_secret_that_cannot_be_kept_leaves_the_settings_as_they_were(house, tenant):
    """They were put in force before the secret was refused, and stayed so behind the refusal."""
    desk = await at_the_desk(house, tenant)
    await desk.get("/desk/psps/new?connector=stripe")
    typed = {"code": "mine", "connector": "stripe", "label": "Mine", "on": "true", "why": "new"}

    answer = await desk.post("/desk/psps/new", typed | {"api_key": "s" * 16_385})

    assert answer.status_code == 422
    assert "16384 characters" in answer.text
    assert await psp_of(house, tenant, "mine") is None
    async with house.door.open(tenant) as work:
        newest = await work.first(
            select(Setting).where(Setting.slice == "payments").order_by(Setting.id.desc())
        )
        assert "mine" not in {one["code"] for one in newest.body["psps"]}
