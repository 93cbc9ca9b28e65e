"""How risk joins the product."""

from brokerage.risk import (
    alert_desk,
    alert_lists,
    desk,
    hedging,
    limits,
    points,
    provider_desk,
    providers,
    signs,
)
from brokerage.risk.labels import LABELS
from brokerage.risk.permissions import Risk
from brokerage.risk.settings import RiskSettings
from brokerage.trading.permissions import Trading
from stoa.product import Every, Module, NavItem
from stoa.theming.texts import N_

_DEALING = [Risk.ALERTS, Risk.FOLLOWERS, Risk.ACT, Risk.HEDGE, Risk.EXPORT]

MODULE = Module(
    name="risk",
    settings=RiskSettings,
    labels=LABELS,
    permissions=Risk,
    web=[*desk.ALL, *alert_desk.ALL, *provider_desk.ALL],
    schedule=[
        Every(10, limits.sweep),
        Every(60, signs.sweep),
        Every(60, hedging.sweep),
        Every(60, providers.learn),
        Every(300, points.keep),
    ],
    nav=[NavItem("desk", N_("Risk"), "/desk/exposure", "gauge", Trading.EXPOSURE, 70, "r")],
    today=alert_lists.today,
    roles={
        "Owner": [*_DEALING, Risk.ESCALATED, Risk.APPROVE],
        "Dealing": _DEALING,
        "Head of dealing": [
            *_DEALING,
            Risk.ESCALATED,
            Risk.APPROVE,
            Trading.VIEW,
            Trading.EDIT,
            Trading.EXPOSURE,
            Trading.SERVERS,
            Trading.EXPORT,
        ],
        "Head of finance": [Risk.ESCALATED, Risk.APPROVE],
    },
)
