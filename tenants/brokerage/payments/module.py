"""How payments join the product."""

from brokerage.clients import hooks as clients
from brokerage.clients.events import LevelChanged
from brokerage.fees import hooks as fees
from brokerage.ledger import hooks as ledger_hooks
from brokerage.ledger import kinds
from brokerage.payments import callbacks, costs, hooks, jobs, laws, settlement, shown, usage
from brokerage.payments.closing import blockers, export
from brokerage.payments.depositing import desk, room, room_ready, slips, telling
from brokerage.payments.disputes import desk as disputes_desk
from brokerage.payments.disputes import laws as dispute_laws
from brokerage.payments.disputes import listing, noticing
from brokerage.payments.disputes import queries as dispute_queries
from brokerage.payments.disputes import shown as disputes_shown
from brokerage.payments.disputes.story import STAGES
from brokerage.payments.events import (
    CallbackTaken,
    DepositCredited,
    MoneyUnresolved,
    PayoutDue,
)
from brokerage.payments.hot import watching as hot
from brokerage.payments.labels import LABELS
from brokerage.payments.payout_places import room_places
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import control, psp_desk
from brokerage.payments.receiving import arriving
from brokerage.payments.receiving import room as receiving_room
from brokerage.payments.routing import checking, guarding, operators, rulesdesk, watching
from brokerage.payments.routing import desk as routing_desk
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import desk as source_desk
from brokerage.payments.withdrawing import clocks, desk_out, payouts, policy, room_out
from stoa.identity.permissions import Control
from stoa.product import Every, Module, NavItem, Tab
from stoa.settingsdesk import pending
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

learn(
    {
        "starting": Status(N_("Being prepared"), Tone.MOVING),
        "credited": Status(N_("Credited"), Tone.DONE),
        "asking": Status(N_("Being asked"), Tone.MOVING),
        "parked": Status(N_("Came early"), Tone.WAITING),
        "taken": Status(N_("Received"), Tone.MOVING),
        "left": Status(N_("Left by the client"), Tone.WAITING),
        "draft open": Status(N_("Being written"), Tone.WAITING),
        "draft asked": Status(N_("Asked for"), Tone.MOVING),
        "draft released": Status(N_("In force"), Tone.DONE),
        "unavailable": Status(N_("Did not answer"), Tone.STOPPED),
        "dispute inquiry": Status(STAGES["inquiry"], Tone.MOVING),
        "dispute chargeback": Status(STAGES["chargeback"], Tone.NEEDS),
        "dispute pre-arb": Status(STAGES["pre-arb"], Tone.NEEDS),
        "dispute reversed": Status(STAGES["reversed"], Tone.DONE),
        "dispute won": Status(STAGES["won"], Tone.DONE),
        "dispute lost": Status(STAGES["lost"], Tone.STOPPED),
        "told created": Status(N_("Begun"), Tone.WAITING),
        "told pending": Status(N_("Pending"), Tone.WAITING),
        "told expired": Status(N_("Expired"), Tone.STOPPED),
        "told cancelled": Status(N_("Cancelled"), Tone.WAITING),
        "told failed": Status(N_("Failed"), Tone.STOPPED),
        "told review": Status(N_("Not as ordered"), Tone.NEEDS),
        "told succeeded": Status(N_("Money came"), Tone.DONE),
        "told succeeded out": Status(N_("Money left"), Tone.DONE),
        "told part-refunded": Status(N_("Part given back"), Tone.WAITING),
        "told refunded": Status(N_("Given back"), Tone.WAITING),
        "told returned": Status(N_("Came back"), Tone.STOPPED),
        "told charged-back": Status(N_("Taken back by the bank"), Tone.STOPPED),
    }
)
kinds.learn(
    "suspense",
    N_("Not yet matched"),
    "help-circle",
    N_("Money came that fits no order as it is; a person decides about it."),
)
kinds.learn(
    "withdrawal-returned",
    N_("Withdrawal came back"),
    "arrow-back-up",
    N_("What was paid came back; it is in the wallet again."),
)
ledger_hooks.causes["withdrawal"] = (
    "select id from withdrawal where state in ('held', 'review', 'approved', 'sending')"
)
ledger_hooks.laws.extend(laws.LAWS)
ledger_hooks.causes["dispute"] = (
    "select id from dispute where stage in ('inquiry', 'chargeback', 'pre-arb')"
)
ledger_hooks.laws.extend(dispute_laws.LAWS)
ledger_hooks.outgoing.append(dispute_queries.may_give)
ledger_hooks.paths["dispute"] = "/desk/disputes/{id}"
ledger_hooks.paths["deposit"] = "/desk/deposits/{id}"
ledger_hooks.paths["withdrawal"] = "/desk/withdrawals/{id}"
ledger_hooks.wallet_cards.append("/withdraw/ready")
ledger_hooks.room_paths["deposit"] = "/deposit/{id}"
ledger_hooks.room_paths["withdrawal"] = "/withdrawals/{id}"
pending.guard("payments", pending.Guard(policy.touched, policy.rehearse))
pending.guard("payments", pending.Guard(guarding.touched, guarding.rehearse))
fees.uses["deposit"] = costs.deposits_used
fees.uses["withdrawal"] = costs.withdrawals_used
fees.operations.append(costs.operations)
hooks.deposit_undone.append(costs.undone)
hooks.deposit_restored.append(costs.restored)
clients.blockers.append(blockers)
clients.exports["payments"] = export
clients.public_figures["withdrawals"] = clocks.public

_FINANCE = [
    Payments.DEPOSITS,
    Payments.RESOLVE,
    Payments.WITHDRAWALS,
    Payments.APPROVE,
    Payments.PSPS,
    Payments.EXPORT,
    Payments.DISPUTES,
    Payments.DISPUTES_EDIT,
    Payments.EVIDENCE,
]

_HEAD = [Payments.TEST, Payments.PAUSE, Payments.ESCALATED, Payments.GIVE_UP]

MODULE = Module(
    name="payments",
    settings=PaymentsSettings,
    labels=LABELS,
    permissions=Payments,
    web=[
        *room.ALL,
        *room_out.ALL,
        *room_places.ALL,
        *room_ready.ALL,
        *receiving_room.ALL,
        *desk.ALL,
        *desk_out.ALL,
        *disputes_desk.ALL,
        *routing_desk.ALL,
        *source_desk.ALL,
        *psp_desk.ALL,
        *rulesdesk.ALL,
        callbacks.told,
        *slips.ALL,
    ],
    control=control.ALL,
    reactions={
        CallbackTaken: [settlement.settle],
        MoneyUnresolved: [telling.tell_staff],
        PayoutDue: [payouts.send],
        DepositCredited: [noticing.credited],
        LevelChanged: [jobs.look_again],
    },
    schedule=[
        Every(5, settlement.sweep, lane="money"),
        Every(5, payouts.sweep, lane="money"),
        Every(15, arriving.sweep, lane="money"),
        Every(5, watching.sweep, lane="money"),
        Every(300, checking.sweep, lane="money"),
        Every(60, hot.sweep, lane="money"),
        Every(60, clocks.sweep, lane="money"),
        Every(600, disputes_shown.watch, lane="money"),
        Every(3600, listing.sweep, lane="money"),
    ],
    nav=[
        NavItem(
            "control",
            N_("Connectors"),
            "/connectors",
            "plug",
            Control.CONNECTORS_VIEW,
            25,
            "c",
        ),
        NavItem(
            "desk", N_("Money in"), "/desk/deposits", "arrow-down-left", Payments.DEPOSITS, 30, "i"
        ),
        NavItem(
            "desk",
            N_("Money out"),
            "/desk/withdrawals",
            "arrow-up-right",
            Payments.WITHDRAWALS,
            31,
            "o",
        ),
    ],
    tabs=[
        Tab(
            "payments",
            N_("Deposits and withdrawals"),
            "/desk/clients/{client}/payments",
            Payments.DEPOSITS,
            25,
        )
    ],
    today=shown.today,
    home=shown.home,
    needs=shown.needs,
    search=shown.search,
    moments=shown.moments,
    pulse=shown.pulse,
    welcome=operators.welcome,
    usage=usage.usage,
    connections=callbacks.connections,
    roles={
        "Owner": [*_FINANCE, *_HEAD],
        "Head of finance": [*_FINANCE, *_HEAD],
        "Finance": _FINANCE,
        "Compliance": [Payments.DEPOSITS, Payments.WITHDRAWALS, Payments.DISPUTES],
        "Support": [Payments.DEPOSITS, Payments.WITHDRAWALS],
        "Sales": [Payments.DEPOSITS],
        "Auditor": [
            Payments.DEPOSITS,
            Payments.WITHDRAWALS,
            Payments.PSPS,
            Payments.DISPUTES,
        ],
    },
)
