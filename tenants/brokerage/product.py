"""The list of modules: what a sub-broker gets. One line each, in the order of the floors."""

from brokerage.api.module import MODULE as API
from brokerage.approvals.module import MODULE as APPROVALS
from brokerage.audit.module import MODULE as AUDIT
from brokerage.bonuses.module import MODULE as BONUSES
from brokerage.clients.module import MODULE as CLIENTS
from brokerage.crm.module import MODULE as CRM
from brokerage.fees.module import MODULE as FEES
from brokerage.kyc.module import MODULE as KYC
from brokerage.ledger.module import MODULE as LEDGER
from brokerage.partners.marketing.module import MODULE as MARKETING
from brokerage.partners.module import MODULE as PARTNERS
from brokerage.payments.module import MODULE as PAYMENTS
from brokerage.privacy.module import MODULE as PRIVACY
from brokerage.recon.module import MODULE as RECON
from brokerage.reporting.module import MODULE as REPORTING
from brokerage.risk.module import MODULE as RISK
from brokerage.trading.module import MODULE as TRADING
from stoa.control.module import MODULE as CONTROL
from stoa.files.module import MODULE as FILES
from stoa.identity.module import MODULE as IDENTITY
from stoa.notices.module import MODULE as NOTICES
from stoa.product import Product
from stoa.settingsdesk.module import MODULE as SETTINGS_DESK
from stoa.tenancy.module import MODULE as TENANCY
from stoa.theming.module import MODULE as BRAND
from stoa.webhooks.module import MODULE as WEBHOOKS

PRODUCT = Product(
    [
        TENANCY,
        BRAND,
        IDENTITY,
        CONTROL,
        SETTINGS_DESK,
        NOTICES,
        FILES,
        LEDGER,
        CLIENTS,
        KYC,
        FEES,
        PAYMENTS,
        TRADING,
        PARTNERS,
        MARKETING,
        BONUSES,
        RISK,
        APPROVALS,
        CRM,
        RECON,
        PRIVACY,
        REPORTING,
        AUDIT,
        WEBHOOKS,
        API,
    ]
)
