"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.clients",
    {
        "open": N_("New clients may register"),
        "fields": N_("Asked at registration"),
        "blocked_countries": N_("Countries not served"),
        "disposable_domains": N_("Throw-away e-mail domains"),
        "documents": N_("Legal texts"),
        "code_tries": N_("Wrong codes before a pause"),
        "code_block_minutes": N_("The pause lasts"),
        "code_life_hours": N_("A code is good for"),
        "ClientSettings.levels": N_("Levels, from the lowest"),
        "texts": N_("Wording by language"),
        "body": N_("Wording"),
        "Document.version": N_("Version clients agree to"),
    },
    choices={
        "fields": {
            "phone": N_("Telephone"),
            "birth_date": N_("Date of birth"),
        },
    },
)
