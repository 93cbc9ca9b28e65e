"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.ledger",
    {
        "LedgerSettings.currencies": N_("Currencies of wallets"),
        "exchange": N_("Exchange"),
        "transfers": N_("Transfers between clients"),
        "adjustments": N_("Corrections by hand"),
        "LedgerSettings.rates": N_("Rates written by hand"),
        "rates_stale_s": N_("A rate is old after"),
        "rates_jump_percent": N_("Largest jump of a rate"),
        "margin_bps": N_("Margin"),
        "pairs": N_("Margins of single pairs"),
        "quote_s": N_("A quote holds for"),
        "Exchange.least": N_("Smallest amount exchanged"),
        "pair": N_("Pair"),
        "rate": N_("Rate"),
        "Transfers.most": N_("Most at once"),
        "most_per_day": N_("Most in a day"),
        "least_reason": N_("Shortest reason"),
    },
    help={
        "LedgerSettings.currencies": N_("Left empty, those of the company."),
        "pair": N_("Two currencies, such as EUR/USD."),
        "rates_jump_percent": N_(
            "In percent for each hour since the last good one; a price that is further away is not "
            "taken."
        ),
        "least_reason": N_("Characters."),
        "Transfers.most": N_("In the base currency."),
        "most_per_day": N_("In the base currency."),
    },
)
