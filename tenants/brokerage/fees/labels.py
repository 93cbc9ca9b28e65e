"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.fees",
    {
        "lines": N_("Lines of the schedule"),
        "refund_returned": N_("A returned withdrawal gets its fee back"),
        "warn_days": N_("Warn of an inactivity fee before"),
        "FeeLine.on": N_("Charged on"),
        "FeeLine.fixed": N_("Fixed sum"),
        "FeeLine.least": N_("Never less than"),
        "FeeLine.most": N_("Never more than"),
        "segments": N_("Segments"),
        "free_per_month": N_("Free in a month"),
        "after_days": N_("Idle for"),
    },
    help={
        "free_per_month": N_("How often before the fee counts."),
        "after_days": N_("Counts for the inactivity fee only."),
        "FeeLine.methods": N_("What is left empty fits everything."),
    },
    choices={
        "FeeLine.on": {
            "deposit": N_("Deposit"),
            "withdrawal": N_("Withdrawal"),
            "conversion": N_("Conversion"),
            "inactivity": N_("Inactivity"),
        },
    },
)
