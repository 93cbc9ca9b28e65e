"""The books against the world: what the stand-ins really did, what the driver was told, what is kept."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text

from brokerage.demo.world import World
from brokerage.faults.cast import Broker, Customer
from brokerage.faults.record import OK, REFUSED, UNKNOWN, Operation, Record
from brokerage.ledger import check
from brokerage.ledger.transfers import KIND as TRANSFER
from brokerage.trading.connector import mark
from stoa.audit import chain, sealer, standalone
from stoa.kernel import currencies
from stoa.tenancy.work import Work

UNDONE: Final = frozenset({"failed", "canceled", "cancelled", "reversed", "expired"})
KEYS: Final = ("t:", "stoa:", "arq:")
"""What Valkey may hold: things of one tenant, the house's bell, arq's own."""

DEPOSITS: Final = text(
    "select d.id, d.client, d.amount, d.fee, d.currency, d.state, d.entry, a.id as attempt, "
    "a.psp, a.state as attempt_state, (select count(*) from entry e where e.operation in "
    "('deposit:' || d.id, 'suspense:' || a.id)) as entries, exists (select from "
    "unresolved_payment u where u.attempt = a.id) as waits "
    "from payment_attempt a join deposit d on d.id = a.deposit"
)
PAYOUTS: Final = text(
    "select p.id, w.client, p.amount, p.fee, p.currency, p.state, p.psp, p.way "
    "from payout_attempt p join withdrawal w on w.id = p.withdrawal"
)
TRANSFERS: Final = text(
    "select t.id, t.client, t.direction, t.amount, t.currency, t.state, a.login "
    "from transfer t join trading_account a on a.id = t.account"
)
BALANCES: Final = text(
    "select a.owner, a.currency, a.kind, sum(b.balance) as balance from ledger_account a "
    "join ledger_balance b on b.account = a.id where a.owner is not null group by 1, 2, 3"
)
UNSEALED: Final = text(
    "select count(*) from audit_entry e where e.at < now() - interval '10 seconds' "
    "and not exists (select from audit_seal s where s.entry = e.id)"
)
STRANGERS: Final = text(
    "select (select count(*) from outbox where tenant <> i.tenant) + (select count(*) from "
    "audit_entry where tenant <> i.tenant) + (select count(*) from entry where tenant <> i.tenant) "
    "from tenant_identity i"
)


@dataclass(slots=True)
class Outside:
    """What happened outside, for one sub-broker: payments, payouts and trading operations."""

    payments: dict[UUID, tuple[Decimal, str, str]] = field(default_factory=dict[UUID, Any])
    sent: dict[UUID, list[tuple[Decimal, str, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    operations: dict[str, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    balances: dict[int, Decimal] = field(default_factory=dict[int, Decimal])


class Books:
    """Compares, tenant by tenant, and writes every breach into the record."""

    def __init__(self, world: World, record: Record) -> None:
        self.world = world
        self.record = record
        self.most_sends = 0
        self.most_credits = 0

    async def compare(self, broker: Broker) -> None:
        slug = broker.tenant.slug
        async with self.world.work(broker.tenant, purpose="faults.compare") as work:
            for found in (await check.examine(work, slug)).violations:
                self.record.breach(found.invariant, slug, found.subject, found.detail)
            outside = await self._outside(work, broker)
            expected: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
            await self._deposits(work, slug, outside, expected)
            await self._payouts(work, slug, outside, expected)
            await self._transfers(work, slug, outside, expected)
            await self._operations(work, broker, expected)
            await self._balances(work, broker, outside, expected)
            if await work.value(STRANGERS):
                self.record.breach("I11", slug, "rows", "of another tenant")
        await self._audit(broker)

    async def _outside(self, work: Work, broker: Broker) -> Outside:
        """What the providers' and the trading server's own records say of this sub-broker."""
        seen = Outside()
        for psp in ("alpha", "beta"):
            truth = await self.world.lever(psp, "/truth", method="GET")
            for row in truth["payments"]:
                ours = _ours(row)
                if ours is not None and row["paid"]:
                    currency = row["currency"].upper()
                    seen.payments[ours] = (_money(row["amount_received"], currency), currency, psp)
                    if row["amount_refunded"] > row["amount_received"]:
                        self.record.breach(
                            "I8", broker.tenant.slug, ours, "refunded more than paid"
                        )
            for row in (*truth["payouts"], *truth["refunds"]):
                ours = _ours(row)
                if ours is not None:
                    currency = row["currency"].upper()
                    done = row["status"] not in UNDONE
                    seen.sent[ours].append((_money(row["amount"], currency), currency, done))
        logins = await work.table(
            text("select login from trading_account where login is not null and kind = 'live'")
        )
        for (login,) in logins:
            truth = await self.world.lever("trading", f"/truth/{login}", method="GET")
            seen.balances[login] = Decimal(truth["balance"])
            for one in truth["operations"]:
                seen.operations[one["comment"]].append(Decimal(one["amount"]))
        return seen

    async def _deposits(
        self, work: Work, slug: str, outside: Outside, expected: dict[tuple[UUID, str], Decimal]
    ) -> None:
        """I5: what was paid is credited once, as it was paid, or waits for a person; nothing else."""
        credited: dict[UUID, int] = defaultdict(int)
        for row in await work.table(DEPOSITS):
            paid = outside.payments.get(row.attempt)
            if row.attempt_state == "paid":
                credited[row.id] += 1
                self.most_credits = max(self.most_credits, credited[row.id])
                if paid is None or paid[:2] != (row.amount, row.currency):
                    self.record.breach("I5", slug, row.id, f"credited, the provider says {paid}")
                expected[row.client, row.currency] += row.amount - row.fee
            elif paid is not None and not row.waits:
                self.record.breach(
                    "I5", slug, row.id, f"paid {paid}, here {row.state}/{row.attempt_state}"
                )
            if row.attempt_state == "paid" and row.entry is None:
                self.record.breach("I5", slug, row.id, "credited without an entry")

    async def _payouts(
        self, work: Work, slug: str, outside: Outside, expected: dict[tuple[UUID, str], Decimal]
    ) -> None:
        """I6: sent at most once, and our state is what happened."""
        for row in await work.table(PAYOUTS):
            there = outside.sent.get(row.id, [])
            self.most_sends = max(self.most_sends, len(there))
            if len(there) > 1:
                self.record.breach("I6", slug, row.id, f"sent {len(there)} times")
            went = [one for one in there if one[2]]
            if row.state == "paid":
                expected[row.client, row.currency] -= row.amount + row.fee
                if not went or went[0][:2] != (row.amount, row.currency):
                    self.record.breach("I6", slug, row.id, f"paid here, there {there}")
            elif row.state in {"waiting", "cancelled", "refused", "returned"} and went:
                self.record.breach("I6", slug, row.id, f"{row.state} here, there {there}")
            elif row.state in {"sending", "accepted"}:
                self.record.breach("I6", slug, row.id, f"still {row.state}, there {there}")

    async def _transfers(
        self, work: Work, slug: str, outside: Outside, expected: dict[tuple[UUID, str], Decimal]
    ) -> None:
        """I7: applied once at the trading server, and the wallet's side is the same."""
        for row in await work.table(TRANSFERS):
            there = outside.operations.get(mark("T", row.id), [])
            signed = -row.amount if row.direction == "to-wallet" else row.amount
            if row.state == "done" and row.direction != "cover":
                expected[row.client, row.currency] -= signed
            wanted = [signed] if row.state == "done" else []
            if there != wanted:
                self.record.breach("I7", slug, row.id, f"{row.state} here, there {there}")
            if row.state in {"held", "sending"}:
                self.record.breach("I7", slug, row.id, f"still {row.state}")

    async def _operations(
        self, work: Work, broker: Broker, expected: dict[tuple[UUID, str], Decimal]
    ) -> None:
        """I4: what was promised exists once, what was refused does not, nothing stays unknown."""
        slug = broker.tenant.slug
        known = {
            row.operation: row.count
            for row in await work.table(text("select operation, count(*) from entry group by 1"))
        }
        ids: dict[str, set[UUID]] = {}
        for kind, table in (
            ("deposit", "deposit"),
            ("withdraw", "withdrawal"),
            ("to-account", "transfer"),
            ("to-wallet", "transfer"),
        ):
            rows = await work.table(text(f'select id from "{table}"'))  # noqa: S608 - our own names
            ids[kind] = {row.id for row in rows}
        for one in self.record.operations:
            if one.who.tenant.slug != slug:
                continue
            if one.outcome == UNKNOWN:
                self.record.breach("I4", slug, one.key, f"{one.kind} was never answered")
                continue
            there = one.key in ids[one.kind] if one.kind in ids else _entry_of(one, known)
            if one.outcome == OK and not there:
                self.record.breach("I4", slug, one.key, f"{one.kind} was promised and is not there")
            if one.outcome == REFUSED and there:
                self.record.breach("I4", slug, one.key, f"{one.kind} was refused and is there")
            if one.outcome == OK:
                _moved(one, expected)

    async def _balances(
        self,
        work: Work,
        broker: Broker,
        outside: Outside,
        expected: dict[tuple[UUID, str], Decimal],
    ) -> None:
        """The model's balances are the ledger's; trading money is the server's."""
        slug = broker.tenant.slug
        kept: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
        traded: dict[UUID, Decimal] = defaultdict(Decimal)
        for row in await work.table(BALANCES):
            if row.kind in {"wallet", "hold"}:
                kept[row.owner, row.currency] += row.balance
            elif row.kind == "platform":
                traded[row.owner] += row.balance
        for key in sorted({*kept, *expected}, key=str):
            if kept[key] != expected[key]:
                self.record.breach(
                    "I4", slug, key[0], f"has {kept[key]} {key[1]}, the model says {expected[key]}"
                )
        logins = {
            row.client: row.login
            for row in await work.table(
                text("select client, login from trading_account where kind = 'live'")
            )
        }
        for client in broker.clients:
            there = outside.balances.get(logins.get(client.id) or 0, Decimal(0))
            if traded[client.id] != there:
                self.record.breach(
                    "I7",
                    slug,
                    client.id,
                    f"trades with {traded[client.id]}, the server says {there}",
                )

    async def _audit(self, broker: Broker) -> None:
        """I10: nothing waits for its seal, the chain holds, and the stand-alone verifier agrees."""
        slug = broker.tenant.slug
        async with self.world.work(broker.tenant) as work:
            late = await work.value(UNSEALED)
        if late:
            self.record.breach("I10", slug, "seal", f"{late} entries are unsealed for 10 s")
        await sealer.seal(self.world.door, broker.tenant)
        opener = self.world.door.opener(broker.tenant, purpose="audit.read")
        found = await chain.verify(opener)
        lines = [chain.carried(row) async for row in chain.entries(opener)]
        _, alone, _ = standalone.check(lines)
        for said in (found.fault, alone):
            if said is not None:
                self.record.breach("I10", slug, "chain", said)

    async def keys(self, redis: Redis) -> None:
        """I11: whatever Valkey holds names its tenant or is the house's."""
        async for key in redis.scan_iter(count=1000):
            if not key.decode(errors="replace").startswith(KEYS):
                self.record.breach("I11", "", key, "a key of no tenant")


def _ours(row: dict[str, Any]) -> UUID | None:
    try:
        return UUID(str((row.get("metadata") or {}).get("id")))
    except ValueError:
        return None


def _money(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-currencies.exponent(currency))


def _entry_of(one: Operation, known: dict[str, int]) -> bool:
    """Exchanges and transfers between clients are entries with a name of their own."""
    if one.kind == "exchange":
        return known.get(f"exchange:{one.key}", 0) == 1
    return known.get(f"client:{one.who.id}:{TRANSFER}:{one.key}", 0) == 1


def _moved(one: Operation, expected: dict[tuple[UUID, str], Decimal]) -> None:
    who: Customer = one.who
    if one.kind == "transfer" and one.to is not None:
        expected[who.id, one.currency] -= one.amount
        expected[one.to.id, one.currency] += one.amount
    if one.kind == "exchange" and one.buy is not None:
        expected[who.id, one.currency] -= one.amount
        expected[who.id, one.buy[1]] += one.buy[0]
