"""Many of everything a list shows, so that a query made for each row is seen."""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from brokerage.clients import clients
from brokerage.crm import leads, tasks
from brokerage.kyc import cases
from brokerage.kyc.model import State, Why
from brokerage.ledger import accounts, wallets
from brokerage.ledger.model import Adjustment
from brokerage.partners.tree import attribution, partners
from brokerage.payments.disputes import noticing
from brokerage.payments.disputes.noticing import Told
from brokerage.payments.model import (
    Deposit,
    Destination,
    PaymentAttempt,
    PayoutAttempt,
    Unresolved,
    Withdrawal,
)
from brokerage.payments.values import DisputeStage
from brokerage.risk.model import RiskAlert
from brokerage.trading import deals
from brokerage.trading.connector import Deal, DealKind, Entry
from brokerage.trading.lifecycle.model import AccountRequest
from brokerage.trading.model import OpenPosition, TradingAccount, Transfer
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.work import Work

_NUMBERS = itertools.count(90_000_001)
SERVER = "mt5-live"
DECISION = {
    "route": "cards", "rule": 1, "point": 0, "order": ["alpha"], "looked": [], "version": 1,
    "ask": {
        "id": "0190f0d0-0000-7000-8000-000000000001", "method": "card", "amount": "50.00",
        "currency": "EUR", "country": "ES", "level": "basic",
    },
}  # fmt: skip


@dataclass
class Member:
    """One of the crowd, with an example of what they have."""

    client: UUID
    deposit: UUID
    withdrawal: UUID
    account: UUID
    dispute: UUID
    cover: UUID
    alert: UUID


async def gather(work: Work, many: int, *, partner: UUID | None = None) -> Sequence[Member]:
    """So many clients, each with money, payments, accounts, deals; leads and tasks beside them."""
    return [await _member(work, partner) for _ in range(many)]


async def for_one(work: Work, client: UUID, many: int) -> None:
    """So many of each for one client's own pages."""
    for _ in range(many):
        await _money(work, client)
        deposit, _ = await _payments(work, client)
        await _disputed(work, deposit)
        await _below_zero(work, client, await _trading(work, client))


async def a_partner(work: Work) -> UUID:
    """A partner, who may have a crowd below."""
    row = await partners.enrol(work, (await _client(work)))
    return row.id


async def _client(work: Work) -> UUID:
    row = await clients.register(
        work,
        email=f"{secrets.token_hex(6)}@example.com",
        first_name="María",
        last_name="López",
        country="ES",
    )
    return row.id


async def _member(work: Work, partner: UUID | None) -> Member:
    client = await _client(work)
    await _money(work, client)
    deposit, withdrawal = await _payments(work, client)
    if partner is not None:
        work.now += timedelta(seconds=1)
        await attribution.reassign(work, client, partner=partner, why="a test")
        await partners.enrol(work, client, parent=partner)
    account = await _trading(work, client)
    await notices.tell(work, client, "Your deposit of {amount} arrived", path="/", amount="1")
    lead = await leads.create(
        work, leads.Wish(name="Lía Prado", email=f"{secrets.token_hex(6)}@example.com")
    )
    await tasks.open(work, "Call back", about=lead.id, about_kind="lead")
    work.add(
        Adjustment(
            id=uuid7(), reference=reference("A"), client=client, direction="credit",
            amount=Decimal(1), currency="EUR", category="goodwill", reason="a gesture",
            evidence="ticket 4711", asked_by=uuid7(), asked_at=work.now,
        )
    )  # fmt: skip
    case = await cases.open_for(work, client, Why.FIRST)
    case.state, case.submitted_at, case.due_at = State.REVIEW, work.now, work.now
    await work.flush()
    dispute = await _disputed(work, deposit)
    cover = await _below_zero(work, client, account)
    alert = await _alert(work, client, account)
    return Member(client, deposit, withdrawal, account, dispute, cover, alert)


async def _money(work: Work, client: UUID) -> None:
    for currency in ("EUR", "USD"):
        await wallets.credit(
            work,
            client,
            Money(Decimal(4), currency),
            operation=f"crowd:{secrets.token_hex(8)}",
            kind="deposit",
            against=accounts.house(work, "bank", currency),
        )
    await wallets.hold(work, client, Money(Decimal(3), "EUR"), cause=("withdrawal", uuid7()))


async def _payments(work: Work, client: UUID) -> tuple[UUID, UUID]:
    deposit = Deposit(
        id=uuid7(),
        reference=reference("D"),
        client=client,
        method="card",
        amount=Decimal(50),
        currency="EUR",
        state="waiting",
        started_at=work.now,
        expires_at=work.now + timedelta(hours=1),
    )
    work.add(deposit)
    await work.flush()
    attempt = PaymentAttempt(
        id=uuid7(), deposit=deposit.id, number=1, psp="alpha", state="open", decision=DECISION,
        reference=secrets.token_hex(8), asked_at=work.now,
    )  # fmt: skip
    place = Destination(
        id=uuid7(), client=client, method="bank", tail="3000", country="DE",
        details_sealed=work.seal(deposit.id, "crowd", "x"), blind=secrets.token_bytes(16),
        state="active", added_at=work.now, usable_at=work.now,
    )  # fmt: skip
    work.add(attempt)
    work.add(place)
    await work.flush()
    withdrawal = Withdrawal(
        id=uuid7(), reference=reference("W"), client=client, method="bank", destination=None,
        amount=Decimal(20), currency="EUR", state="review", hold=uuid7(), plan=[], checks=[],
        auto=[], loses=[], counted={}, need=1, payload_hash="0" * 64, story=[], asked_by=client, asked_at=work.now,
        promised_at=work.now + timedelta(hours=1),
    )  # fmt: skip
    work.add(withdrawal)
    await work.flush()
    work.add(
        PayoutAttempt(
            id=uuid7(), withdrawal=withdrawal.id, part=1, psp="alpha", way="payout",
            method="bank", amount=Decimal(20), currency="EUR", made_at=work.now,
        )
    )  # fmt: skip
    work.add(
        Unresolved(
            id=uuid7(), psp="alpha", problem="under-paid", deposit=deposit.id,
            attempt=attempt.id, reference=secrets.token_hex(8), amount=Decimal(5),
            currency="EUR", proposed="credit", state="open", opened_at=work.now,
        )
    )  # fmt: skip
    await work.flush()
    return deposit.id, withdrawal.id


async def _disputed(work: Work, deposit: UUID) -> UUID:
    told = Told(
        psp="alpha", stage=DisputeStage.CHARGEBACK, key=secrets.token_hex(8),
        case=secrets.token_hex(8), at=work.now,
    )  # fmt: skip
    return (await noticing.take(work, deposit, told)).id


async def _below_zero(work: Work, client: UUID, account: UUID) -> UUID:
    cover = Transfer(
        id=uuid7(), client=client, account=account, direction="cover", payer="house",
        amount=Decimal(5), currency="USD", state="waiting", asked_at=work.now,
    )  # fmt: skip
    work.add(cover)
    await work.flush()
    return cover.id


async def _alert(work: Work, client: UUID, account: UUID) -> UUID:
    alert = RiskAlert(
        id=uuid7(), rule="sign:profit", scope="account", about=str(account), client=client,
        account=account, level="warning", state="open", measure="profit", bound=Decimal(1),
        value=Decimal(2), worst=Decimal(2), breached_at=work.now, seen_at=work.now,
        evidence={"name": "4711"}, story=[],
        action={"kind": "close-only", "wanted": "close-only", "was": "full", "why": "a test",
                "asked_by": str(client)}, action_state="asked", action_at=work.now,
    )  # fmt: skip
    work.add(alert)
    await work.flush()
    return alert.id


async def _trading(work: Work, client: UUID) -> UUID:
    login = next(_NUMBERS)
    account = TradingAccount(
        id=uuid7(), client=client, server=SERVER, kind="live", product="standard",
        state="active", login=login, server_group="g", currency="USD", leverage=100,
        opened_at=work.now, told_at=work.now,
    )  # fmt: skip
    work.add(account)
    await work.flush()
    owner = deals.Owner(account.id, client, "USD", True)
    await deals.store(work, SERVER, [_deal(work, login, at) for at in range(3)], {login: owner})
    work.add(
        OpenPosition(
            server=SERVER, number=next(_NUMBERS), account=account.id, client=client,
            symbol="EURUSD", side="buy", lots=Decimal(1), contract_size=Decimal(100_000),
            price_open=Decimal("1.08"), price_now=Decimal("1.09"), profit=Decimal(3),
            swap=Decimal(0), opened_at=work.now, told_at=work.now,
        )
    )  # fmt: skip
    work.add(
        Transfer(
            id=uuid7(), client=client, account=account.id, direction="to-account",
            amount=Decimal(5), currency="USD", asked_at=work.now,
        )
    )  # fmt: skip
    work.add(
        AccountRequest(
            id=uuid7(), client=client, account=account.id, kind="leverage", state="asked",
            wants={"leverage": 50}, effect={}, answer={}, asked_kind="client", asked_by=client,
            asked_at=work.now,
        )
    )  # fmt: skip
    await work.flush()
    return account.id


def _deal(work: Work, login: int, at: int) -> Deal:
    number = next(_NUMBERS)
    return Deal(
        deal=number, login=login, kind=DealKind.BUY, entry=Entry.IN,
        at=work.now - timedelta(minutes=at), symbol="EURUSD", lots=Decimal("0.1"),
        lots_closed=Decimal(0), contract_size=Decimal(100_000), price=Decimal("1.08"),
        profit=Decimal(0), swap=Decimal(0), commission=Decimal(0), position=number,
        order=number, rate_profit=Decimal(1),
    )  # fmt: skip
