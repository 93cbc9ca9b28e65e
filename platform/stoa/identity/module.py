"""How identity joins the product."""

from stoa.identity import roles
from stoa.identity.permissions import Identity
from stoa.identity.settings import IdentitySettings
from stoa.product import Module

MODULE = Module(
    name="identity",
    settings=IdentitySettings,
    permissions=Identity,
    compose=roles.seed,
    roles={
        "Owner": [],
        "Head of finance": [Identity.STAFF_VIEW],
        "Compliance": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Support": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Auditor": [Identity.STAFF_VIEW, Identity.ROLES_VIEW],
    },
)
