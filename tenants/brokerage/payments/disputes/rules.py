"""What the notices about one dispute come to, whatever order they arrive in. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from brokerage.payments.values import DisputeStage
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid

_OVER: Final = {DisputeStage.WON, DisputeStage.REVERSED}
TAKEN: Final = frozenset({DisputeStage.CHARGEBACK, DisputeStage.PRE_ARBITRATION, DisputeStage.LOST})
"""Stages in which the payer's bank has the money, or claims it."""
OPEN: Final = frozenset(
    {DisputeStage.INQUIRY, DisputeStage.CHARGEBACK, DisputeStage.PRE_ARBITRATION}
)
TAKING: Final = frozenset({DisputeStage.INQUIRY, *TAKEN})
"""Stages in which something of the deposit is held, owed or lost."""
FOLLOWS: Final[Mapping[DisputeStage, frozenset[DisputeStage]]] = {
    DisputeStage.INQUIRY: frozenset({*TAKEN, *_OVER}),
    DisputeStage.CHARGEBACK: frozenset({DisputeStage.PRE_ARBITRATION, DisputeStage.LOST, *_OVER}),
    DisputeStage.PRE_ARBITRATION: frozenset({DisputeStage.LOST, *_OVER}),
    DisputeStage.REVERSED: frozenset({*TAKEN, DisputeStage.WON}),
    DisputeStage.WON: frozenset({*TAKEN}),
    DisputeStage.LOST: frozenset({*_OVER}),
}
"""What may come after what. A bank that gave the money back may take it a second time."""
_RANKS: Final = {stage: rank for rank, stage in enumerate(DisputeStage)}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing a provider or a person told about a dispute. `at` is the teller's own time."""

    stage: DisputeStage
    at: datetime | None
    key: str
    money: Money | None = None

    def record(self) -> dict[str, Any]:
        return {
            "stage": str(self.stage),
            "at": self.at.isoformat() if self.at else None,
            "key": self.key,
            "amount": self.money.text() if self.money else None,
            "currency": self.money.currency if self.money else None,
        }


def notice_of(record: Mapping[str, Any]) -> Notice:
    """A notice as it was kept."""
    amount = record["amount"]
    return Notice(
        DisputeStage(record["stage"]),
        datetime.fromisoformat(record["at"]) if record["at"] else None,
        record["key"],
        Money(Decimal(amount), record["currency"]) if amount else None,
    )


def _told_order(notices: Iterable[Notice]) -> list[Notice]:
    """By the tellers' own times; at one time, and where there is none, by how far it has gone."""
    return sorted(
        notices,
        key=lambda one: (
            one.at is not None,
            one.at.timestamp() if one.at else 0.0,
            _RANKS[one.stage],
            one.key,
        ),
    )


def stage_of(notices: Sequence[Notice]) -> DisputeStage:
    """Where a dispute stands: the same for the same notices, in whatever order they came.

    News that cannot follow what is known is late, and changes nothing.
    """
    told = _told_order(notices)
    stage = told[0].stage
    for one in told[1:]:
        if one.stage in FOLLOWS[stage]:
            stage = one.stage
    return stage


def claim_of(notices: Sequence[Notice]) -> Money | None:
    """What is asked back: the newest amount of a notice that claims something, if any names one."""
    told = [one for one in _told_order(notices) if one.stage not in _OVER and one.money]
    return told[-1].money if told else None


def secured(claim: Money, deposit: Money, others: Money) -> Money:
    """What of a deposit a dispute may ask for: never more than the deposit and what others left."""
    left = deposit - others
    if left.amount <= 0:
        return Money.zero(deposit.currency)
    return min(claim, left, key=lambda one: one.amount)


def second_person(asker: object, agrees: object) -> None:
    """Raises Denied for who asked for it."""
    if asker == agrees:
        raise Denied(
            "You asked for this; someone else has to agree. Nothing was moved.", code="maker"
        )


def worded(text: str, field: str = "reason") -> str:
    """A person's reason as it is kept. Raises Invalid where there is none."""
    said = text.strip()[:400]
    if len(said) < 3:
        raise Invalid("Say why, in a few words: it stays with the dispute.", field=field)
    return said
