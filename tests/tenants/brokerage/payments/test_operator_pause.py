"""TEN-21, J7 step 5: the operator pauses a connector for all or some, with a reason, and back."""

import secrets

import pytest
from sqlalchemy import select

from brokerage.payments import module
from brokerage.payments.events import PayoutDue
from brokerage.payments.routing import operators, watching
from brokerage.payments.withdrawing import payouts
from stoa.audit.model import AuditEntry, OperatorAudit
from stoa.control import pulse
from stoa.kernel.refusals import Denied, Invalid, NotFound
from stoa.notices.model import Notice
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.model import Pulse
from support.operators import inside
from support.people import make_staff

from .people import finance
from .test_withdrawals import a_place, approve, asked, funded, parts, send_all, state_of

WHY = "The certificate of the provider was revoked"


async def paused_at(market, psp: str = "beta"):
    async with market.opener()() as work:
        return (await watching.states(work)).get(psp)


async def test_one_command_pauses_everywhere_and_back_and_each_log_has_its_part(market, house):
    other = await house.tenant()
    async with market.opener()() as work:
        staff, _ = await make_staff(work, ("Owner",))

    done = await operators.pause(house.door, "hyperswitch", reason=WHY)

    mine = {one.tenant: one.psps for one in done if not one.trouble}
    assert mine[market.tenant.slug] == ("beta",) and mine[other.slug] == ("beta",)
    row = await paused_at(market)
    assert row.paused == "operator" and row.operator_paused_why == WHY
    assert (await paused_at(market, "alpha")) is None or not (
        await paused_at(market, "alpha")
    ).paused
    async with market.opener()() as work:
        told = await work.rows(select(Notice).where(Notice.person == staff.id))
        entry = await work.first(
            select(AuditEntry).where(AuditEntry.reason == WHY).order_by(AuditEntry.id.desc())
        )
    assert any("paused by the platform" in one.title for one in told)
    assert entry is not None and entry.reason == WHY

    assert await operators.pause(house.door, "hyperswitch", reason=WHY) == []
    back = await operators.resume(house.door, "hyperswitch", reason="It is valid again")
    assert {one.tenant for one in back} >= {market.tenant.slug, other.slug}
    assert (await paused_at(market)).paused == ""


async def test_a_tenant_that_comes_later_finds_paused_what_is_paused_for_all(market, house):
    async def standing(tenant) -> set[str]:
        async with house.door.open(tenant, purpose="test") as work:
            rows = (await watching.states(work)).values()
            return {row.psp for row in rows if row.paused == "operator"}

    await operators.pause(house.door, "hyperswitch", reason=WHY)
    await operators.pause(house.door, "paystack", reason=WHY, tenants=[market.tenant.slug])
    try:
        late = await standing(await house.tenant())
    finally:
        await operators.resume(house.door, "hyperswitch", reason="It is valid again")
        await operators.resume(house.door, "paystack", reason="It is valid again")
    after = await standing(await house.tenant())

    assert late == {"beta", watching.kind_of("hyperswitch")}
    assert after == set()


async def test_for_chosen_ones_alone(market, house):
    other = await house.tenant()

    await operators.pause(house.door, "hyperswitch", reason=WHY, tenants=[market.tenant.slug])

    assert (await paused_at(market)).paused == "operator"
    async with house.door.open(other, purpose="test") as work:
        known = (await watching.states(work)).get("beta")
    assert known is None or known.paused == ""
    with pytest.raises(Invalid, match="no tenant"):
        await operators.resume(house.door, "hyperswitch", reason=WHY, tenants=["nobody-here"])


async def test_a_provider_that_is_added_meanwhile_is_paused_as_well(market, house, desk):
    owner = await desk("Owner")
    await operators.pause(house.door, "paystack", reason=WHY, tenants=[market.tenant.slug])
    form = {"connector": "paystack", "label": "Paystack", "on": "true", "why": "a new market"}

    made = await owner.post(
        "/desk/psps/new", form | {"code": "late", "api_key": "sk-0123456789-key"}
    )

    assert made.status_code in {204, 303}, made.text[:300]
    row = await paused_at(market, "late")
    assert row.paused == "operator" and row.operator_paused_why == WHY
    await operators.resume(
        house.door, "paystack", reason="Valid again", tenants=[market.tenant.slug]
    )
    assert (await paused_at(market, "late")).paused == ""
    await owner.post("/desk/psps/new", form | {"code": "later", "api_key": "sk-0123456789-key"})
    assert (await paused_at(market, "later")) is None


async def test_no_new_payment_goes_there_and_a_payout_waits_for_it(market, customer, house):
    await funded(customer)
    row = await asked(customer, "600.00", destination=await a_place(customer))
    await approve(market, row, finance())
    await operators.pause(house.door, "hyperswitch", reason=WHY, tenants=[market.tenant.slug])

    await send_all(market, row.id)

    (part,) = await parts(market, row.id)
    assert part.state == "waiting" and part.queued
    made = await customer.start("100.00")
    assert (await customer.deposit(made.deposit)).psp == "alpha"
    await operators.resume(
        house.door, "hyperswitch", reason="Valid again", tenants=[market.tenant.slug]
    )
    await payouts.send(market.opener(), PayoutDue(payout=part.id))
    assert (await parts(market, row.id))[0].state in {"accepted", "paid"}
    assert (await state_of(market, row.id)).state in {"sending", "paid"}


async def test_what_the_tenants_own_people_paused_stays_paused(market, house):
    async with market.opener(finance())() as work:
        await watching.pause(work, "beta", "We looked at its statements")
    only = [market.tenant.slug]
    await operators.pause(house.door, "hyperswitch", reason=WHY, tenants=only)

    await operators.resume(house.door, "hyperswitch", reason="Valid again", tenants=only)

    assert (await paused_at(market)).paused == "tenant"


async def test_staff_read_that_and_why_but_never_who(market, house, desk):
    name = f"Olga {secrets.token_hex(4)}"
    actor = Actor(Kind.OPERATOR, None, name, frozenset({"control:connectors:pause"}))
    await operators.pause(
        house.door, "hyperswitch", reason=WHY, tenants=[market.tenant.slug], actor=actor
    )
    owner = await desk("Owner")

    page = await owner.get("/desk/psps/beta/health")

    assert WHY in page.text and "Paused by the operator" in page.text
    assert name not in page.text
    async with market.opener()() as work:
        entries = await work.rows(select(AuditEntry).where(AuditEntry.reason == WHY))
        assert all(name not in str(one.actor_name) for one in entries)
    async with house.door.platform() as work:
        mine = await work.rows(select(OperatorAudit).where(OperatorAudit.actor_name == name))
    assert [one.reason for one in mine] == [WHY]


async def test_without_a_reason_a_right_or_a_connector_nothing_happens(market, house):
    nobody = Actor(Kind.OPERATOR, None, "Nobody", frozenset({"control:tenants:view"}))

    with pytest.raises(Invalid):
        await operators.pause(house.door, "hyperswitch", reason=" ")
    with pytest.raises(Denied):
        await operators.pause(house.door, "hyperswitch", reason=WHY, actor=nobody)
    with pytest.raises(NotFound):
        await operators.pause(house.door, "no-such-thing", reason=WHY)

    known = await paused_at(market)
    assert known is None or known.paused == ""


async def test_the_page_shows_who_uses_it_and_pauses_it_for_one(market, house):
    await pulse.take(house.door, house.product, market.tenant)
    browser, _ = await inside(house)

    every = await browser.get("/connectors")
    one = await browser.get("/connectors/hyperswitch")
    assert every.status_code == one.status_code == 200
    assert market.tenant.slug in one.text
    async with house.door.platform() as work:
        told = await work.session.get(Pulse, market.tenant.id)
        psp = told.body["connectors"]["hyperswitch"]["psps"][0]
        told.body = told.body | {"failing_connectors": [psp]}
    failing = await browser.get("/connectors")
    first = failing.text.index("/connectors/")
    assert failing.text[first:].startswith("/connectors/hyperswitch"), "what fails stands first"
    assert "Failing" in (await browser.get("/connectors/hyperswitch")).text

    nobody = await browser.post(
        "/connectors/hyperswitch/pause",
        {"reason": WHY},
        headers={"accept": "application/problem+json"},
    )
    assert nobody.status_code == 422
    done = await browser.post(
        "/connectors/hyperswitch/pause", {"reason": WHY, "tenants": market.tenant.slug}
    )
    assert done.status_code in {200, 204, 303}, done.text
    assert (await paused_at(market)).paused == "operator"
    await pulse.take(house.door, house.product, market.tenant)
    assert "player-play" in (await browser.get("/connectors/hyperswitch")).text
    assert module.MODULE.control


async def test_an_operator_who_may_only_look_is_refused(market, house):
    browser, _ = await inside(house, ["control:connectors:view"])

    answer = await browser.post(
        "/connectors/hyperswitch/pause", {"reason": WHY, "everyone": "true"}
    )

    assert answer.status_code == 403
