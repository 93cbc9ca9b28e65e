"""Whose account a drop copy speaks of: a name of theirs becomes a trading account of a client."""

import hashlib
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.trading.dropcopy.attendant import is_drop_copy, session_of
from brokerage.trading.events import AccountOpened
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel import currencies
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import Work

GROUP: Final = "drop-copy"
_DIGITS_MOST: Final = 17
_FIRST: Final = 100_000_000
_RANGE: Final = 900_000_000
_STEPS: Final = 100


async def adopt(
    work: Work, server: str, name: str, *, client: UUID, currency: str, product: str = ""
) -> TradingAccount:
    """Say whose an account of a drop copy is; what came for it is booked within seconds.

    Raises:
        Conflict: it is somebody's already, or the client's profile is closed.
    """
    work.require(Trading.EDIT)
    settings = work.settings(TradingSettings)
    chosen = settings.server(server)
    if chosen is None or not is_drop_copy(chosen):
        raise NotFound
    if not currencies.known(currency):
        raise Invalid("This is no currency we keep accounts in.", field="currency")
    name = name.strip()
    if not 0 < len(name) <= 64 or not name.isprintable():
        raise Invalid("The account's name has 1 to 64 characters.", field="name")
    owner = await work.lock(Client, client)
    if owner.state == "closed":
        raise Conflict("This profile is closed. Nothing was connected.")
    session = await session_of(work, server)
    taken = await work.first(
        select(TradingAccount).where(
            TradingAccount.server == server, TradingAccount.server_account == name
        )
    )
    if taken is not None:
        raise Conflict("This account belongs to a client already. Nothing was changed.")

    row = TradingAccount(
        id=uuid7(),
        client=client,
        server=server,
        kind=chosen.kind,
        product=product or GROUP,
        state=AccountState.ACTIVE,
        login=await _login(work, server, name),
        server_account=name,
        server_group=GROUP,
        currency=currency,
        leverage=1,
        opened_at=work.now,
    )
    work.add(row)
    await work.flush()
    waiting = session.waiting.get(name)
    if waiting is not None:
        fresh = {key: value for key, value in waiting.items() if key != "tried"}
        session.waiting = session.waiting | {name: fresh}
    work.tell(
        AccountOpened(account=row.id, client=client, login=row.login or 0, account_kind=row.kind)
    )
    work.announce(f"client:{client}|accounts", "desk|accounts", "desk|servers")
    return row


async def _login(work: Work, server: str, name: str) -> int:
    """The number the product calls it by: its name if that is one, else drawn from the name."""
    if name.isascii() and name.isdigit() and len(name) <= _DIGITS_MOST and not name.startswith("0"):
        first = int(name)
        if await _free(work, server, [first]):
            return first
    drawn = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    wanted = [_FIRST + (drawn + step) % _RANGE for step in range(_STEPS)]
    free = await _free(work, server, wanted)
    if not free:
        raise Conflict("There is no number left for this account. Nothing was connected.")
    return free[0]


async def _free(work: Work, server: str, wanted: list[int]) -> list[int]:
    taken = set(
        await work.rows(
            select(TradingAccount.login).where(
                TradingAccount.server == server, TradingAccount.login.in_(wanted)
            )
        )
    )
    return [one for one in wanted if one not in taken]


async def begin_anew(work: Work, server: str, why: str) -> None:
    """Let the next logon ask that all numbers begin at one; the running session ends for it.

    What the other side sent and we have not received is not asked for any more.
    """
    work.require(Trading.EDIT)
    if not why.strip():
        raise Invalid("Say why the numbers are to begin anew.", field="why")
    chosen = work.settings(TradingSettings).server(server)
    if chosen is None or not is_drop_copy(chosen):
        raise NotFound
    row = await session_of(work, server)

    work.reason = why.strip()[:400]
    work.record(
        "fix.numbers-anew",
        server=server,
        epoch=row.epoch,
        next_in=row.next_in,
        next_out=row.next_out,
    )
    row.anew = True
    row.held_by = row.held_until = None
    row.next_try_at, row.tries = None, 0
    row.state = "down"
    work.announce("desk|servers")
