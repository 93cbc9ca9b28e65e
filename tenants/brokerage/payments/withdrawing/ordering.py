"""Who sends one part and what they are told."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.payments.connector import Destination as To
from brokerage.payments.connector import Paid, Payer, PaymentConnector, Payout, ToToken
from brokerage.payments.depositing import crediting
from brokerage.payments.model import AttemptState, Deposit, PaymentAttempt
from brokerage.payments.payout_places import destinations
from brokerage.payments.psp import providers
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import concluding, placing
from brokerage.payments.withdrawing.model import (
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
)
from stoa.connectors.lines import was_sent
from stoa.connectors.outcomes import Sending, Unknown, not_sent
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work


class Order:
    """What one call needs, read in the transaction that claimed it."""

    def __init__(
        self, connector: PaymentConnector, payout: UUID, money: Money, way: str, told: Any
    ) -> None:
        self.connector = connector
        self.payout = payout
        self.money = money
        self.way = way
        self.told = told

    async def send(self) -> Sending:
        if self.way == "refund":
            return await self.connector.refund(self.payout, self.told, self.money)
        return await self.connector.pay_out(self.told)


async def order(work: Work, row: Withdrawal, part: PayoutAttempt) -> Order:
    """Who sends it and what they are told. Raises Unavailable when nobody can."""
    money = Money(part.amount, part.currency)
    if part.way == "refund":
        paid = await work.first(
            select(PaymentAttempt).where(
                PaymentAttempt.deposit == part.source, PaymentAttempt.state == AttemptState.PAID
            )
        )
        if paid is None or paid.reference is None:
            raise Unavailable("The deposit's payment is not known.", code="no-payment")
        part.psp = paid.psp
        connector = await providers.connected(work, paid.psp)
        told = Paid(paid.reference, paid.payment or "")
        return Order(connector, part.id, money, "refund", told)
    brief = await clients.brief(work, row.client)
    to = await _to(work, row, part)
    if not part.psp or (part.state == PayoutState.WAITING and not placing.bound(part)):
        routed = await placing.routed(work, row, part, brief)
        part.psp, part.decision = routed.psp, routed.kept
    payout = Payout(
        id=part.id,
        reference=row.reference,
        money=money,
        destination=to,
        payer=Payer(
            reference=brief.reference,
            name=brief.name,
            email=brief.email,
            country=brief.country,
            language=brief.language,
            phone=brief.phone or "",
        ),
        description=f"{work.tenant.name} {row.reference}",
    )
    return Order(await providers.connected(work, part.psp), part.id, money, "payout", payout)


async def _to(work: Work, row: Withdrawal, part: PayoutAttempt) -> To:
    if part.method == Method.CARD:
        deposit = await work.get(Deposit, part.source)
        token = work.unseal(deposit.id, crediting.TOKEN, deposit.token_sealed)
        if not token:
            raise Unavailable("The card is not known to the provider.", code="no-token")
        return ToToken(token)
    return destinations.opened(work, await work.get(Destination, row.destination))


async def call(open_work: OpenWork, order: Order) -> None:
    faultpoint("payout.claimed")
    try:
        answer = await order.send()
    except Unavailable as why:
        # What left us may have been acted upon, however the connector tells of it.
        answer = Unknown(why.code) if was_sent(why) else not_sent(why)
    faultpoint("payout.answered")
    await concluding.conclude(open_work, order.payout, answer)
