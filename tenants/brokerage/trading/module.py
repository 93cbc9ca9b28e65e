"""How trading joins the product."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import download
from brokerage.clients import hooks as client_hooks
from brokerage.clients import queries as clients
from brokerage.kyc.events import KycApproved
from brokerage.ledger import hooks as ledger_hooks
from brokerage.payments import hooks as payment_hooks
from brokerage.payments.events import DepositDisputed, DisputeEnded
from brokerage.trading import (
    accounts,
    carrying,
    covering,
    desk,
    desk_opening,
    groups,
    jobs,
    laws,
    lines,
    listening,
    mids,
    missing,
    negative,
    proof,
    queries,
    restricting,
    room,
    server_desk,
    servers,
    sync,
)
from brokerage.trading.dropcopy import attendant
from brokerage.trading.dropcopy import desk as dropcopy_desk
from brokerage.trading.events import AccountAsked, ImportGoesOn, RequestReady, TransferAsked
from brokerage.trading.importing import desk as importing_desk
from brokerage.trading.importing import running
from brokerage.trading.labels import LABELS
from brokerage.trading.lifecycle import (
    batches,
    desk_account,
    desk_batches,
    sending,
    sleeping,
    swapping,
)
from brokerage.trading.lifecycle import desk as lifecycle_desk
from brokerage.trading.lifecycle import evidence as lifecycle_evidence
from brokerage.trading.lifecycle import room as lifecycle_room
from brokerage.trading.model import Deal, TradingAccount, Transfer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.product import Card, Counted, Every, Hit, Item, Module, NavItem, Tab
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_


async def today(work: Work) -> list[Card]:
    """Today's volume and the clients' result, and servers that fail."""
    if not work.actor.may(Trading.VIEW):
        return []
    zone = work.settings(TenantFacts).time_zone
    start, _ = day_bounds(business_day(work.now, zone), zone)
    lots, deals, result = await queries.volume(work, start)
    cards = [
        Card(
            "volume",
            N_("Lots today"),
            lots.quantize(Decimal("0.01")),
            path="/desk/deals",
            counted=Counted("{n} deal", "{n} deals", deals),
            order=30,
        ),
        Card(
            "result",
            N_("Clients' result today"),
            result.quantize(Decimal("0.01")),
            currency=work.tenant.base_currency,
            path="/desk/exposure",
            order=35,
        ),
    ]
    failing = await queries.failing(work)
    if failing:
        cards.append(
            Card(
                "servers",
                N_("Trading servers that fail"),
                len(failing),
                tone="stopped",
                path="/desk/servers",
                items=[
                    Item(title=code, path="/desk/servers", status="stopped") for code in failing
                ],
                order=5,
            )
        )
    cards += await missing.today(work)
    return [*cards, *await negative.today(work), *await lifecycle_desk.today(work)]


async def home(work: Work, client: UUID) -> list[Card]:
    """The equity of a client's live accounts, by currency, with its line over thirty days."""
    return [
        Card(
            f"equity-{one.currency}",
            N_("Equity in accounts"),
            sum((row.equity for row in one.accounts), Decimal(0)).quantize(Decimal("0.01")),
            currency=one.currency,
            path="/accounts",
            counted=Counted("{n} account", "{n} accounts", len(one.accounts)),
            spark=[float(day) for day in one.line],
            order=20,
        )
        for one in await lines.held(work, client)
    ]


async def search(work: Work, typed: str) -> list[Hit]:
    """A login by its number."""
    if not typed.isdecimal() or len(typed) > 17 or not work.actor.may(Trading.VIEW):
        return []
    rows = await work.rows(
        select(TradingAccount)
        .where(TradingAccount.login == int(typed), clients.within(work, TradingAccount.client))
        .limit(5)
    )
    names = await clients.names(work, [row.client for row in rows])
    return [
        Hit("account", str(row.login), names.get(row.client, ""), f"/desk/accounts/{row.id}", 90)
        for row in rows
    ]


async def pulse(work: Work) -> dict[str, Any]:
    lots, _, _ = await queries.volume(work, work.now - timedelta(hours=24))
    return {
        "volume_lots": str(lots.quantize(Decimal("0.01"))),
        "failing_servers": await queries.failing(work),
    }


ledger_hooks.rate_sources["servers"] = mids.read
ledger_hooks.causes["transfer"] = "select id from transfer where state in ('held', 'sending')"
ledger_hooks.laws.extend(laws.LAWS)
ledger_hooks.lines.append(lines.of_client)
learn(
    {
        "fix closed": Status(N_("Between sessions"), Tone.WAITING, icon="clock"),
        "fix down": Status(N_("Not connected"), Tone.STOPPED),
        "fix logon": Status(N_("Logging on"), Tone.MOVING),
        "fix open": Status(N_("Logged on"), Tone.DONE),
        "server ok": Status(N_("In step"), Tone.DONE),
        "server failing": Status(N_("Does not answer"), Tone.STOPPED),
        "server unknown": Status(N_("Not asked yet"), Tone.WAITING, icon="clock"),
        "cover waiting": Status(N_("Waits for a decision"), Tone.NEEDS),
        "cover held": Status(N_("To be sent"), Tone.MOVING),
        "cover sending": Status(N_("Being sent"), Tone.MOVING),
        "cover done": Status(N_("Covered"), Tone.DONE),
        "cover refused": Status(N_("Refused"), Tone.STOPPED),
        "cover cancelled": Status(N_("Cancelled"), Tone.STOPPED),
    }
)
payment_hooks.evidence.append(proof.evidence)
ledger_hooks.paths["transfer"] = "/desk/negative/{id}"
ledger_hooks.paths["trading-account"] = "/desk/accounts/{id}"
ledger_hooks.room_paths["trading-account"] = "/accounts/{id}"
client_hooks.exports["trading-accounts"] = download.rows_of(
    TradingAccount, "kind", "login", "product", "currency", "leverage", "state", "opened_at"
)
client_hooks.exports["trades"] = download.rows_of(
    Deal, "login", "at", "kind", "entry", "symbol", "lots", "price", "profit", "swap", "commission"
)
client_hooks.exports["account-transfers"] = download.rows_of(
    Transfer, "asked_at", "direction", "amount", "currency", "state", "done_at"
)


MODULE = Module(
    name="trading",
    settings=TradingSettings,
    labels=LABELS,
    permissions=Trading,
    web=[
        room.listed,
        room.new,
        room.create,
        room.one,
        room.password,
        room.transfer,
        room.cancel,
        desk.listed,
        desk.deals,
        desk.one,
        desk.retry,
        desk.let_go,
        desk.client_tab,
        desk.servers,
        desk.compare,
        *server_desk.ALL,
        *desk_opening.ALL,
        *negative.ALL,
        *importing_desk.ALL,
        *lifecycle_room.ALL,
        *lifecycle_evidence.ALL,
        *lifecycle_desk.ALL,
        *dropcopy_desk.ALL,
        *desk_account.ALL,
        *desk_batches.ALL,
    ],
    reactions={
        AccountAsked: [accounts.make],
        TransferAsked: [carrying.send],
        ImportGoesOn: [running.go_on],
        RequestReady: [sending.send],
        KycApproved: [jobs.open_live],
        DepositDisputed: [restricting.disputed],
        DisputeEnded: [restricting.ended],
    },
    schedule=[
        Every(1.5, sync.watch),
        Every(10, listening.attend),
        Every(3, attendant.attend),
        Every(5, carrying.sweep, lane="money"),
        Every(5, sending.sweep, lane="money"),
        Every(5, batches.sweep),
        Every(3600, groups.keep),
        Every(86_400, sleeping.sweep),
        Every(86_400, swapping.sweep),
        Every(30, covering.sweep, lane="money"),
        Every(900, sync.keep_equity),
    ],
    leaving=[listening.stop, attendant.stop],
    nav=[
        NavItem("room", N_("Accounts"), "/accounts", "chart-candle", Trading.OWN, 20),
        NavItem("desk", N_("Accounts"), "/desk/accounts", "chart-candle", Trading.VIEW, 50, "a"),
        NavItem("desk", N_("Requests"), "/desk/requests", "inbox", Trading.DECIDE, 52),
    ],
    tabs=[Tab("accounts", N_("Accounts"), "/desk/clients/{client}/accounts", Trading.VIEW, 40)],
    today=today,
    home=home,
    search=search,
    pulse=pulse,
    usage=queries.usage,
    connections=servers.connections,
    roles={
        "Owner": [
            Trading.VIEW,
            Trading.EDIT,
            Trading.EXPOSURE,
            Trading.SERVERS,
            Trading.EXPORT,
            Trading.IMPORT,
            Trading.COVER,
            Trading.DECIDE,
            Trading.BULK,
        ],
        "Dealing": [
            Trading.VIEW,
            Trading.EDIT,
            Trading.EXPOSURE,
            Trading.SERVERS,
            Trading.EXPORT,
            Trading.DECIDE,
            Trading.BULK,
        ],
        "Support": [Trading.VIEW],
        "Sales": [Trading.VIEW],
        "Head of finance": [Trading.VIEW, Trading.EXPOSURE, Trading.COVER],
        "Finance": [Trading.VIEW],
        "Compliance": [Trading.VIEW],
        "Auditor": [Trading.VIEW, Trading.EXPOSURE, Trading.SERVERS],
    },
)
