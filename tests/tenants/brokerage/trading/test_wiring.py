"""Trading servers by forms: added, tested, held against their maps, paused, removed."""

import msgspec
import pytest

from brokerage.trading import carrying, connectors, sync, wiring
from brokerage.trading.model import TransferState
from brokerage.trading.settings import Server, TradingSettings
from stoa.drawn import whole
from stoa.drawn.hints import parts, sort_of
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import SYSTEM
from stoa.theming import texts
from stoa.vault import credentials
from support.people import make_staff
from support.typing_in import sent
from support.web import signed_in

SERVER = "mt5-live"
EMPTY = Server(code="x", connector="x", kind="live", label="x", groups=())


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
    for one in parts(connectors.named(code).settings_type):
        if sort_of(one.hint) == "pairs":
            assert f'value="add:{one.name}"' in page.text
        else:
            assert f'name="{one.name}"' in page.text
    assert len(page.content) < 100_000


async def test_a_server_is_connected_by_its_form_and_its_password_is_never_shown(owner, broker):
    login, password = broker.server.manager
    sent = form(
        broker.server, login, code="mt5-second", connector="mt5-webapi", host="127.0.0.1",
        password=password,
    )  # fmt: skip

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
        "/desk/servers/mt5-second/settings",
        data=form(broker.server, login, host="127.0.0.1", label="Renamed"),
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
    await carrying.sweep(broker.opener())
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
    new = {"code": "mt5-empty", "connector": "mt5-webapi", "host": "127.0.0.1"}
    sent = form(broker.server, login, **new, password=password)
    await owner.post("/desk/servers/new", data=sent)
    async with broker.opener(SYSTEM)() as work:
        with pytest.raises(Conflict):
            await wiring.resume(work, "mt5-empty", "it never was paused")
    gone = await owner.post("/desk/servers/mt5-empty/remove", data={"reason": "not wanted"})
    assert gone.status_code < 400, gone.text[:400]
    assert (await configured(broker)).server("mt5-empty") is None


def typed_over(kind, **told):
    return whole.sent(wiring.form_of(kind, EMPTY, {}, ""), told)


def test_a_mapping_is_a_line_for_each_and_comes_back_as_it_was():
    kind = connectors.named("dxtrade")
    fine = {"base_url": "https://x", "username": "a"}

    made = whole.read(typed_over(kind, **fine, leverages="GOLD=50\n RAW = 100 "))

    assert made.value.leverages == {"GOLD": 50, "RAW": 100}
    pairs = next(one for one in made.drawn(texts.of("en"))["fields"] if one.name == "leverages")
    assert [(one.fields[0].value, one.fields[1].value) for one in pairs.fields] == [
        ("GOLD", "50"),
        ("RAW", "100"),
    ]
    wrong = whole.read(typed_over(kind, **fine, leverages="GOLD 50"))
    assert set(wrong.faults) >= {"leverages.0.value"}


async def test_a_line_of_the_map_is_added_moved_and_dropped_without_scripts_and_nothing_is_lost(
    owner, broker
):
    login, _ = broker.server.manager
    before = (await configured(broker)).server(SERVER)
    typed = form(broker.server, login, label="As typed", why="") | {"password": "pw-0123456789"}
    path = f"/desk/servers/{SERVER}/settings"

    added = await owner.post(path, typed | {"_do": "add:groups"})
    second = {"groups.1.group": "real\\vip", "groups.1.currency": "EUR, USD"}
    moved = await owner.post(path, typed | second | {"_do": "up:groups.1"})
    dropped = await owner.post(path, typed | second | {"_do": "drop:groups.0"})

    for answer in (added, moved, dropped):
        assert answer.status_code == 200, answer.text[:300]
        assert 'value="As typed"' in answer.text and "pw-0123456789" not in answer.text
    assert 'name="groups.1.group"' in added.text
    first = moved.text.index("real\\vip"), moved.text.index("real\\standard-usd")
    assert first == tuple(sorted(first))
    assert "real\\standard-usd" not in dropped.text and "EUR, USD" in dropped.text
    assert (await configured(broker)).server(SERVER) == before, (
        "nothing is stored before it is asked"
    )


async def test_a_long_map_is_folded_and_comes_back_whole(owner, broker):
    kind = connectors.named("mt5-webapi")
    lines = {f"groups.{n}.group": f"real\\g{n}" for n in range(60)}
    told = {"host": "h", "port": "1", "login": "7"} | lines

    drawn = typed_over(kind, **told).drawn(texts.of("en"))
    posted = sent(drawn["fields"]) | {"_draft": drawn["draft"]}
    back = whole.read(typed_over(kind, **posted))
    opened = typed_over(kind, **posted, _do="open:groups.40").drawn(texts.of("en"))

    assert [one.group for one in back.value.groups] == [f"real\\g{n}" for n in range(60)]
    rows = next(one for one in opened["fields"] if one.name == "groups").fields
    assert [one.at for one in rows if one.kind != "folded"] == [40]
    with pytest.raises(Invalid, match="longer"):
        typed_over(kind, **{f"groups.{n}.group": "g" for n in range(3_000)})
    page = await owner.post(
        "/desk/servers/new",
        told | {"connector": "mt5-webapi", "code": "x", "label": "x", "_do": "add:groups"},
    )
    assert page.status_code == 200 and len(page.content) < 100_000
