"""What the fields of the building's own settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "stoa",
    {
        "TenantFacts.name": N_("Name clients know"),
        "legal_entity": N_("Legal entity"),
        "base_currency": N_("Base currency"),
        "languages": N_("Languages"),
        "modules": N_("Parts of the product in use"),
        "staff_idle_minutes": N_("Staff are signed out after idling"),
        "client_idle_minutes": N_("Clients are signed out after idling"),
        "session_hours": N_("Longest session"),
        "password_length": N_("Shortest password"),
        "client_second_factor": N_("Second factor of clients"),
        "staff_passwords": N_("Staff may sign in with a password"),
        "passkeys": N_("People may use passkeys"),
        "sign_in_alerts": N_("Tell people of a new device"),
        "oidc": N_("Single sign-on"),
        "Oidc.label": N_("Words on the button"),
        "issuer": N_("Address of the provider"),
        "client_id": N_("Client id at the provider"),
        "scopes": N_("Scopes asked for"),
        "allowed_domains": N_("E-mail domains let in"),
        "second_factor_there": N_("The provider asks for the second factor"),
        "sender_name": N_("Sender's name"),
        "sender_address": N_("Sender's address"),
        "reply_to": N_("Answers go to"),
        "postal_address": N_("Postal address under letters"),
        "kept_days": N_("Days that what a letter said is kept"),
        "smtp": N_("Own mail server"),
        "port": N_("Port"),
        "user": N_("User name"),
        "security": N_("Encryption"),
        "room_mb": N_("Room for files"),
    },
    help={
        "passkeys": N_(
            "Off: nobody adds or uses one. Who has no app comes in with a recovery code, or has the "
            "second factor reset."
        ),
        "base_currency": N_("Reports are totalled in it."),
        "allowed_domains": N_("Left empty, every domain of the provider is let in."),
    },
    choices={
        "client_second_factor": {
            "optional": N_("Optional"),
            "compulsory": N_("Compulsory"),
        },
        "security": {
            "starttls": N_("STARTTLS"),
            "tls": N_("TLS from the start"),
        },
    },
)
