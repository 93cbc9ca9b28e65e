"""How fees join the product."""

from brokerage.fees import desk, exchanges, hooks, inactivity, previewing
from brokerage.fees.labels import LABELS
from brokerage.fees.permissions import Fees
from brokerage.fees.settings import FeeSettings
from brokerage.ledger import hooks as ledger
from stoa.product import Every, Module, NavItem
from stoa.settingsdesk import pending
from stoa.theming.texts import N_

hooks.uses["conversion"] = exchanges.used
hooks.operations.append(exchanges.operations)
ledger.exchange_fees.append(exchanges.fee)
pending.guard("fees", pending.Guard(previewing.touched, previewing.rehearse))

MODULE = Module(
    name="fees",
    settings=FeeSettings,
    labels=LABELS,
    permissions=Fees,
    web=desk.ALL,
    schedule=[Every(3600, inactivity.sweep, lane="money")],
    nav=[NavItem("desk", N_("Fees"), "/desk/fees", "receipt", Fees.VIEW, order=66)],
    roles={
        "Owner": [Fees.VIEW],
        "Head of finance": [Fees.VIEW],
        "Finance": [Fees.VIEW],
        "Support": [Fees.VIEW],
        "Auditor": [Fees.VIEW],
    },
)
