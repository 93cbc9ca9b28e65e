"""How the brand joins the product."""

from enum import StrEnum

from stoa.product import Module
from stoa.theming.brand import Brand


class Branding(StrEnum):
    VIEW = "brand:all:view"
    EDIT = "brand:all:edit"


MODULE = Module(
    name="brand",
    settings=Brand,
    permissions=Branding,
    roles={"Owner": [Branding.VIEW, Branding.EDIT]},
)
