"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.crm",
    {
        "stages": N_("Stages of a lead"),
        "score": N_("Points of a lead"),
        "assign": N_("New leads are given"),
        "unverified_after_hours": N_("Remind of the e-mail after"),
        "first_call_hours": N_("First call within"),
        "suppress_while_verifying": N_("No campaigns while being verified"),
        "outcome": N_("Ends as"),
        "field": N_("Looks at"),
        "values": N_("Values that count"),
    },
    choices={
        "assign": {
            "round-robin": N_("To each in turn"),
            "nobody": N_("To nobody"),
        },
        "outcome": {
            "open": N_("Goes on"),
            "won": N_("Won"),
            "lost": N_("Lost"),
        },
        "field": {
            "source": N_("Source"),
            "campaign": N_("Campaign"),
            "country": N_("Country"),
            "language": N_("Language"),
            "phone": N_("Telephone"),
            "client": N_("Client already"),
        },
    },
)
