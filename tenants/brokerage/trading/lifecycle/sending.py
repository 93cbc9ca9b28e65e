"""Sending a decided change: claim, call, conclude, in its turn among the account's transfers.

await send(open_work, fact)       safe to repeat
await sweep(open_work)            every few seconds: what waited for its server, or lost its answer
"""

from uuid import UUID

from brokerage.trading import groups, servers, turns
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import acting, rules, settling
from brokerage.trading.lifecycle.acting import Answer, Claimed, Halted
from brokerage.trading.lifecycle.asking import SECRET
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.model import TradingAccount
from stoa.connectors.outcomes import Confirmed, Refused
from stoa.kernel.refusals import Conflict, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work


async def send(open_work: OpenWork, fact: RequestReady) -> None:
    """Claim it if it is its turn, tell the server, write down what it said."""
    claimed = await claim(open_work, fact.request)
    if claimed is None:
        return
    try:
        answer = await acting.act(claimed)
    except Unavailable:
        await turns.not_sent(open_work, AccountRequest, fact.request, RequestState.APPROVED)
        raise
    except Refusal as why:
        answer = Halted(why.sentence, {key: str(value) for key, value in why.places.items()})
    await conclude(open_work, fact.request, answer)


async def claim(open_work: OpenWork, request: UUID) -> Claimed | None:
    """Take it for this process, or nothing where another has it or it is not its turn."""
    async with open_work() as work:
        account = await work.lock(TradingAccount, (await work.get(AccountRequest, request)).account)
        row = await work.lock(AccountRequest, request)
        if row.kind in {Wish.DORMANT, Wish.MIGRATE}:
            return None
        if row.state == RequestState.SENDING:
            if row.next_ask_at is not None and row.next_ask_at > work.now:
                return None
        elif row.state == RequestState.APPROVED:
            if await turns.first(work, account.id) != ("request", row.id):
                return None
            row.move(RequestState.SENDING)
            row.was = settling.standing_of(account)
        else:
            return None
        row.sent_at, row.tries = row.sent_at or work.now, row.tries + 1
        row.next_ask_at = work.now + turns.pause(row.tries)
        if account.login is None:
            raise Conflict("This account is not on its server yet.")
        return await _with_all(work, row, account)


async def _with_all(work: Work, row: AccountRequest, account: TradingAccount) -> Claimed:
    there = await groups.known(work, account.server)
    agreed = "none"
    if row.decided_by is not None and row.effect:
        agreed = str(row.effect.get("verdict", "none"))
    return Claimed(
        id=row.id,
        kind=Wish(row.kind),
        wants=row.wants,
        connector=await servers.connect(work, account.server),
        login=account.login or 0,
        currency=account.currency,
        now=groups.level_of(there, account.server_group),
        then=groups.level_of(there, str(row.wants.get("group") or account.server_group)),
        agreed=agreed,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        secret=work.unseal(row.id, SECRET, row.secret_sealed) or "",
        access=rules.strictest(
            {
                source: one
                for source, one in (account.limits or {}).items()
                if not (row.kind == Wish.RESTORE and source == "dormant")
            }
        ),
        live=account.kind == "live",
    )


async def conclude(open_work: OpenWork, request: UUID, answer: Answer) -> None:
    """Write down what the server answered; what it did not answer stays SENDING."""
    async with open_work() as work:
        account = await work.lock(TradingAccount, (await work.get(AccountRequest, request)).account)
        row = await work.lock(AccountRequest, request)
        if row.state != RequestState.SENDING:
            return
        if isinstance(answer, Confirmed):
            await settling.done(work, row, account)
        elif isinstance(answer, Halted):
            await settling.halted(work, row, answer)
        elif isinstance(answer, Refused) and answer.technical:
            row.move(RequestState.APPROVED)
            row.next_ask_at = work.now + turns.pause(row.tries)
            return
        elif isinstance(answer, Refused):
            await settling.refused(work, row, (answer.text or answer.code)[:200])
        else:
            return
        await turns.ring(work, account.id)


async def sweep(open_work: OpenWork) -> None:
    """What waited for its server or has no answer yet; a server that is silent is left for now."""
    await turns.pass_over(
        open_work, "request", lambda row: send(open_work, RequestReady(request=row.id))
    )
