"""How identity joins the product."""

from typing import Final

from stoa.identity import desk, jobs, looks, roles, room
from stoa.identity.events import ResetAsked, SignInLocked
from stoa.identity.permissions import Identity
from stoa.identity.settings import IdentitySettings
from stoa.product import Every, Module

_HOUR_S: Final = 3600.0

MODULE = Module(
    name="identity",
    settings=IdentitySettings,
    permissions=Identity,
    web=[*room.WEB, *desk.WEB, *looks.TENANT],
    control=[*looks.CONTROL],
    reactions={ResetAsked: [jobs.send_reset], SignInLocked: [jobs.tell_of_lock]},
    schedule=[Every(_HOUR_S, jobs.forget)],
    compose=roles.seed,
    roles={
        "Owner": [],
        "Head of finance": [Identity.STAFF_VIEW],
        "Compliance": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Support": [Identity.STAFF_VIEW, Identity.CLIENTS_EDIT],
        "Auditor": [Identity.STAFF_VIEW, Identity.ROLES_VIEW],
    },
)
