"""Rules are changed as a draft: tried on the past, agreed to by another, compared afterwards."""

import pytest
from sqlalchemy import select

from brokerage.payments.routing import drafts, history
from brokerage.payments.routing.terms import Route
from brokerage.payments.settings import PaymentsSettings
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.model import SettingChange
from support.people import make_staff
from support.web import signed_in

from .test_routing import ALPHA, body, changed, psps

BETA = {"name": "Beta first", "use": [{"psp": "beta"}], "cascade": ["alpha"]}


async def browser_of(market, *roles):
    async with market.opener()() as work:
        person, _ = await make_staff(work, list(roles))
    return await signed_in(market.house, market.tenant, person, "desk")


async def only_draft(market):
    async with market.opener()() as work:
        return (await drafts.listed(work))[0]


async def test_a_rule_goes_from_draft_to_force_through_two_people(market, customer):
    """N07 and PSP-14, over the pages: begin, edit, simulate, ask, agree, compare."""
    told = await body(market)
    costs = {
        "alpha": {"costs": [{"percent": "3"}]},
        "beta": {"costs": [{"method": ["card"], "percent": "1"}]},
    }
    await changed(market, psps=psps(told, **costs), routes=ALPHA)
    paid = [await customer.paid("100.00") for _ in range(3)]
    tried = [(await customer.attempts(each))[0] for each in paid]
    moves = [t for t in tried if t.psp == "alpha" and t.decision["seen"]["beta"]["healthy"]]
    one, two = await browser_of(market, "Owner"), await browser_of(market, "Owner")

    begun = await one.post("/desk/routing/drafts", {"name": "Cheaper"})
    path = begun.headers["hx-redirect"]
    form = await one.get(f"{path}/routes/1")
    assert form.status_code == 200 and 'value="All"' in form.text
    wrong = await one.post(
        f"{path}/routes/1", {"name": "Beta first", "use.0.psp": "nobody", "use.0.share": "100"}
    )
    assert wrong.status_code == 422 and "nobody" in wrong.text and "Beta first" in wrong.text
    assert (await only_draft(market)).routes[0]["name"] == "All", "what cannot be was kept"
    kept = await one.post(
        f"{path}/routes/1",
        {
            "name": "Beta first",
            "on": "true",
            "by": "split",
            "otherwise": "next",
            "use.0.psp": "beta",
            "use.0.share": "100",
            "cascade": "alpha",
        },
    )
    assert kept.status_code == 204, kept.text
    early = await one.post(f"{path}/ask", {"why": "cheaper"})
    assert early.status_code == 409
    assert (await one.post(f"{path}/simulate", {"days": "30"})).status_code == 204
    draft = await only_draft(market)
    found = draft.predicted
    assert draft.routes[0] == {
        "name": "Beta first",
        "when": {},
        "use": [{"psp": "beta", "share": 100}],
        "cascade": ["alpha"],
    }
    assert (found["looked"], found["moved"]) == (3, len(moves)) and moves
    assert found["psps"]["beta"]["now"]["count"] >= len(moves)
    page = await one.get(path)
    assert page.status_code == 200 and "Beta first" in page.text
    assert "Alpha Cards" in page.text and ">alpha<" not in page.text

    assert (await one.post(f"{path}/ask", {"why": "cheaper"})).status_code == 204
    async with market.opener()() as work:
        assert work.settings(PaymentsSettings).routes[0].name == "All"
        change = await work.first(select(SettingChange))
        assert change.state == "waiting"
        assert any("elsewhere" in line["text"] for line in change.rehearsal)
    mine = await one.post(f"/desk/settings/changes/{change.id}/agree", {})
    assert mine.status_code == 403
    assert (await two.post(f"/desk/settings/changes/{change.id}/agree", {})).status_code == 204

    async with market.opener()() as work:
        assert work.settings(PaymentsSettings).routes[0].name == "Beta first"
    await customer.paid("100.00")
    async with market.opener()() as work:
        draft = await drafts.listed(work)
        set_at = await drafts.released(work, draft[0])
        real = await history.reality(work, set_at.version, None)
    assert real["looked"] == 1 and real["psps"]["beta"]["share"] == "100.00"
    shown = await one.get(path)
    assert "Predicted and real" in shown.text
    assert (await one.get("/desk/routing")).status_code == 200


async def test_the_settings_page_is_no_way_around_the_second_person(market):
    one = await browser_of(market, "Owner")
    page = await one.get("/desk/settings/sections/payments")
    assert page.status_code == 200
    async with market.opener()() as work:
        from stoa.settingsdesk.sections import as_text

        text = as_text(work.settings(PaymentsSettings)).replace("share = 70", "share = 71")

    answer = await one.post(
        "/desk/settings/sections/payments", {"text": text, "why": "a little more"}
    )

    assert answer.status_code == 204, answer.text
    async with market.opener()() as work:
        assert (await work.first(select(SettingChange))).state == "waiting"
        assert work.settings(PaymentsSettings).routes[0].use[0].share == 70


async def test_a_draft_is_refused_where_it_cannot_be_or_is_outdated(market):
    async with market.opener()() as work:
        row = await drafts.begin(work, "Mine")
        route = Route(**BETA | {"use": (), "cascade": (), "otherwise": "stop"})
        await drafts.put_rule(work, row.id, "routes", 99, route)
        assert len(row.routes) == 3
        await drafts.move_rule(work, row.id, "routes", 3, -1)
        assert row.routes[1]["name"] == "Beta first"
        with pytest.raises(Conflict):
            await drafts.move_rule(work, row.id, "routes", 1, -1)
        with pytest.raises(Invalid):
            await drafts.begin(work, " ")
        await drafts.predict(work, row.id, 30)
        await drafts.drop_rule(work, row.id, "routes", 2)
        assert row.predicted is None
        await drafts.predict(work, row.id, 30)
        with pytest.raises(Conflict):
            await drafts.ask(work, row.id, "nothing differs")
    await changed(market, routes=ALPHA)

    with pytest.raises(Conflict, match="changed since"):
        async with market.opener()() as work:
            await drafts.ask(work, row.id, "too late")


async def test_who_may_not_change_settings_begins_no_draft(market):
    support = await browser_of(market, "Finance")

    answer = await support.post("/desk/routing/drafts", {"name": "Mine"})

    assert answer.status_code == 403
    assert (await support.get("/desk/routing")).status_code == 200
