"""How the API joins the product: every endpoint is offered by being imported here."""

from typing import Final

from brokerage.api import (
    clients,
    desk,
    docs,
    jobs,
    leads,
    partner_fees,
    partners,
    payments,
    token,
    trading,
    verification,
    webhooks,
)
from brokerage.api.labels import LABELS
from brokerage.api.offer import OFFERS, handler
from brokerage.api.settings import ApiSettings
from stoa.identity.api_clients import ApiAccess
from stoa.product import Every, Module

_ENDPOINTS: Final = (clients, leads, payments, trading, partners, partner_fees, verification)

MODULE = Module(
    name="api",
    settings=ApiSettings,
    labels=LABELS,
    permissions=ApiAccess,
    web=[
        token.issue,
        docs.openapi,
        docs.docs,
        docs.subject_page,
        *desk.WEB,
        *webhooks.WEB,
        *(handler(offer) for offer in OFFERS),
    ],
    schedule=[Every(3600.0, jobs.forget)],
    roles={"Auditor": [ApiAccess.VIEW]},
)
