"""The list of modules: what a sub-broker gets. One line each, in the order of the floors."""

from brokerage.clients.module import MODULE as CLIENTS
from brokerage.ledger.module import MODULE as LEDGER
from stoa.control.module import MODULE as CONTROL
from stoa.identity.module import MODULE as IDENTITY
from stoa.notices.module import MODULE as NOTICES
from stoa.product import Product
from stoa.settingsdesk.module import MODULE as SETTINGS_DESK
from stoa.tenancy.module import MODULE as TENANCY
from stoa.theming.module import MODULE as BRAND

PRODUCT = Product(
    [
        TENANCY,
        BRAND,
        IDENTITY,
        CONTROL,
        SETTINGS_DESK,
        NOTICES,
        LEDGER,
        CLIENTS,
    ]
)
