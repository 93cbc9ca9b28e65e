"""How marketing material joins the product: settings of its own, so that no plan's history is of them."""

from brokerage.clients import hooks
from brokerage.partners.marketing import desk, material, room
from brokerage.partners.marketing.settings import MarketingSettings
from brokerage.partners.permissions import Partners
from stoa.product import Module, NavItem
from stoa.theming.texts import N_

hooks.leads.append(material.led)

MODULE = Module(
    name=material.SLICE,
    settings=MarketingSettings,
    web=[*desk.ALL, *room.ALL],
    nav=[
        NavItem("partner", N_("Material"), "/partner/material", "photo", Partners.OWN, 55),
    ],
)
