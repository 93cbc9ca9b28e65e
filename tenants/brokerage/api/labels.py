"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.api",
    {
        "calls_per_minute": N_("Calls a minute, each client"),
        "tokens_per_minute": N_("Tokens a minute, each client"),
    },
)
