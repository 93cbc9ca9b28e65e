"""What sides, kinds, reasons and states of proof are called where people read them."""

from typing import Final

from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

SIDES: Final = {
    "bank": N_("Bank"),
    "psp": N_("Payment provider"),
    "platform": N_("Trading server"),
}
KINDS: Final = {
    "not-outside": N_("In the books, not at the other side"),
    "not-in-books": N_("At the other side, not in the books"),
    "amount": N_("Both have it, with different amounts"),
    "fees": N_("Fees kept by the provider"),
    "balance": N_("The server tells another balance"),
}
REASONS: Final = {
    "timing": N_("It is on its way"),
    "fee": N_("A fee"),
    "provider-error": N_("A mistake of the provider or the bank"),
    "our-error": N_("A mistake of ours"),
    "duplicate": N_("It was paid or told twice"),
    "unknown-payer": N_("Nobody knows whose it is"),
    "fraud": N_("Suspected fraud"),
    "rate": N_("Rounding or a rate"),
}
OUTCOMES: Final = {
    "cleared": N_("Books and evidence agree again"),
    "accepted": N_("A person accepted it"),
}
LINES: Final = {
    "credit": N_("Money in"),
    "debit": N_("Money out"),
    "payment": N_("Payment"),
    "refund": N_("Refund"),
    "payout": N_("Payout"),
    "chargeback": N_("Chargeback"),
    "reversal": N_("Reversal"),
    "fee": N_("Fee"),
    "transfer": N_("Transfer to the bank"),
}
HOWS: Final = {
    "provider-id": N_("the provider's own id"),
    "our-id": N_("our id, which the provider carries"),
    "our-reference": N_("our reference in the text"),
    "same-movement": N_("both ends of one movement"),
    "by-hand": N_("chosen by a person"),
    "suggested": N_("suggested and accepted"),
    "posted": N_("the books were written for it"),
}
PURPOSES: Final = {
    "client": N_("Clients' money"),
    "house": N_("The house's own money"),
    "settlement": N_("Settlements of providers"),
}

learn(
    {
        "file reading": Status(N_("Being read"), Tone.MOVING),
        "file refused": Status(N_("Refused"), Tone.STOPPED),
        "file matching": Status(N_("Being matched"), Tone.MOVING),
        "file done": Status(N_("Taken in"), Tone.DONE),
        "break open": Status(N_("Open"), Tone.NEEDS),
        "break explained": Status(N_("Explained"), Tone.WAITING),
        "break resolved": Status(N_("Resolved"), Tone.DONE),
        "line open": Status(N_("Not matched"), Tone.NEEDS),
        "line part": Status(N_("Matched in part"), Tone.NEEDS),
        "line matched": Status(N_("Matched"), Tone.DONE),
        "match live": Status(N_("In force"), Tone.DONE),
        "match undone": Status(N_("Undone"), Tone.STOPPED),
        "bank open": Status(N_("Open"), Tone.DONE),
        "bank closed": Status(N_("Closed"), Tone.STOPPED),
        "day calculated": Status(N_("To be signed"), Tone.NEEDS),
        "day signed": Status(N_("To be reviewed"), Tone.MOVING),
        "day reviewed": Status(N_("Signed and reviewed"), Tone.DONE),
        "proof agrees": Status(N_("Agrees"), Tone.DONE),
        "proof differs": Status(N_("Differs"), Tone.NEEDS),
        "proof stale": Status(N_("Evidence is old"), Tone.WAITING),
        "proof none": Status(N_("No evidence yet"), Tone.WAITING),
    }
)
