"""How the settings desk joins the product."""

from stoa.product import Module, NavItem
from stoa.settingsdesk import brand, changes, connections, onesection, pictures, sections
from stoa.settingsdesk.labels import LABELS
from stoa.tenancy.module import Settings
from stoa.theming.texts import N_

MODULE = Module(
    name="settingsdesk",
    labels=LABELS,
    web=[
        sections.home,
        *onesection.ALL,
        sections.export,
        sections.carry_in,
        *changes.ALL,
        brand.editor,
        brand.preview,
        brand.sample,
        brand.publish,
        brand.restore,
        *pictures.ALL,
        connections.show,
        connections.keep,
    ],
    nav=[NavItem("desk", N_("Settings"), "/desk/settings", "settings", Settings.VIEW, 95, "s")],
)
