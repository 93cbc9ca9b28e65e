"""Accounts that were on a server before us: looked at, taken over whole or not at all, compared."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from click import ClickException
from click.testing import CliRunner
from sqlalchemy import func, select

from brokerage.clients.model import Client
from brokerage.commands import importing as command
from brokerage.commands.platforms import platforms
from brokerage.crm.model import Lead
from brokerage.ledger.model import Entry
from brokerage.partners.model import Reward
from brokerage.trading.events import ImportGoesOn
from brokerage.trading.importing import asking, rules, running, state
from brokerage.trading.importing.lines import How, Line, Options, Verdict
from brokerage.trading.model import Deal, TradingAccount
from brokerage.trading.settings import Server, TradingProduct, TradingSettings
from stoa.identity import people
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Denied, Invalid, Unavailable
from support.ctrader_server import hashed
from support.people import make_staff
from support.web import signed_in

from .test_ctrader import joined, plant, way

__all__ = ["plant", "way"]

SERVER = "mt5-live"
SINCE = f"{datetime.now(UTC) - timedelta(days=20):%Y-%m-%d}"


@pytest.fixture
async def broker(house, plant, way):
    return await joined(house, plant, way, {"host": "service:link"})


async def there(plant, email="", *, currency="USD", past=0, description="", balance=0, name="Old"):
    """An account somebody made on the server long ago."""
    login, password = plant.manager
    token = (
        await plant.post("/v2/webserv/managers/token", login=login, hashedPassword=hashed(password))
    )["webservToken"]
    made = await plant.post(
        f"/v2/webserv/traders?token={token}",
        accessRights="FULL_ACCESS",
        accountType="HEDGED",
        balance=balance,
        brokerName="sandbox",
        depositCurrency=currency,
        groupName="Raw",
        hashedPassword=hashed("Old-pass-1"),
        leverageInCents=10_000,
        totalMarginCalculationType="MAX",
        name=name,
        lastName="Client",
        description=description,
        contactDetails={"email": email},
    )
    if past:
        now = datetime.now(UTC)
        await plant.post(
            "/history",
            login=made["login"],
            **{
                "from": (now - timedelta(days=60)).isoformat(),
                "to": (now - timedelta(seconds=5)).isoformat(),
            },
            deals=past,
            deposit="900",
            seed=3,
        )
    return made["login"]


async def address_of(broker, client):
    async with broker.opener()() as work:
        return people.email_of(work, await work.get(Person, client))


async def looked(broker, **more):
    async with broker.opener()() as work:
        await asking.look(work, SERVER, Options(**{"since": SINCE} | more))
    await running.run_through(broker.opener(), SERVER)
    return await stands(broker)


async def taken(broker):
    async with broker.opener()() as work:
        await asking.take(work, SERVER)
    await running.run_through(broker.opener(), SERVER)
    return await stands(broker)


async def stands(broker):
    async with broker.opener()() as work:
        row = await state.locked(work, SERVER)
        return state.of(row), {one.login: one for one in state.report(work, row)}


async def account_of(broker, login):
    async with broker.opener()() as work:
        return await work.first(select(TradingAccount).where(TradingAccount.login == login))


async def count(broker, *what):
    async with broker.opener()() as work:
        return await work.value(select(func.count()).select_from(what[0]).where(*what[1:]))


async def test_a_dry_run_says_whose_every_login_is_and_changes_nothing(broker, plant):
    customer = await broker.customer()
    client = await broker.client()
    address = await address_of(broker, client)
    async with broker.opener()() as work:
        reference = (await work.get(Client, client)).reference
    by_mail = await there(plant, address.upper(), past=30)
    by_number = await there(plant, description=reference)
    nobodys = await there(plant, "stranger@example.com", balance=5_00)
    euros = await there(plant, address, currency="EUR")
    before = await count(broker, TradingAccount)

    now, told = await looked(broker)

    assert now.stage == "looked"
    assert (told[by_mail].verdict, told[by_mail].how) == (Verdict.MAKE, How.EMAIL)
    assert (told[by_number].verdict, told[by_number].how) == (Verdict.MAKE, How.REFERENCE)
    assert told[by_mail].client == told[by_number].client == client
    assert told[nobodys].verdict is Verdict.NOBODY
    assert (told[euros].verdict, told[euros].why) == (Verdict.REFUSED, "currency-not-offered")
    assert told[customer.login].verdict is Verdict.OURS
    assert Decimal(told[nobodys].balance) == 5
    assert await count(broker, TradingAccount) == before
    async with broker.opener()() as work:
        row = await state.locked(work, SERVER)
        assert b"stranger@example.com" not in row.import_sealed


async def test_an_account_comes_with_its_history_and_its_balance_and_the_books_agree(broker, plant):
    client = await broker.client()
    login = await there(plant, await address_of(broker, client), past=60)
    (opened,) = await plant.trade(login, lots="0.01")
    await looked(broker)

    now, told = await taken(broker)

    truth = await plant.get(f"/truth/{login}")
    row = await account_of(broker, login)
    line = told[login]
    assert (now.stage, now.counts["made"], now.counts["differ"]) == ("done", 1, 0)
    assert (line.verdict, line.why) == (Verdict.MADE, "")
    assert Decimal(line.books) == Decimal(line.balance) == row.balance
    assert (row.client, row.state, row.currency) == (client, "active", "USD")
    first = datetime.fromisoformat(SINCE).replace(tzinfo=UTC)
    since = list(truth["tickets"])
    assert 0 < line.deals <= len(since) + 1
    assert await count(broker, Deal, Deal.login == login) == line.deals
    assert await count(broker, Deal, Deal.login == login, Deal.at < first) == 0
    assert await count(broker, Entry, Entry.ref == row.id) == 1
    assert await count(broker, Deal, Deal.login == login, Deal.imported_at != Deal.at) == 0
    assert await count(broker, Reward) == 0

    # What happens from now on is the watcher's, and is booked as on any account.
    again = await broker.told()
    await plant.close(login, int(opened["PositionID"]))
    fresh = await broker.told()
    async with broker.opener()() as work:
        await asking.compare(work, SERVER)
    await running.run_through(broker.opener(), SERVER)
    now, told = await stands(broker)
    assert (again, fresh) == (0, 1)
    assert (now.stage, told[login].why) == ("done", "")
    assert Decimal(told[login].books) == Decimal((await plant.get(f"/truth/{login}"))["balance"])
    assert await broker.laws() == []


async def test_an_import_taken_over_twice_makes_nothing_twice(broker, plant):
    client = await broker.client()
    login = await there(plant, await address_of(broker, client), past=20)
    await looked(broker)
    await taken(broker)
    entries = await count(broker, Entry)
    deals = await count(broker, Deal)

    _now, told = await looked(broker)

    assert told[login].verdict is Verdict.OURS
    with pytest.raises(Conflict, match="nothing to take over"):
        await taken(broker)
    assert (await count(broker, Entry), await count(broker, Deal)) == (entries, deals)


async def test_a_server_that_goes_away_stops_it_between_two_accounts_and_it_goes_on(broker, plant):
    client = await broker.client()
    address = await address_of(broker, client)
    logins = [await there(plant, address, past=8) for _ in range(5)]
    await looked(broker)
    async with broker.opener()() as work:
        turn = (await asking.take(work, SERVER)).turn
    for at in range(600):
        now, _told = await stands(broker)
        if now.stage not in state.UNDER_WAY:
            break
        if at < 4:
            await plant.post("/faults", disconnect={"chance": 0.3, "times": 1})
        try:
            await running.go_on(broker.opener(), ImportGoesOn(server=SERVER, turn=now.turn))
        except Unavailable:
            await asyncio.sleep(0.5)  # as a worker waits; at once, the circuit is open still
    fired = (await plant.get("/faults"))["fired"]

    now, told = await stands(broker)
    assert fired["disconnect"] > 0
    assert now.turn > turn
    assert (now.stage, now.counts["differ"]) == ("done", 0)
    for login in logins:
        assert told[login].verdict is Verdict.MADE
        row = await account_of(broker, login)
        assert await count(broker, Entry, Entry.ref == row.id) == 1
        assert await count(broker, Deal, Deal.account == row.id) == told[login].deals
    assert await broker.laws() == []


async def test_a_turn_that_was_overtaken_does_nothing(broker, plant):
    client = await broker.client()
    await there(plant, await address_of(broker, client))
    await looked(broker)
    async with broker.opener()() as work:
        old = (await asking.take(work, SERVER)).turn
    await running.run_through(broker.opener(), SERVER)
    before = await stands(broker)

    await running.go_on(broker.opener(), ImportGoesOn(server=SERVER, turn=old))

    assert await stands(broker) == before


async def test_clients_are_made_only_where_it_is_asked_and_never_half(broker, plant):
    good = await there(plant, f"{uuid7().hex}@example.com", past=10, name="Ida")
    bad = await there(plant, "no address", balance=7_00)
    clients = await count(broker, Client)

    _, left = await looked(broker)
    _, asked = await looked(broker, unmatched="client", country="ES")
    now, told = await taken(broker)

    row = await account_of(broker, good)
    assert left[good].verdict is Verdict.NOBODY
    assert asked[good].how is How.NEW_CLIENT
    assert told[good].verdict is Verdict.MADE
    assert row.client == told[good].client
    assert (told[bad].verdict, told[bad].why) == (Verdict.REFUSED, "bad-details")
    assert await account_of(broker, bad) is None
    assert await count(broker, Client) == clients + 1
    assert now.stage == "done"


async def test_leads_are_made_without_accounts(broker, plant):
    login = await there(plant, f"{uuid7().hex}@example.com", name="Leo")
    leads = await count(broker, Lead)

    await looked(broker, unmatched="lead")
    _, told = await taken(broker)

    assert told[login].verdict is Verdict.LEAD
    assert await count(broker, Lead) == leads + 1
    assert await account_of(broker, login) is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"since": "next week"}, "not a day"),
        ({"since": "2199-01-01"}, "not come yet"),
        ({"product": "no-such"}, "no such product"),
        ({"unmatched": "client"}, "in which country"),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_nothing_begins(broker, more, says):
    with pytest.raises(Invalid, match=says):
        await looked(broker, **more)

    assert (await stands(broker))[0] is None


async def test_two_imports_of_one_server_do_not_run_at_once(broker):
    async with broker.opener()() as work:
        await asking.look(work, SERVER, Options())
    async with broker.opener()() as work:
        with pytest.raises(Conflict, match="under way"):
            await asking.look(work, SERVER, Options())
    async with broker.opener()() as work:
        with pytest.raises(Conflict, match="under way"):
            await asking.take(work, SERVER)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_desk_sees_the_report_takes_over_and_downloads_it(house, broker, plant, language):
    client = await broker.client()
    login = await there(plant, await address_of(broker, client), past=10)
    await there(plant, name="=HYPERLINK(1)", balance=1_00)
    async with broker.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        support, _ = await make_staff(work, ["Support"])
    browser = await signed_in(house, broker.tenant, owner, "desk")
    browser.http.cookies.set("language", language)
    here = f"/desk/servers/{SERVER}/import"

    empty = await browser.get(here)
    asked = await browser.post(here, {"since": SINCE, "unmatched": "leave"})
    await running.run_through(broker.opener(), SERVER)
    report = await browser.get(here)
    one = await browser.get(f"{here}?show=make")
    went = await browser.post(f"{here}/take", {})
    await running.run_through(broker.opener(), SERVER)
    done = await browser.get(here)
    file = await browser.get(f"{here}?format=csv")

    assert [page.status_code for page in (empty, report, one, done, file)] == [200] * 5
    assert (asked.status_code, went.status_code) == (204, 204)
    assert all(len(page.content) < 100_000 for page in (empty, report, done))
    assert str(login) in report.text
    assert str(login) in one.text
    assert f"{here}/compare" in done.text
    assert f"{login},Raw,USD" in file.text
    assert "'=HYPERLINK" in file.text
    other = await signed_in(house, broker.tenant, support, "desk")
    assert (await other.get(here)).status_code == 403


async def test_who_may_not_import_does_not(broker):
    customer = await broker.customer()
    async with broker.opener(customer.actor)() as work:
        with pytest.raises(Denied):
            await asking.look(work, SERVER, Options())


async def test_the_command_runs_dry_and_then_takes_over(
    broker, plant, monkeypatch, tmp_path, capsys
):
    client = await broker.client()
    login = await there(plant, await address_of(broker, client), past=10)

    @asynccontextmanager
    async def opened():
        yield None, broker.house.door

    async def tenant_of(_door, _slug):
        return broker.tenant

    monkeypatch.setattr(command, "opened", opened)
    monkeypatch.setattr(command, "tenant_of", tenant_of)
    report = tmp_path / "report.csv"
    asked = Options(since=SINCE)

    await command._bring("any", SERVER, asked, report, go=False)
    dry, made = capsys.readouterr().out, await account_of(broker, login)
    await command._bring("any", SERVER, asked, None, go=True)
    went = capsys.readouterr().out

    assert made is None
    assert "nothing was taken over" in dry
    assert f"{login},Raw,USD" in report.read_text()
    assert "1  Taken over" in went
    assert (await account_of(broker, login)).client == client
    with pytest.raises(ClickException, match="not a day"):
        await command._bring("any", SERVER, Options(since="tomorrow"), None, go=True)


def test_the_command_says_what_it_takes():
    told = CliRunner().invoke(platforms, ["import", "--help"])

    assert told.exit_code == 0
    assert "--go" in told.output


KNOWN = rules.Known(
    ours=frozenset({1}),
    opening=frozenset({"A:OPENING"}),
    by_external={},
    by_reference={},
    by_email={"a@example.com": uuid7()},
    closed=frozenset(),
)
SETTINGS = TradingSettings(
    servers=(Server(code="s", kind="live", label="S", groups=()),),
    products=(TradingProduct(code="p", label="P", kind="live", server="s", currencies=("USD",)),),
)


@pytest.mark.parametrize(
    ("line", "verdict", "why"),
    [
        (Line(1, "g", "USD"), Verdict.OURS, ""),
        (Line(2, "g", "XXQ"), Verdict.REFUSED, "currency-unknown"),
        (Line(2, "g", "EUR"), Verdict.REFUSED, "currency-not-offered"),
        (Line(2, "g", "USD", external="A:OPENING"), Verdict.REFUSED, "opening"),
        (Line(2, "g", "USD", email="A@example.com"), Verdict.MAKE, ""),
        (Line(2, "g", "USD", email="b@example.com"), Verdict.NOBODY, ""),
    ],
)
def test_what_becomes_of_a_login_is_decided_without_asking_anybody(line, verdict, why):
    told = rules.judged(line, KNOWN, SETTINGS, SETTINGS.servers[0], Options())

    assert (told.verdict, told.why) == (verdict, why)
