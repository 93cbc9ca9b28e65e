"""How tenancy joins the product: who the tenant is, and its settings as versions."""

from enum import StrEnum

from stoa.product import Module
from stoa.tenancy.facts import TenantFacts


class Settings(StrEnum):
    VIEW = "settings:all:view"
    EDIT = "settings:all:edit"
    SECRETS = "settings:secrets:edit"
    AGREE = "settings:change:agree"


MODULE = Module(
    name="tenant",
    settings=TenantFacts,
    permissions=Settings,
    roles={
        "Owner": [Settings.VIEW, Settings.EDIT, Settings.SECRETS, Settings.AGREE],
        "Head of finance": [Settings.AGREE],
        "Auditor": [Settings.VIEW],
    },
)
