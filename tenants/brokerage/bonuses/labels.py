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
        "Terms.kind": N_("Kind"),
        "Terms.percent": N_("Percent of the deposit"),
        "Terms.tiers": N_("For each lot, by tiers"),
        "Tier.from_lots": N_("From so many lots"),
        "Tier.amount": N_("Money for each lot"),
        "least_deposit": N_("Deposits from"),
        "Terms.first": N_("From deposit number"),
        "Terms.last": N_("To deposit number"),
        "valid_days": N_("Lapses after"),
        "lots_per_100": N_("Lots for 100 of it"),
        "release": N_("Becomes money"),
        "symbols": N_("Symbols"),
        "hold_s": N_("Held at least"),
        "burn": N_("A withdrawal takes"),
        "burn_negative": N_("Below zero takes it"),
        "tags": N_("Tags"),
        "promo_code": N_("Promo code"),
        "once_per": N_("Once for each"),
        "ask": N_("The client takes it"),
    },
    help={
        "rapid_least": N_("How many closed trades there must be."),
        "Terms.percent": N_("Only for credit for a deposit."),
        "Terms.tiers": N_("Only for money for each lot: from so many lots on, so much."),
        "Terms.last": N_("0 is without end."),
        "lots_per_100": N_("0: it never becomes money."),
        "symbols": N_("A star at the end fits the rest. Empty: every symbol."),
        "ask": N_("Otherwise every deposit that fits brings it."),
    },
    choices={
        "Terms.kind": {
            "deposit": N_("Credit for a deposit"),
            "cashback": N_("Money for each lot"),
        },
        "release": {
            "whole": N_("All at the end"),
            "steps": N_("Step by step"),
        },
        "burn": {
            "all": N_("All of it"),
            "pro-rata": N_("The same share"),
            "none": N_("Nothing"),
        },
        "once_per": {
            "household": N_("Household"),
            "device": N_("Device"),
            "instrument": N_("Card or account"),
        },
    },
)
