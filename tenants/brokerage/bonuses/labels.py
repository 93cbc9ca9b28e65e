"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.bonuses",
    {
        "on_server": N_("Credit is kept on the trading server"),
        "watch": N_("Watch for abuse"),
        "hedged_within_s": N_("Opposite trades within"),
        "hedged_percent": N_("Share of opposite trades that counts"),
        "rapid_s": N_("A trade is hasty below"),
        "rapid_percent": N_("Share of hasty trades that counts"),
        "rapid_least": N_("Trades looked at from"),
    },
    help={
        "rapid_least": N_("How many closed trades there must be."),
    },
)
