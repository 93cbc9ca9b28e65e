"""Trading servers by forms: added, tested, held against their maps, paused, removed."""

import msgspec
import pytest

from brokerage.trading import connectors, sync, transfers, wiring
from brokerage.trading.model import TransferState
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict
from stoa.tenancy.actor import SYSTEM
from stoa.theming import forms
from stoa.vault import credentials
from support.people import make_staff
from support.web import signed_in

SERVER = "mt5-live"


@pytest.fixture
async def owner(house, broker):
    async with broker.opener()() as work:
        person, _ = await make_staff(work, ["Owner"])
    return await signed_in(house, broker.tenant, person, "desk")


async def configured(broker):
    async with broker.opener()() as work:
        return work.settings(TradingSettings)


def form(server, login, **more):
    """The form of an MT5 server as the page has it, with the group map as rows."""
    sent = {
        "label": "A second one",
        "kind_of": "live",
        "host": "127.0.0.1",
        "port": str(server.port),
        "login": str(login),
        "groups.0.group": "real\\standard-usd",
        "groups.0.currency": "USD",
        "groups.0.book": "A",
        "groups.0.swap_free": "",
        "why": "a second server",
    }
    return sent | more


@pytest.mark.parametrize("code", [one.code for one in connectors.ALL])
async def test_every_platform_has_a_form(owner, code):
    page = await owner.get(f"/desk/servers/new?connector={code}")

    assert page.status_code == 200, page.text[:500]
    for one in forms.describe(connectors.named(code).settings_type):
        assert f'name="{one.name}"' in page.text
    assert len(page.content) < 100_000


async def test_a_server_is_connected_by_its_form_and_its_password_is_never_shown(owner, broker):
    login, password = broker.server.manager
    sent = form(broker.server, login, code="mt5-second", connector="mt5-webapi", password=password)

    answer = await owner.post("/desk/servers/new", data=sent)
    assert answer.status_code < 400, answer.text[:500]

    made = (await configured(broker)).server("mt5-second")
    assert made is not None
    assert made.settings["password"] == "mt5-second.password"
    assert made.groups[0].book == "A"
    assert made.groups[0].when.currency == ("USD",)
    async with broker.opener()() as work:
        assert await credentials.both(work, "mt5-second.password") == [password]
    page = await owner.get("/desk/servers/mt5-second/settings")
    assert password not in page.text
    again = await owner.post(
        "/desk/servers/mt5-second/settings", data=form(broker.server, login, label="Renamed")
    )
    assert again.status_code < 400
    after = (await configured(broker)).server("mt5-second")
    assert after is not None
    assert after.label == "Renamed"
    assert after.settings["password"] == "mt5-second.password"


async def test_a_test_holds_both_maps_against_the_server_and_a_wrong_group_is_refused(
    owner, broker
):
    page = await owner.post(f"/desk/servers/{SERVER}/test")
    assert page.status_code == 200, page.text[:500]
    assert "See the groups" in page.text
    assert "Group map" in page.text

    login, _ = broker.server.manager
    sent = form(broker.server, login, **{"groups.0.group": "real\\nowhere"})
    answer = await owner.post(f"/desk/servers/{SERVER}/settings", data=sent)

    assert answer.status_code == 422
    assert "has no group" in answer.text


async def test_symbols_of_the_server_are_put_into_the_map_by_a_persons_word(owner, broker):
    await broker.told()
    async with broker.opener()() as work:
        now = work.settings(TradingSettings)
        listed = tuple(one for one in now.symbols.listed if one.symbol not in {"EURUSD", "GBPUSD"})
        symbols = msgspec.structs.replace(now.symbols, listed=listed)
        changed = msgspec.structs.replace(now, symbols=symbols)
        await wiring.settings.put(work, "trading", changed, why="a test")
    page = await owner.get(f"/desk/servers/{SERVER}/settings")
    assert "as.EURUSD" in page.text

    answer = await owner.post(
        f"/desk/servers/{SERVER}/symbols",
        data={"as.EURUSD": "class:fx_major", "as.GBPUSD": "same:USDJPY", "why": "new names"},
    )
    assert answer.status_code < 400, answer.text[:500]

    listed = {one.symbol: one for one in (await configured(broker)).symbols.listed}
    assert listed["EURUSD"].contract_size == 100_000
    assert "GBPUSD" in listed["USDJPY"].synonyms
    wrong = await owner.post(
        f"/desk/servers/{SERVER}/symbols", data={"as.NOSUCH": "class:gold", "why": "a bad one"}
    )
    assert wrong.status_code == 422


async def test_a_paused_server_is_left_alone_and_what_is_to_be_sent_waits(owner, broker):
    customer = await broker.customer()
    answer = await owner.post(f"/desk/servers/{SERVER}/pause", data={"reason": "maintenance"})
    assert answer.status_code < 400, answer.text[:400]

    moved = await customer.ask("in", "25.00")
    await transfers.sweep(broker.opener())
    await sync.watch(broker.opener())

    assert (await customer.transfer(moved)).state == TransferState.HELD
    assert "maintenance" in (await owner.get("/desk/servers")).text
    await owner.post(f"/desk/servers/{SERVER}/resume", data={"reason": "it is done"})
    await customer.send(moved)
    assert (await customer.transfer(moved)).state == TransferState.DONE


async def test_a_server_with_products_or_accounts_is_not_removed(owner, broker):
    answer = await owner.post(f"/desk/servers/{SERVER}/remove", data={"reason": "not wanted"})
    assert answer.status_code == 409
    assert (await configured(broker)).server(SERVER) is not None

    login, password = broker.server.manager
    sent = form(broker.server, login, code="mt5-empty", connector="mt5-webapi", password=password)
    await owner.post("/desk/servers/new", data=sent)
    async with broker.opener(SYSTEM)() as work:
        with pytest.raises(Conflict):
            await wiring.resume(work, "mt5-empty", "it never was paused")
    gone = await owner.post("/desk/servers/mt5-empty/remove", data={"reason": "not wanted"})
    assert gone.status_code < 400, gone.text[:400]
    assert (await configured(broker)).server("mt5-empty") is None


def test_a_mapping_is_a_line_for_each_and_comes_back_as_it_was():
    kind = connectors.named("dxtrade").settings_type
    sent = {"base_url": "https://x", "username": "a", "leverages": "GOLD=50\n RAW = 100 "}

    made = forms.convert(kind, sent)

    assert made.leverages == {"GOLD": 50, "RAW": 100}
    shown = next(one for one in forms.describe(kind, made) if one.name == "leverages")
    assert shown.value == "GOLD=50\nRAW=100"
    with pytest.raises(Exception, match="NAME=value"):
        forms.convert(kind, sent | {"leverages": "GOLD 50"})
