"""What the driver asked and was answered: the reference model the books are held against."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.faults.cast import Customer

OK: Final = "ok"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"
LATEST: Final = 50


@dataclass(slots=True)
class Operation:
    """One wish of one client. `key` is what makes sending it again the same wish."""

    index: int
    kind: str
    who: Customer
    key: UUID
    amount: Decimal
    currency: str
    to: Customer | None = None
    buy: tuple[Decimal, str] | None = None
    outcome: str = UNKNOWN
    ever_unknown: bool = False
    said: str = ""

    def line(self) -> str:
        return (
            f"{self.index} {self.kind} {self.who.tenant.slug} {self.who.id} "
            f"{self.amount} {self.currency} {self.key} {self.outcome} {self.said}"[:240]
        )


@dataclass(frozen=True, slots=True)
class Breach:
    """One invariant that does not hold, and of what."""

    invariant: str
    tenant: str
    subject: str
    detail: str


@dataclass(slots=True)
class Record:
    """Every operation of a run and every answer, counted."""

    operations: list[Operation] = field(default_factory=list[Operation])
    answers: Counter[str] = field(default_factory=Counter[str])
    breaches: list[Breach] = field(default_factory=list[Breach])
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=LATEST))

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)

    def ended(self, operation: Operation) -> None:
        self.latest.append(operation.line())

    def event(self, what: str) -> None:
        self.latest.append(what)

    def breach(self, invariant: str, tenant: str, subject: Any, detail: str) -> None:
        self.breaches.append(Breach(invariant, tenant, str(subject), detail))

    def of(self, kind: str, tenant: str, outcome: str = OK) -> Sequence[Operation]:
        return [
            one
            for one in self.operations
            if one.kind == kind and one.who.tenant.slug == tenant and one.outcome == outcome
        ]

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.operations)
