"""What the fields of these settings are called."""

from stoa.drawn.labels import Labels
from stoa.theming.texts import N_

LABELS = Labels(
    "brokerage.recon",
    {
        "settlements": N_("Settlement files"),
        "late_h": N_("Money in flight is late after"),
        "stale_after_h": N_("A statement is old after"),
        "near_days": N_("Days apart that still match"),
        "least_score": N_("Least likeness of a suggestion"),
        "sign_by_hour": N_("The day is signed by"),
        "Settlement.psp": N_("Provider"),
        "columns": N_("Names of its columns"),
        "words": N_("Its words for kinds"),
        "separator": N_("Columns are parted by"),
        "skip_lines": N_("Lines to skip at the top"),
        "decimal": N_("Decimal sign"),
        "minor_units": N_("Amounts are in the smallest unit"),
        "Settlement.sign": N_("Signs of amounts"),
        "date_format": N_("How dates are written"),
        "Columns.id": N_("Number of the line"),
        "Columns.payment": N_("Our payment"),
        "Columns.reference": N_("Reference"),
        "Columns.gross": N_("Gross amount"),
        "Columns.at": N_("Date"),
        "word": N_("Word in the file"),
        "Word.kind": N_("Means"),
    },
    help={
        "ReconSettings.time_zone": N_("Left empty, the company's own."),
        "least_score": N_("From 1 to 100."),
        "sign_by_hour": N_("Hour of the day, from 0 to 23."),
        "date_format": N_("iso, or a pattern such as %d.%m.%Y."),
        "Settlement.currency": N_("Left empty, the file has a column of it."),
    },
    choices={
        "separator": {
            "auto": N_("Found out by itself"),
            "comma": N_("Comma"),
            "semicolon": N_("Semicolon"),
            "tab": N_("Tab"),
            "bar": N_("Bar"),
        },
        "decimal": {
            "point": N_("Point"),
            "comma": N_("Comma"),
        },
        "Settlement.sign": {
            "signed": N_("As they stand"),
            "inverted": N_("The other way round"),
            "by-kind": N_("By the kind of line"),
        },
        "Word.kind": {
            "payment": N_("Payment"),
            "refund": N_("Refund"),
            "payout": N_("Payout"),
            "chargeback": N_("Chargeback"),
            "reversal": N_("Reversal"),
            "fee": N_("Fee"),
            "transfer": N_("Transfer"),
            "ignore": N_("Left out"),
        },
    },
)
