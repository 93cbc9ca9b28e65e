"""How identity joins the product."""

from typing import Final

from stoa.identity import (
    control,
    desk,
    jobs,
    looks,
    operator_desk,
    roledesk,
    roles,
    room,
    signindesk,
    staffdesk,
)
from stoa.identity.events import ResetAsked, SignInLocked
from stoa.identity.permissions import Control, Identity
from stoa.identity.settings import IdentitySettings
from stoa.product import Every, Module, NavItem
from stoa.theming.texts import N_

_HOUR_S: Final = 3600.0

MODULE = Module(
    name="identity",
    settings=IdentitySettings,
    permissions=Identity,
    web=[*room.WEB, *desk.WEB, *staffdesk.WEB, *roledesk.WEB, *signindesk.WEB, *looks.TENANT],
    control=[*control.WEB, *operator_desk.WEB, *looks.CONTROL],
    reactions={ResetAsked: [jobs.send_reset], SignInLocked: [jobs.tell_of_lock]},
    schedule=[Every(_HOUR_S, jobs.forget)],
    compose=roles.seed,
    nav=[
        NavItem("desk", N_("Staff"), staffdesk.HERE, "id-badge-2", Identity.STAFF_VIEW, 95),
        NavItem(
            "control", N_("Operators"), operator_desk.HERE, "users", Control.OPERATORS_VIEW, 80
        ),
    ],
    roles={
        # Named here so that they exist whatever modules are there; each module adds its own.
        "Owner": [],
        "Finance": [],
        "Sales": [],
        "Dealing": [],
        "Head of finance": [Identity.STAFF_VIEW],
        "Compliance": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Support": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Auditor": [Identity.STAFF_VIEW, Identity.ROLES_VIEW],
    },
)
