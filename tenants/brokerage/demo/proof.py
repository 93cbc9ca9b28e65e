"""Statements and settlement files of the story: brought, matched, booked; a few things differ."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from xml.sax.saxutils import escape

from sqlalchemy import func, select

from brokerage.demo import wires
from brokerage.demo.story import Story
from brokerage.demo.world import World
from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.recon import banks, booking, client_money, files, outside_lines, proofs
from brokerage.recon.model import OutsideFile, OutsideLine
from stoa.kernel.clock import business_day
from stoa.kernel.ids import reference
from stoa.tenancy.actor import Actor
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.registry import TenantRef
from stoa.vault import credentials

WEEKS: Final = 8
PSPS: Final = ("alpha", "beta")


@dataclass(frozen=True, slots=True)
class Move:
    """A movement at the bank: what its statement says of it."""

    amount: Decimal
    said: str
    name: str
    at: datetime
    end: str = ""


async def begin(story: Story) -> None:
    """The banks, as the house registered them before anything came."""
    clients, house, bic = wires.IBANS[story.wish.slug]
    base = story.ref.base_currency
    async with story.world.work(story.ref, story.hands["head"], "demo.banks") as work:
        for code, name, number, purpose in (
            ("clients", f"Clients, {base}", clients, "client"),
            ("house", f"House, {base}", house, "house"),
        ):
            await banks.register(
                work,
                code=f"{base.lower()}-{code}",
                name=name,
                number=number,
                currency=base,
                purpose=purpose,
                bic=bic,
                bank="Bank of Cyprus" if base == "EUR" else "Emirates NBD",
            )


def ends(story: Story) -> list[datetime]:
    """When each week's files come; the last one this morning."""
    end = story.world.real_now.replace(hour=6, minute=0, second=0, microsecond=0)
    return [end - timedelta(days=7 * week) for week in range(WEEKS, -1, -1)]


async def week(story: Story, until: datetime, *, newest: bool) -> None:
    """A week of files, as finance brings it; the newest leaves work to do."""
    since, base = until - timedelta(days=7), story.ref.base_currency
    moved: list[Move] = []
    for psp in PSPS:
        moved += await _sent(story, psp, since, until)
        lies = await _lies(story, psp, since, until, base) if newest else {}
        await _settlement(story, psp, since, until, lies)
    if not newest:
        await _fees(story)
    moved += await _wired(story, since, until)
    moved = _bank_moves(moved, until, newest=newest)
    clients = wires.IBANS[story.wish.slug][0]
    content = _statement(clients, base, story.at_bank, moved, until)
    story.at_bank += sum((one.amount for one in moved), Decimal(0))
    await _brought(story, content, f"statement-{until:%Y-%m-%d}.xml", None, story.hands["finance"])
    await _book(story, newest=newest)


async def told(story: Story) -> None:
    """The newest week's files, and the client money of the last days."""
    await week(story, ends(story)[-1], newest=True)
    await _days(story)


async def _wired(story: Story, since: datetime, until: datetime) -> list[Move]:
    """Transfers of clients that came, and those of our files that the bank sent out."""
    day = until - timedelta(days=1)
    came = [
        Move(amount, one.reference, one.name, day) for one, amount in wires.arriving(story, until)
    ]
    gone = [
        Move(-amount, "PAYOUT", "", day, end=payout.hex)
        for payout, amount in await wires.paid_out(story, since, until)
    ]
    return [*came, *gone]


async def _lies(
    story: Story, psp: str, since: datetime, until: datetime, base: str
) -> dict[str, str]:
    """What the newest file has wrong: two payments left out, one that we never saw."""
    if psp != "alpha":
        return {}
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.rows(
            select(PaymentAttempt.id)
            .join(Deposit, Deposit.id == PaymentAttempt.deposit)
            .where(
                PaymentAttempt.psp == psp,
                PaymentAttempt.state == "paid",
                Deposit.ended_at >= since,
                Deposit.ended_at < until - timedelta(hours=6),
            )
            .order_by(Deposit.ended_at.desc())
            .limit(2)
        )
    return {"omit": ",".join(str(one) for one in rows), "extra": f"75.00:{base}"}


async def _keys(world: World, ref: TenantRef, psp: str) -> dict[str, str]:
    """What proves to a provider who asks."""
    async with world.work(ref, purpose="demo.keys") as work:
        key = (await credentials.both(work, f"{psp}.api_key"))[0]
    return {"authorization": f"Bearer {key}"} if psp == "alpha" else {"api-key": str(key)}


async def _sent(story: Story, psp: str, since: datetime, until: datetime) -> list[Move]:
    """Four fifths of a week's payments, sent to the bank a day before the week ends."""
    base = story.ref.base_currency
    async with story.world.work(story.ref, purpose="demo.look") as work:
        total = await work.value(
            select(func.sum(Deposit.amount)).where(
                Deposit.psp == psp,
                Deposit.currency == base,
                Deposit.state == "credited",
                Deposit.ended_at >= since,
                Deposit.ended_at < until,
            )
        )
    share = (Decimal(total or 0) * Decimal("0.8")).quantize(Decimal("0.01"))
    if not share:
        return []
    at = until - timedelta(days=1)
    answer = await story.world.http.post(
        story.world.config.services[psp] + "/_sandbox/settlement",
        headers=await _keys(story.world, story.ref, psp),
        json={"amount": str(share), "currency": base, "at": at.isoformat()},
    )
    answer.raise_for_status()
    return [
        Move(
            share,
            f"{psp.upper()} SETTLEMENT",
            f"{psp.title()} Payments Ltd",
            at,
            answer.json()["id"],
        )
    ]


async def settlement(
    world: World, ref: TenantRef, psp: str, since: datetime, until: datetime, **lies: str
) -> bytes:
    """A provider's file of that time; `lies` are what it leaves out (`omit`) and invents (`extra`)."""
    answer = await world.http.get(
        world.config.services[psp] + "/_sandbox/settlement",
        params={"since": since.isoformat(), "until": until.isoformat(), **lies},
        headers=await _keys(world, ref, psp),
    )
    answer.raise_for_status()
    return answer.content


async def _settlement(
    story: Story, psp: str, since: datetime, until: datetime, lies: dict[str, str]
) -> None:
    content = await settlement(story.world, story.ref, psp, since, until, **lies)
    if content.count(b"\n") > 1:
        name = f"{psp}-{until:%Y-%m-%d}.csv"
        await _brought(story, content, name, psp, story.hands["finance"], since, until)


async def _brought(
    story: Story,
    content: bytes,
    name: str,
    psp: str | None,
    hand: Actor,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    world = story.world
    async with world.work(story.ref, hand, "demo.file") as work:
        await files.bring(work, content, name=name, psp=psp, since=since, until=until)
    await world.pump(story.ref)


async def _fees(story: Story) -> None:
    async with story.world.work(story.ref, story.hands["finance"], "demo.fees") as work:
        for file in await work.rows(
            select(OutsideFile.id).where(OutsideFile.psp.is_not(None), OutsideFile.state == "done")
        ):
            if not await booking.fees_booked(work, file):
                await booking.fees(work, file)


def _bank_moves(sent: list[Move], until: datetime, *, newest: bool) -> list[Move]:
    """A week at the bank: what providers sent, the bank's fee, and in the end a stray payment."""
    day = until - timedelta(days=1)
    moved = [*sent, Move(Decimal("-12.50"), "ACCOUNT MAINTENANCE FEE", "", day)]
    if newest:
        moved.append(Move(Decimal("640.00"), "SAVINGS TRANSFER", "M. KOSTAS", day))
    return moved


def _statement(
    account: str,
    currency: str,
    opening: Decimal,
    moved: list[Move],
    until: datetime,
) -> bytes:
    """A camt.053 as a bank writes it."""
    day = (until - timedelta(days=1)).date().isoformat()
    closing = opening + sum((one.amount for one in moved), Decimal(0))

    def balance(kind: str, amount: Decimal) -> str:
        way = "DBIT" if amount < 0 else "CRDT"
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{abs(amount):.2f}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
            f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    entries = "".join(_entry(one, currency, until, number) for number, one in enumerate(moved))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{reference('S')}</MsgId><CreDtTm>{until:%Y-%m-%dT%H:%M:%SZ}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{until:%Y%W}</Id><CreDtTm>{until:%Y-%m-%dT%H:%M:%SZ}</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', closing)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _entry(one: Move, currency: str, until: datetime, number: int) -> str:
    who = "Dbtr" if one.amount > 0 else "Cdtr"
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(one.amount):.2f}</Amt>'
        f"<CdtDbtInd>{'CRDT' if one.amount > 0 else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{one.at.date()}</Dt></BookgDt><ValDt><Dt>{one.at.date()}</Dt></ValDt>"
        f"<AcctSvcrRef>{until:%y%m%d}{number:04d}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{one.end or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties><{who}><Nm>{escape(one.name or 'Bank')}</Nm></{who}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(one.said)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


async def _book(story: Story, *, newest: bool) -> None:
    """Finance says what the bank did; of the newest statement only the settlements."""
    async with story.world.work(story.ref, story.hands["finance"], "demo.book") as work:
        rows = await work.rows(
            select(OutsideLine).where(OutsideLine.open.is_(True), OutsideLine.source.like("bank:%"))
        )
        for row in rows:
            said = outside_lines.about(work, row).text
            if said.endswith("SETTLEMENT"):
                await booking.as_settlement(work, row.id, said.split()[0].lower())
            elif said.endswith("FEE") and not newest:
                await booking.as_cost(work, row.id, "Account maintenance of the bank")
    await story.world.pump(story.ref)


async def _days(story: Story) -> None:
    """Client money of the last ten days, signed and reviewed but for the newest two."""
    world = story.world
    async with world.work(story.ref, purpose="demo.days") as work:
        today = business_day(work.now, work.settings(TenantFacts).time_zone)
    for back in range(10, 0, -1):
        async with world.work(story.ref, purpose="demo.days") as work:
            made = [
                one.id for one in await client_money.calculate(work, today - timedelta(days=back))
            ]
        for calculation in made if back > 2 else []:
            await _signed(story, calculation)
    await proofs.prove(world.opener(story.ref, purpose="demo.proof"))


async def _signed(story: Story, calculation: UUID) -> None:
    world = story.world
    async with world.work(story.ref, story.hands["finance"], "demo.sign") as work:
        await client_money.sign(work, calculation, "Compared with the bank's page")
    async with world.work(story.ref, story.hands["head"], "demo.review") as work:
        await client_money.review(work, calculation)
