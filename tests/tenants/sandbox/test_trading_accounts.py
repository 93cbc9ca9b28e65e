import pytest

from support.mt5_peer import Peer
from support.trading_server import PASSWORD, TradingServer

RECORD = {
    "NAME": "Grace Hopper",
    "COMPANY": "Navy",
    "COUNTRY": "United States",
    "CITY": "New York",
    "STATE": "NY",
    "ZIPCODE": "10001",
    "ADDRESS": "1 Main St",
    "PHONE": "+1 555 0100",
    "EMAIL": "grace@example.org",
    "ID": "P-1",
    "STATUS": "RE",
    "COMMENT": "vip",
    "COLOR": "255",
    "LANGUAGE": "1033",
    "LEVERAGE": "200",
    "AGENT": "77",
    "RIGHTS": "355",
}
NAMES = {
    "NAME": "Name",
    "COMPANY": "Company",
    "COUNTRY": "Country",
    "CITY": "City",
    "STATE": "State",
    "ZIPCODE": "ZipCode",
    "ADDRESS": "Address",
    "PHONE": "Phone",
    "EMAIL": "Email",
    "ID": "ID",
    "STATUS": "Status",
    "COMMENT": "Comment",
    "COLOR": "Color",
    "LANGUAGE": "Language",
    "LEVERAGE": "Leverage",
    "AGENT": "Agent",
    "RIGHTS": "Rights",
}


async def test_a_new_account_is_told_back_whole(trading: TradingServer, peer: Peer) -> None:
    told = await peer.say(
        "USER_ADD", LOGIN="0", GROUP="real\\standard-usd", PASS_MAIN=PASSWORD, **RECORD
    )

    assert told.code == 0
    assert told.body["Login"] == told.fields["LOGIN"]
    assert {NAMES[name]: text for name, text in RECORD.items()}.items() <= told.body.items()
    assert told.body["Balance"] == "0.00"
    assert not any("Pass" in name and PASSWORD in text for name, text in told.body.items())
    assert (await peer.say("USER_GET", LOGIN=told.fields["LOGIN"])).body == told.body


async def test_the_description_in_json_wins_over_parameters(peer: Peer) -> None:
    told = await peer.say(
        "USER_ADD",
        '{"Name":"From JSON","MainPassword":"Other-pass-2","Group":"real\\\\standard-eur"}',
        LOGIN="0",
        GROUP="real\\standard-usd",
        PASS_MAIN=PASSWORD,
        NAME="From line",
        LEVERAGE="100",
    )

    assert told.body["Name"] == "From JSON"
    assert told.body["Group"] == "real\\standard-eur"
    check = {"LOGIN": told.fields["LOGIN"], "TYPE": "MAIN"}
    assert (await peer.say("USER_PASS_CHECK", **check, PASSWORD="Other-pass-2")).code == 0
    assert (await peer.say("USER_PASS_CHECK", **check, PASSWORD=PASSWORD)).code == 3006


async def test_an_update_replaces_the_whole_record(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer, **RECORD)

    told = await peer.say(
        "USER_UPDATE", LOGIN=str(login), GROUP="real\\standard-usd", NAME="G H", LEVERAGE="50"
    )

    assert told.code == 0
    assert (told.body["Name"], told.body["Leverage"]) == ("G H", "50")
    for name in ("Email", "Phone", "City", "Comment", "Country"):
        assert told.body[name] == ""
    assert told.body["Rights"] == "0"
    assert told.body["Balance"] == "10000.00"
    check = {"LOGIN": str(login), "TYPE": "MAIN", "PASSWORD": PASSWORD}
    assert (await peer.say("USER_PASS_CHECK", **check)).code == 0


async def test_read_change_and_write_back_keeps_the_rest(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer, **RECORD)
    before = (await peer.say("USER_GET", LOGIN=str(login))).body

    fields = {name: before[key] for name, key in NAMES.items()} | {"LEVERAGE": "30"}
    told = await peer.say("USER_UPDATE", LOGIN=str(login), GROUP=before["Group"], **fields)

    assert told.body == before | {"Leverage": "30"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"GROUP": "real\\nowhere"}, 8),
        ({"PASS_MAIN": "short1A"}, 3006),
        ({"PASS_MAIN": "alllowercase"}, 3006),
        ({"PASS_MAIN": ""}, 3006),
        ({"PASS_INVESTOR": "weakweak"}, 3006),
        ({"LEVERAGE": "501"}, 3),
        ({"LEVERAGE": "0"}, 3),
        ({"LEVERAGE": "-5"}, 3),
        ({"LEVERAGE": "many"}, 3),
        ({"NAME": ""}, 3),
        ({"RIGHTS": "all"}, 3),
    ],
)
async def test_an_account_that_cannot_be_is_not_made(
    trading: TradingServer, peer: Peer, change: dict[str, str], code: int
) -> None:
    before = (await trading.get("/health"))["accounts"]
    fields = {
        "LOGIN": "0",
        "GROUP": "real\\standard-usd",
        "PASS_MAIN": PASSWORD,
        "NAME": "X",
        "LEVERAGE": "100",
    }

    told = await peer.say("USER_ADD", **(fields | change))

    assert told.code == code
    assert told.body is None
    assert (await trading.get("/health"))["accounts"] == before


async def test_the_groups_cap_on_leverage_holds(trading: TradingServer, peer: Peer) -> None:
    login = await trading.account(peer, "real\\eu-retail-eur", LEVERAGE="30")

    told = await peer.say(
        "USER_UPDATE", LOGIN=str(login), GROUP="real\\eu-retail-eur", NAME="X", LEVERAGE="31"
    )

    assert told.code == 3
    assert (await peer.say("USER_GET", LOGIN=str(login))).body["Leverage"] == "30"


async def test_a_login_may_be_chosen_but_not_twice_and_not_again(peer: Peer) -> None:
    fields = {"GROUP": "real\\raw-usd", "PASS_MAIN": PASSWORD, "NAME": "X", "LEVERAGE": "1"}

    assert (await peer.say("USER_ADD", LOGIN="654321", **fields)).fields["LOGIN"] == "654321"
    assert (await peer.say("USER_ADD", LOGIN="654321", **fields)).code == 3004
    assert (await peer.say("USER_DELETE", LOGIN="654321")).code == 0
    assert (await peer.say("USER_GET", LOGIN="654321")).code == 13
    assert (await peer.say("USER_DELETE", LOGIN="654321")).code == 13
    assert (await peer.say("USER_ADD", LOGIN="654321", **fields)).code == 3003


async def test_an_account_with_something_open_is_not_deleted(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer)
    await trading.post(f"/dealer/{login}/order", symbol="EURUSD", side="buy", lots="0.01")

    assert (await peer.say("USER_DELETE", LOGIN=str(login))).code == 3008


async def test_a_group_of_another_currency_takes_only_empty_accounts(
    trading: TradingServer, peer: Peer
) -> None:
    rich, poor = await trading.account(peer), await trading.account(peer, money="0")
    fields = {"GROUP": "real\\standard-eur", "NAME": "X", "LEVERAGE": "100"}

    assert (await peer.say("USER_UPDATE", LOGIN=str(rich), **fields)).code == 3010
    assert (await peer.say("USER_UPDATE", LOGIN=str(poor), **fields)).code == 0


async def test_passwords_change_by_kind(trading: TradingServer, peer: Peer) -> None:
    login = str(await trading.account(peer))

    for kind in ("MAIN", "INVESTOR", "API"):
        told = await peer.say("USER_PASS_CHANGE", LOGIN=login, TYPE=kind, PASSWORD=f"New-{kind}-9a")
        assert told.code == 0
    for kind in ("MAIN", "INVESTOR", "API"):
        told = await peer.say("USER_PASS_CHECK", LOGIN=login, TYPE=kind, PASSWORD=f"New-{kind}-9a")
        assert told.code == 0
        told = await peer.say("USER_PASS_CHECK", LOGIN=login, TYPE=kind, PASSWORD="New-nil-9a")
        assert told.code == 3006

    assert (await peer.say("USER_PASS_CHANGE", LOGIN=login, TYPE="MAIN", PASSWORD="x")).code == 3006
    assert (
        await peer.say("USER_PASS_CHANGE", LOGIN=login, TYPE="NIL", PASSWORD=PASSWORD)
    ).code == 3


async def test_rights_decide_who_may_trade_and_who_may_only_look(
    trading: TradingServer, peer: Peer
) -> None:
    login = await trading.account(peer)
    order = {"symbol": "EURUSD", "side": "buy", "lots": "0.01"}

    async def with_rights(rights: str) -> int:
        fields = {"GROUP": "real\\standard-usd", "NAME": "X", "LEVERAGE": "100", "RIGHTS": rights}
        assert (await peer.say("USER_UPDATE", LOGIN=str(login), **fields)).code == 0
        return (await trading.call("POST", "/trade/order", order, login=login)).status

    assert await with_rights("355") == 200
    assert await with_rights(str(355 | 0x4)) == 422
    assert await with_rights(str(355 & ~0x1)) == 401
    assert await with_rights(str(355 | 0x200)) == 403
    assert (await trading.call("GET", "/trade/account", login=login, password="no")).status == 401
    looking = await trading.call("GET", "/trade/account", login=login, password=PASSWORD + "i")
    assert looking.status == 200


async def test_logins_are_listed_by_masks_of_groups(own: TradingServer) -> None:
    peer = await own.peer()
    demo = await own.account(peer, "demo\\standard")
    real = await own.account(peer, "real\\raw-usd")
    euro = await own.account(peer, "real\\raw-eur")

    async def listed(mask: str) -> set[int]:
        return {int(each) for each in (await peer.say("USER_LOGINS", GROUP=mask)).body}

    assert await listed("*") == {demo, real, euro}
    assert await listed("real\\*") == {real, euro}
    assert await listed("real\\*,!real\\raw-eur") == {real}
    assert await listed("demo\\standard, real\\raw-eur") == {demo, euro}
    assert await listed("nothing") == set()


async def test_a_demo_account_may_begin_with_play_money(trading: TradingServer, peer: Peer) -> None:
    demo = await trading.account(peer, "demo\\standard", "0", BALANCE="5000")
    real = await trading.account(peer, "real\\standard-usd", "0", BALANCE="5000")

    assert (await peer.say("USER_GET", LOGIN=str(demo))).body["Balance"] == "5000.00"
    assert (await peer.say("USER_GET", LOGIN=str(real))).body["Balance"] == "0.00"
