"""What the operator's people and the building did, as the audit says it: purposes to sentences."""

from typing import Final

from stoa.theming import words
from stoa.theming.texts import N_

ACTIONS: Final = {
    "POST /tenants": N_("Ordered a new sub-broker"),
    "POST /api/tenants": N_("Ordered a new sub-broker over the interface"),
    "POST /tenants/{tenant}/suspend": N_("Suspended a sub-broker"),
    "POST /tenants/{tenant}/resume": N_("Let a sub-broker work again"),
    "POST /tenants/{tenant}/enter": N_("Opened a support session"),
    "support.enter": N_("Entered a sub-broker for support"),
    "support.leave": N_("Left a sub-broker after support"),
    "POST /jobs/{tenant}/replay": N_("Had dead letters tried again"),
    "POST /connectors/{connector}/pause": N_("Paused a connector"),
    "POST /connectors/{connector}/resume": N_("Let a connector work again"),
    "POST /api/connectors/{connector}/pause": N_("Paused a connector over the interface"),
    "POST /api/connectors/{connector}/resume": N_("Let a connector work again over the interface"),
    "connector.pause": N_("Carried out the pause of a connector"),
    "connector.resume": N_("Carried out the end of a connector's pause"),
    "POST /provisions/{row}/again": N_("Had the set-up of a sub-broker tried anew"),
    "provision.claim": N_("Took up the order of a sub-broker"),
    "provision.reserve": N_("Reserved the name of a sub-broker"),
    "provision.schema": N_("Gave a sub-broker its own schema and key"),
    "provision.settings": N_("Wrote settings from the blueprint"),
    "provision.seed": N_("Made accounts, roles and texts"),
    "provision.owner": N_("Invited the owner"),
    "provision.open": N_("Opened the address of a sub-broker"),
    "provision.reserve.failed": N_("Could not reserve the name of a sub-broker"),
    "provision.schema.failed": N_("Could not give a sub-broker its schema and key"),
    "provision.settings.failed": N_("Could not write settings from the blueprint"),
    "provision.seed.failed": N_("Could not make accounts, roles and texts"),
    "provision.owner.failed": N_("Could not invite the owner"),
    "provision.open.failed": N_("Could not open the address of a sub-broker"),
    "operator.create": N_("Added the first operator"),
    "cli tenant new": N_("Ordered a new sub-broker at the command line"),
    "lists.import": N_("Brought in lists of sanctions"),
    "demo.prepare": N_("Prepared the demo"),
    "control.sign-in": N_("Signed in"),
    "POST /sign-in": N_("Signed in"),
    "POST /sign-out": N_("Signed out"),
    "POST /second-factor": N_("Proved the second factor"),
    "POST /second-factor/recovery": N_("Used a recovery code"),
    "POST /second-factor/set-up": N_("Set up the second factor"),
    "POST /sign-in/passkey": N_("Signed in"),
    "POST /sign-in/passkey/options": N_("Was asked for a passkey"),
    "POST /second-factor/passkey/options": N_("Was asked for a passkey"),
    "POST /second-factor/passkey/new/options": N_("Began to add a passkey"),
    "POST /second-factor/passkey": N_("Proved the second factor"),
    "POST /second-factor/passkey/new": N_("Added a passkey"),
    "POST /me/passkeys/{passkey}/end": N_("Removed a passkey"),
    "POST /second-factor/kept": N_("Noted that recovery codes are kept"),
    "POST /me/password": N_("Changed the own password"),
    "POST /me/codes": N_("Made new recovery codes"),
    "POST /me/devices/end": N_("Signed out all other devices"),
    "POST /me/devices/{session}/end": N_("Signed out one device"),
    "POST /me/tokens": N_("Made a token for scripts"),
    "POST /me/tokens/{token}/end": N_("Ended a token for scripts"),
    "POST /operators/new": N_("Invited an operator"),
    "POST /operators/{operator}": N_("Changed what an operator may do"),
    "POST /operators/{operator}/second-factor/reset": N_("Took away an operator's second factor"),
    "POST /look/mode": N_("Chose light or dark"),
    "POST /look/language": N_("Chose a language"),
}
"""Purpose of a unit of work (method and route of a request) to a message id."""

PLACES: Final = {"assume": N_("Shared login"), "login": N_("Own login")}

words.learn({**ACTIONS, **PLACES, "system": N_("The system")})
