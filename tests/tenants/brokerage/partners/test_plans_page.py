"""Plans at the desk: tried on the last month, asked for, agreed to by another; paused and counted again."""

import html
import re
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import select

from brokerage.partners.model import Reward
from brokerage.partners.plans import planforms, plansdesk
from brokerage.partners.settings import PartnerSettings
from stoa.settingsdesk import forming, pending
from stoa.tenancy import settings
from stoa.theming import texts
from support import people
from support.typing_in import step
from support.verification import drained
from support.web import signed_in

from .builders import a_trade, imported, later, rewards, three
from .conftest import PLAN, SETTINGS

HERE = "/desk/partners/plans"


@pytest.fixture
async def desk(house):
    """A broker of this file's own with one rewarded deal, an owner and somebody who agrees."""
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await settings.put(work, "partners", SETTINGS, why="a test")
    async with house.door.open(tenant, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        tree = await three(work)
        work.now = now
        await imported(work, tree.trader, a_trade(tree.trader.login, now))
        owner, _ = await people.make_staff(work, ["Owner"])
        tree.rewards = [row.id for row in await rewards(work, tree.trader.client)]
    tree.tenant = tenant
    tree.browser = await signed_in(house, tenant, owner, "desk")
    return tree


async def test_a_change_is_tried_then_asked_for_and_waits_with_its_figures(house, desk):
    page = await desk.browser.get(HERE)
    assert page.status_code == 200 and "Standard" in page.text
    assert '5.00<span class="unit">' in page.text, "its rate, as amounts are said"
    assert (await desk.browser.get(f"{HERE}/edit")).status_code == 200
    async with house.door.open(desk.tenant, purpose="test") as work:
        typed = planforms.as_text(work.settings(PartnerSettings))
    dearer = typed.replace('amount = "5"', 'amount = "9"')
    assert dearer != typed

    same = await desk.browser.post(f"{HERE}/preview", {"text": dearer, "why": ""})
    assert same.status_code == 422 and "version must be above 1" in same.text
    raised = dearer.replace("version = 1", "version = 2")
    tried = await desk.browser.post(f"{HERE}/preview", {"text": raised, "why": "dearer"})
    assert tried.status_code == 200, tried.text[:800]
    assert "Partners who gain" in tried.text

    asked = await desk.browser.post(HERE, {"text": raised, "why": "dearer from now on"})
    assert asked.status_code < 400
    async with house.door.open(desk.tenant, purpose="test") as work:
        waits = await pending.waiting(work, "partners")
        assert waits is not None and "partners earned" in waits.rehearsal[0]["text"]
        assert work.settings(PartnerSettings).plans[0].version == 1
    shown = await desk.browser.get(f"{HERE}/changes/{waits.id}")
    assert shown.status_code == 200 and "dearer from now on" in shown.text
    assert "Who gains, who loses" in (await desk.browser.get(HERE)).text


async def test_it_is_paused_resumed_and_counted_again_from_the_page(house, desk):
    assert (await desk.browser.post(f"{HERE}/pause", {"reason": "looked at"})).status_code < 400
    assert "looked at" in (await desk.browser.get(HERE)).text
    assert (await desk.browser.post(f"{HERE}/resume")).status_code < 400
    async with house.door.open(desk.tenant, purpose="test") as work:
        day = f"{work.now:%Y-%m-%d}"
    counted = await desk.browser.post(f"{HERE}/recount", {"first": day, "last": day, "reason": ""})
    assert counted.status_code < 400, counted.text[:500]
    wrong = await desk.browser.post(
        f"{HERE}/recount", {"first": "2031-02-01", "last": "2030-01-01"}
    )
    assert wrong.status_code == 422
    reward = await desk.browser.get(f"/desk/partners/rewards/{desk.rewards[0]}")
    assert reward.status_code == 200 and "plan default" in reward.text


async def test_what_is_too_long_to_wait_for_is_left_to_the_worker(house, desk, monkeypatch):
    monkeypatch.setattr(plansdesk, "_MOST_NOW", 0)
    async with house.door.open(desk.tenant, purpose="test") as work:
        day = f"{work.now:%Y-%m-%d}"
        less = msgspec.structs.replace(PLAN.cap, percent_of_income=40)
        begins = work.now - timedelta(days=9)
        changed = msgspec.structs.replace(PLAN, version=2, begins=begins, cap=less)
        await settings.put(
            work, "partners", msgspec.structs.replace(SETTINGS, plans=(changed,)), why="less"
        )

    yesterday = f"{date.fromisoformat(day) - timedelta(days=1):%Y-%m-%d}"
    counted = await desk.browser.post(
        f"{HERE}/recount", {"first": yesterday, "last": day, "reason": "half"}
    )
    assert counted.status_code < 400, counted.text[:500]
    async with house.door.open(desk.tenant, purpose="test") as work:
        assert not list(await work.rows(select(Reward).where(Reward.turn > 0)))
    await drained(house, desk.tenant)

    async with house.door.open(desk.tenant, purpose="test") as work:
        lines = list(await work.rows(select(Reward).where(Reward.turn > 0)))
    assert {(one.cause, one.plan_version) for one in lines} == {("half", 2)}


async def test_a_plan_is_changed_by_form_and_its_version_rises_by_itself(house, desk):
    async with house.door.open(desk.tenant, purpose="test") as work:
        value = work.settings(PartnerSettings)
        version = await settings.version_of(work, "partners")
    form = forming.opened(
        PartnerSettings, value, version, at="plans.0", only=frozenset(planforms.PARTS)
    ).drawn(texts.of("en"))
    assert (await desk.browser.get(f"{HERE}/edit?at=plans.0")).status_code == 200

    dearer = step(form, "look", plans__0__rewards__0__rate__amount="9")
    looked = await desk.browser.post(f"{HERE}/form", dearer)

    assert looked.status_code == 200, looked.text[:500]
    text = html.unescape(looked.text)
    assert "5 becomes 9" in text and "Version: 1 becomes 2" in text and "Partners who gain" in text
    hidden = dict(re.findall(r'name="(_draft|_version|_at)" value="([^"]*)"', looked.text))
    asked = await desk.browser.post(f"{HERE}/form", hidden | {"_do": "keep", "_why": "dearer"})
    assert asked.status_code < 400
    async with house.door.open(desk.tenant, purpose="test") as work:
        waits = await pending.waiting(work, "partners")
        assert waits is not None and waits.body["plans"][0]["version"] == 2
        assert work.settings(PartnerSettings) == value


async def test_the_form_of_plans_changes_nothing_beside_plans(desk, house):
    async with house.door.open(desk.tenant, purpose="test") as work:
        value = work.settings(PartnerSettings)
    form = forming.opened(PartnerSettings, value, 1, only=frozenset(planforms.PARTS))

    refused = await desk.browser.post(
        f"{HERE}/form", step(form.drawn(texts.of("en")), "look", touch_days="3")
    )

    assert refused.status_code == 422
    assert (await desk.browser.get(f"{HERE}/edit?at=payouts")).status_code == 404
