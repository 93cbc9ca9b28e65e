"""Passkeys at the control plane, which no tenant's host knows and which know none of theirs."""

from sqlalchemy import select

from stoa.audit.model import OperatorAudit
from stoa.identity import operators
from stoa.identity.challenges import SAID, Fault
from stoa.identity.model import Operator, OperatorPasskey, OperatorSession
from support.authenticator import Authenticator, added, sent, shown
from support.operators import PASSWORD, inside, made
from support.people import PASSWORD as CLIENTS
from support.people import make_client_login
from support.web import signed_in, visitor


async def with_passkey(house):
    """An operator whose only second factor is a passkey."""
    operator = await made(house)
    browser, device = visitor(house, None), Authenticator()
    await browser.get("/sign-in")
    await browser.post("/sign-in", {"email": operator.email, "password": PASSWORD})
    answer = await added(browser, device)
    assert answer.headers["hx-redirect"].startswith("/second-factor/codes")
    return operator, device, browser


async def rows(house, operator):
    async with house.door.platform() as work:
        found = await work.rows(
            select(OperatorPasskey)
            .where(OperatorPasskey.owner == operator.id)
            .order_by(OperatorPasskey.made_at)
        )
        return found, (await work.get(Operator, operator.id)).passkeys


async def entering(house, device, **wrong):
    browser = visitor(house, None)
    await browser.get("/sign-in")
    return browser, await shown(browser, "/sign-in/passkey", device, **wrong)


async def test_an_operator_sets_one_up_and_signs_in_by_it(house):
    operator, device, browser = await with_passkey(house)
    assert (await browser.get("/second-factor/codes?next=/me")).text.count("<li><code>") == 10
    assert "My telephone" in (await browser.get("/me")).text

    fresh, entered = await entering(house, device)

    assert entered.headers["hx-redirect"] == "/"
    assert (await fresh.get("/me")).status_code == 200
    async with house.door.platform() as work:
        session = await work.first(
            select(OperatorSession)
            .where(OperatorSession.operator == operator.id)
            .order_by(OperatorSession.started_at.desc())
        )
    assert (session.way, session.stage) == ("passkey", "full")
    assert (await fresh.post("/me/codes")).status_code == 204


async def test_it_is_the_second_factor_after_the_password(house):
    operator, device, _ = await with_passkey(house)
    browser = visitor(house, None)
    await browser.get("/sign-in")
    await browser.post("/sign-in", {"email": operator.email, "password": PASSWORD})
    await browser.get("/second-factor")

    wrong = await shown(browser, "/second-factor/passkey", device, verified=False)
    right = await shown(browser, "/second-factor/passkey", device, "?next=/me")

    assert wrong.json()["detail"] == SAID[Fault.UNVERIFIED]
    assert right.headers["hx-redirect"] == "/me"


async def test_a_count_that_goes_back_is_refused_and_kept(house):
    operator, device, _ = await with_passkey(house)
    await entering(house, device, count=5)

    _, answer = await entering(house, device, count=4)

    assert answer.json()["detail"] == SAID[Fault.COPIED]
    async with house.door.platform() as work:
        entries = await work.rows(select(OperatorAudit).order_by(OperatorAudit.at.desc()).limit(20))
    facts = [one for entry in entries for one in entry.changes if "did" in one]
    assert str(operator.id) in {one.get("owner") for one in facts}


async def test_neither_side_knows_the_other_s(house, aurora):
    _, device, _ = await with_passkey(house)
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work, password=CLIENTS)
    room, theirs = await signed_in(house, aurora, person, "room"), Authenticator()
    await added(room, theirs, password=CLIENTS)

    at_tenant = visitor(house, aurora)
    await at_tenant.get("/sign-in")
    device.host = aurora.host
    abroad = await shown(at_tenant, "/sign-in/passkey", device)
    theirs.host = house.config.control_host
    _, here = await entering(house, theirs)

    assert abroad.json()["detail"] == here.json()["detail"] == SAID[Fault.UNKNOWN]


async def test_what_is_asked_names_the_control_plane_and_its_own_host(house):
    _, _, browser = await with_passkey(house)

    asked = (await sent(browser, "/second-factor/passkey/new/options", {"name": "Another"})).json()

    assert asked["rp"] == {"id": house.config.control_host, "name": "Control"}


async def test_one_is_removed_and_the_last_one_stays(house):
    operator, device, browser = await with_passkey(house)
    [first], _ = await rows(house, operator)
    last = await browser.post(f"/me/passkeys/{first.id}/end")
    await added(browser, Authenticator())
    await browser.get("/me")

    removed = await browser.post(f"/me/passkeys/{first.id}/end")

    assert last.status_code == 409
    assert removed.headers["hx-redirect"] == "/me"
    found, count = await rows(house, operator)
    assert len(found) == count == 1 and found[0].id != first.id
    _, answer = await entering(house, device)
    assert answer.json()["detail"] == SAID[Fault.UNKNOWN]


async def test_stopped_or_reset_it_opens_nothing(house):
    operator, device, _ = await with_passkey(house)
    async with house.door.platform() as work:
        await operators.reset_factor(work, operator.id)

    found, count = await rows(house, operator)
    _, answer = await entering(house, device)

    assert (list(found), count) == ([], 0)
    assert answer.json()["detail"] == SAID[Fault.UNKNOWN]


async def test_an_operator_with_an_app_adds_one_beside_it(house):
    browser, operator = await inside(house)

    answer = await added(browser, Authenticator())

    assert answer.headers["hx-redirect"] == "/me"
    found, count = await rows(house, operator)
    assert (len(found), count) == (1, 1)
    assert 'name="code"' in (await browser.get("/second-factor")).text
