"""What entries, accounts and adjustments are called where people read them.

Modules that post under a kind of their own teach its name: `learn("deposit", N_("Deposit"), ...)`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from markupsafe import Markup

from stoa.theming import words
from stoa.theming.look import shown
from stoa.theming.statuses import Status, Tone
from stoa.theming.statuses import learn as learn_status
from stoa.theming.texts import N_


class Said(str):
    """A message id in a list's cell, in pages and files in the reader's language; `code` is what
    is stored, where that is not the text itself.
    """

    __slots__ = ("code",)
    code: str | None

    def __new__(cls, label: str, code: str | None = None) -> Self:
        made = super().__new__(cls, label)
        made.code = code
        return made

    def __html__(self) -> Markup:
        return Markup("{}").format(shown().texts.gettext(str(self)))


POSTERS: Final = {
    "staff": N_("Staff"),
    "client": N_("The client"),
    "operator": N_("The operator"),
    "api": N_("Your own system"),
    "system": N_("The system"),
    "provider": N_("A provider"),
    "visitor": N_("A visitor"),
}
"""Who posted an entry, where it was nobody by name: the kinds of an actor."""

# Reasons the product itself posts with; a person's reason stands as it was written.
words.learn(
    {
        "rejected": N_("rejected"),
        "not granted": N_("not granted"),
        "taken back": N_("taken back"),
        "cancelled by the client": N_("cancelled by the client"),
        "idle account": N_("idle account"),
    }
)
learn_status(
    {
        "adjustment asked": Status(N_("Waits for approval"), Tone.NEEDS),
        "adjustment posted": Status(N_("Posted"), Tone.DONE),
        "adjustment rejected": Status(N_("Rejected"), Tone.STOPPED),
        "adjustment cancelled": Status(N_("Taken back"), Tone.STOPPED),
        "period open": Status(N_("Open"), Tone.MOVING),
        "period closed": Status(N_("Closed, to be signed"), Tone.NEEDS),
        "period signed": Status(N_("Closed and signed"), Tone.DONE),
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: its name, its icon and what it did, as the Why panel says it.

    `reversible` by hand are only kinds with no life of their own elsewhere: a deposit or a
    withdrawal is put right where it is kept, so that it and its entries cannot disagree.
    """

    label: str
    icon: str
    meaning: str = ""
    reversible: bool = False


KINDS: Final[dict[str, Kind]] = {
    "deposit": Kind(
        N_("Deposit received"),
        icon="arrow-down-left",
        meaning=N_("Money arrived through a provider."),
    ),
    "withdrawal": Kind(
        N_("Withdrawal"),
        icon="arrow-up-right",
        meaning=N_("Held money was handed to a payout provider."),
    ),
    "hold": Kind(
        N_("Set aside"), icon="lock", meaning=N_("Money was set aside for what is named below.")
    ),
    "release": Kind(
        N_("Set free"), icon="lock-open", meaning=N_("Held money went back to the wallet.")
    ),
    "hold transfer": Kind(
        N_("To a trading account"),
        icon="arrows-left-right",
        meaning=N_("Money was set aside to go to a trading account."),
    ),
    "transfer in": Kind(
        N_("From a trading account"),
        icon="arrows-left-right",
        meaning=N_("Money moved between a wallet and a trading account."),
    ),
    "release transfer": Kind(
        N_("Back from a transfer"),
        icon="lock-open",
        meaning=N_("The trading account was not reached; the money went back to the wallet."),
    ),
    "hold withdrawal": Kind(
        N_("Withdrawal asked for"),
        icon="arrow-up-right",
        meaning=N_("Money was set aside for a withdrawal until it is paid out."),
    ),
    "release withdrawal": Kind(
        N_("Back from a withdrawal"),
        icon="lock-open",
        meaning=N_("The withdrawal was not paid; the money went back to the wallet."),
    ),
    "exchange": Kind(
        N_("Currency exchange"),
        icon="arrows-exchange",
        meaning=N_("One currency was given for another at a promised rate."),
        reversible=True,
    ),
    "internal-transfer": Kind(
        N_("Transfer"), icon="send", meaning=N_("Money went from one client's wallet to another's.")
    ),
    "transfer": Kind(
        N_("Trading account"),
        icon="arrows-left-right",
        meaning=N_("Money moved between a wallet and a trading account."),
    ),
    "trading-result": Kind(
        N_("Trading result"),
        icon="chart-candle",
        meaning=N_("Closed trades changed the account's balance."),
    ),
    "fee": Kind(
        N_("Fee"), icon="receipt", meaning=N_("A fee of the schedule in force."), reversible=True
    ),
    "fee-hold": Kind(
        N_("Fee set aside"),
        icon="receipt",
        meaning=N_("The fee of what is named below was set aside with it."),
    ),
    "reward": Kind(
        N_("Partner reward"), icon="gift", meaning=N_("A partner's accruals were paid out.")
    ),
    "bonus": Kind(
        N_("Bonus"),
        icon="discount",
        meaning=N_("A bonus was credited or taken back."),
        reversible=True,
    ),
    "adjustment": Kind(
        N_("Correction"),
        icon="adjustments",
        meaning=N_("Staff corrected the balance; two people agreed."),
        reversible=True,
    ),
    "reversal": Kind(
        N_("Reversal"),
        icon="arrow-back-up",
        meaning=N_("An earlier entry was undone by its opposite."),
    ),
    "chargeback": Kind(
        N_("Chargeback"), icon="credit-card-off", meaning=N_("A card payment was taken back.")
    ),
    "negative-balance": Kind(
        N_("Negative balance"),
        icon="shield",
        meaning=N_("The house paid a loss beyond the balance."),
    ),
}


def learn(kind: str, label: str, icon: str, meaning: str = "", *, reversible: bool = False) -> None:
    """Teach the name of a kind of entry; at import of the module that posts it."""
    KINDS[kind] = Kind(label, icon, meaning, reversible)


def of(kind: str, cause: str | None = None) -> Kind:
    """A kind by its code, told closer where it is known what the money is held for."""
    known = KINDS.get(f"{kind} {cause}") or KINDS.get(kind)
    return known or Kind(kind.replace("-", " ").capitalize(), icon="receipt")


def in_wallet(kind: str, cause: str | None, amount: Decimal) -> Kind:
    """The same as a wallet's line tells it: by where the money came from or went to."""
    return of(kind, "in" if kind == "transfer" and amount > 0 else cause)


def choices() -> list[tuple[str, str]]:
    """The kinds an entry can be of, for filters."""
    return [(code, kind.label) for code, kind in KINDS.items() if " " not in code]


@dataclass(frozen=True, slots=True)
class Category:
    """Why a balance is corrected by hand, and which house account is the other side."""

    label: str
    account: str


CATEGORIES: Final[dict[str, Category]] = {
    "goodwill": Category(N_("Goodwill"), "adjustments"),
    "correction": Category(N_("Correction of an error"), "adjustments"),
    "fee-refund": Category(N_("Refund of a fee"), "fees"),
    "unmatched-payment": Category(N_("Payment matched by hand"), "suspense"),
    "negative-balance": Category(N_("Negative balance protection"), "negative-balance"),
    "chargeback": Category(N_("Chargeback"), "chargebacks"),
    "bonus": Category(N_("Bonus"), "bonus"),
}

ACCOUNT_LABELS: Final[dict[str, str]] = {
    "bank": N_("Client money at the bank"),
    "psp": N_("Payment provider"),
    "payout": N_("Payouts on their way"),
    "platform-clearing": N_("On the way to a trading server"),
    "suspense": N_("Not yet matched"),
    "house-bank": N_("Own money at the bank"),
    "fees": N_("Fees earned"),
    "fx": N_("Exchange position"),
    "partners": N_("Partner rewards"),
    "bonus": N_("Bonuses given"),
    "trading": N_("Trading result of the house"),
    "negative-balance": N_("Losses paid for clients"),
    "chargebacks": N_("Chargebacks to recover"),
    "write-offs": N_("Claims given up"),
    "adjustments": N_("Corrections by hand"),
    "costs": N_("Costs of providers and banks"),
    "wallet": N_("Wallet"),
    "hold": N_("Set aside"),
    "platform": N_("Trading account"),
    "credit": N_("Bonus credit"),
    "receivable": N_("Owed by the client"),
}


def account(kind: str) -> str:
    """What an account of this kind is called."""
    return ACCOUNT_LABELS.get(kind) or kind
