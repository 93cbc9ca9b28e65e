"""What lies at the providers of coins: asked in turn, told once when it is too little or too much.

    await sweep(open_work)              asks every provider that has a rule, every ten minutes
    await short(work, psp, money)       whether a payout would find too little there
    await stands(work)                  how each stands now, for finance

What is known is minutes old, so it holds a payout back for a while and never refuses one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from brokerage.payments.hot.port import TellsBalances
from brokerage.payments.hot.settings import Hot
from brokerage.payments.psp import providers
from brokerage.payments.routing import watching
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.settings import PaymentsSettings, Psp
from stoa.identity import roles
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

from brokerage.payments.permissions import Payments  # isort: skip

_EVERY: Final = timedelta(minutes=10)
_SOON: Final = timedelta(minutes=1)
_FRESH: Final = timedelta(minutes=30)
"""Older than this it holds nothing back: nobody knows what lies there now."""


class Standing(StrEnum):
    LOW = "low"
    WITHIN = "within"
    HIGH = "high"


TOLD: Final = {
    Standing.LOW: N_("{psp} holds too little {currency}: payouts in it wait until more lies there"),
    Standing.HIGH: N_("{psp} holds more {currency} than you allow: sweep it to cold storage"),
}


@dataclass(frozen=True, slots=True)
class Stand:
    """One coin at one provider. `amount` is None before the provider told."""

    psp: Psp
    hot: Hot
    amount: Money | None
    standing: str
    since: datetime | None
    asked_at: datetime | None

    @property
    def excess(self) -> Money | None:
        """What lies there above the ceiling."""
        if self.amount is None or self.hot.ceiling is None or self.standing != Standing.HIGH:
            return None
        return self.amount - Money(self.hot.ceiling, self.hot.currency)


def standing(amount: Decimal, hot: Hot) -> Standing:
    """Where an amount stands between the bounds of its rule."""
    if amount < hot.floor:
        return Standing.LOW
    return Standing.HIGH if hot.ceiling is not None and amount > hot.ceiling else Standing.WITHIN


async def sweep(open_work: OpenWork) -> None:
    """Ask who has not been asked lately; one that holds too little is asked every minute."""
    async with open_work() as work:
        known = await watching.states(work)
        due = [
            psp.code
            for psp in work.settings(PaymentsSettings).psps
            if psp.on and psp.hot and _due(known.get(psp.code), work.now)
        ]
    for code in due:
        await ask(open_work, code)


def _due(row: ProviderState | None, now: datetime) -> bool:
    if row is None or row.holdings_at is None:
        return True
    low = any(one["standing"] == Standing.LOW for one in (row.holdings or {}).values())
    return now - row.holdings_at >= (_SOON if low else _EVERY)


async def ask(open_work: OpenWork, code: str) -> bool:
    """Ask one provider what it holds and write it down; whether it told."""
    try:
        async with open_work() as work:
            connector = await providers.connected(work, code)
        if not isinstance(connector, TellsBalances):
            return False
        found = await connector.balances()
    except Refusal:
        return False
    faultpoint("hot.asked")
    async with open_work() as work:
        await _keep(work, code, {one.currency: one for one in found})
    return True


async def _keep(work: Work, code: str, found: dict[str, Money]) -> None:
    row = (await watching.locked(work, [code]))[code]
    psp = work.settings(PaymentsSettings).psp(code)
    before: dict[str, Any] = row.holdings or {}
    now: dict[str, Any] = {}
    for hot in psp.hot if psp is not None else ():
        money = found.get(hot.currency)
        if money is None:
            continue
        stands = standing(money.amount, hot)
        last = before.get(hot.currency)
        same = last is not None and last["standing"] == stands
        since = last["since"] if last is not None and same else work.now.isoformat()
        now[hot.currency] = {"amount": money.text(), "standing": str(stands), "since": since}
        if not same and (last is not None or stands is not Standing.WITHIN):
            work.record("hot wallet", psp=code, currency=hot.currency, standing=str(stands),
                        amount=money.text())  # fmt: skip
            if stands in TOLD:
                await _tell(work, TOLD[stands], code, hot.currency)
    row.holdings, row.holdings_at = now, work.now
    work.announce("desk|psps")


async def _tell(work: Work, title: str, psp: str, currency: str) -> None:
    people = await roles.holders(work, Payments.PSPS)
    await notices.tell_all(work, people, title, path="/desk/recon/hot", psp=psp, currency=currency)


async def short(work: Work, psp: str, money: Money) -> bool:
    """Whether too little lies at a provider for a payout, as far as anybody knows."""
    told = work.settings(PaymentsSettings).psp(psp)
    hot = next((one for one in told.hot if one.currency == money.currency), None) if told else None
    if hot is None:
        return False
    row = (await watching.states(work)).get(psp)
    if row is None or row.holdings_at is None or work.now - row.holdings_at > _FRESH:
        return False
    there = (row.holdings or {}).get(money.currency)
    if there is None:
        return False
    amount = Decimal(there["amount"])
    return amount < hot.floor or amount < money.amount


async def stands(work: Work) -> list[Stand]:
    """Every coin that has a rule, in the order of the settings."""
    known = await watching.states(work)
    return [
        _stand(psp, hot, known.get(psp.code))
        for psp in work.settings(PaymentsSettings).psps
        for hot in psp.hot
        if psp.on
    ]


def _stand(psp: Psp, hot: Hot, row: ProviderState | None) -> Stand:
    there = (row.holdings or {}).get(hot.currency) if row is not None else None
    if row is None or there is None:
        return Stand(psp, hot, None, "unknown", None, row.holdings_at if row else None)
    amount = Decimal(there["amount"])
    return Stand(
        psp,
        hot,
        Money(amount, hot.currency),
        str(standing(amount, hot)),
        datetime.fromisoformat(there["since"]),
        row.holdings_at,
    )
