"""How bonuses join the product."""

from brokerage.bonuses import (
    campaigndesk,
    desk,
    jobs,
    laws,
    losing,
    room,
    serverside,
    shown,
    turnover,
)
from brokerage.bonuses.events import BonusCredited, BonusLost, BonusReleased
from brokerage.bonuses.labels import LABELS
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.settings import BonusSettings
from brokerage.clients import hooks as clients
from brokerage.ledger import hooks as ledger
from brokerage.ledger import kinds
from brokerage.payments import hooks as payments
from brokerage.payments.events import DepositCredited
from brokerage.trading.events import AccountBelowZero, DealsImported, TransferDone
from stoa.product import Every, Module, NavItem, Tab
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

learn(
    {
        "bonus chosen": Status(N_("Waits for a deposit"), Tone.WAITING),
        "bonus active": Status(N_("Active"), Tone.MOVING),
        "bonus released": Status(N_("Earned"), Tone.DONE),
        "bonus lost": Status(N_("Lost"), Tone.STOPPED),
        "bonus expired": Status(N_("Lapsed"), Tone.STOPPED),
        "bonus revoked": Status(N_("Taken back"), Tone.STOPPED),
        "bonus reversed": Status(N_("Undone with its deposit"), Tone.STOPPED),
        "bonus refused": Status(N_("Refused"), Tone.STOPPED),
        "campaign draft": Status(N_("Draft"), Tone.WAITING),
        "campaign live": Status(N_("Running"), Tone.DONE),
        "campaign ended": Status(N_("Over"), Tone.WAITING),
    }
)
kinds.learn(
    "bonus-released",
    N_("Bonus earned"),
    "gift",
    N_("Trading turned bonus credit into money."),
)
kinds.learn(
    "cashback", N_("Cashback"), "cash", N_("Money for the lots you traded, by the offer's terms.")
)
kinds.learn("bonus-lost", N_("Bonus lost"), "discount-off", N_("Bonus credit went back to us."))
ledger.paths["bonus"] = "/desk/bonuses/grants/{id}"
ledger.room_paths["bonus"] = "/bonuses/{id}"
ledger.laws.extend(laws.LAWS)
payments.losses.append(losing.by_withdrawal)
payments.leaving.append(losing.as_money_leaves)
payments.related_makers.append(losing.gave_by_hand)
payments.deposit_undone.append(losing.undone)
payments.deposit_restored.append(losing.restored)
payments.offers.append(shown.offers)
payments.conditions.append(shown.stands)
clients.exports["bonuses"] = shown.export

_ALL = [Bonuses.VIEW, Bonuses.CAMPAIGNS, Bonuses.GIVE, Bonuses.REVOKE, Bonuses.EXPORT]

MODULE = Module(
    name="bonuses",
    settings=BonusSettings,
    labels=LABELS,
    permissions=Bonuses,
    web=[*room.ALL, *desk.ALL, *campaigndesk.ALL],
    reactions={
        DepositCredited: [jobs.on_deposit],
        DealsImported: [turnover.counted],
        AccountBelowZero: [losing.below_zero],
        BonusCredited: [serverside.follow],
        BonusReleased: [serverside.follow],
        BonusLost: [serverside.follow],
        TransferDone: [serverside.went_on],
    },
    schedule=[
        Every(60, losing.sweep, lane="money"),
        Every(300, serverside.sweep, lane="money"),
    ],
    nav=[
        NavItem("desk", N_("Bonuses"), "/desk/bonuses", "gift", Bonuses.VIEW, 62, "b"),
        NavItem("room", N_("Bonuses"), "/bonuses", "gift", Bonuses.OWN, 95),
    ],
    tabs=[Tab("bonuses", N_("Bonuses"), "/desk/clients/{client}/bonuses", Bonuses.VIEW, 65)],
    today=shown.today,
    home=shown.home,
    pulse=shown.pulse,
    roles={
        "Owner": _ALL,
        "Head of finance": [Bonuses.VIEW, Bonuses.REVOKE, Bonuses.EXPORT],
        "Finance": [Bonuses.VIEW],
        "Compliance": [Bonuses.VIEW],
        "Sales": [Bonuses.VIEW],
        "Support": [Bonuses.VIEW],
        "Auditor": [Bonuses.VIEW],
    },
)
