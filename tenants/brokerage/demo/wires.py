"""Money by bank transfer: announced, seen on the statement, and sent back out in files for the bank."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from xml.etree import ElementTree as ET

from sqlalchemy import select

from brokerage.demo import verify
from brokerage.demo.connect import change
from brokerage.demo.leaving import approved
from brokerage.demo.played import Played, Wire
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped, tried
from brokerage.payments.depositing import deposits, slips
from brokerage.payments.model import PayoutAttempt, Withdrawal, WithdrawalState
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import withdrawals
from brokerage.product import PRODUCT
from brokerage.recon import files
from brokerage.recon.orders import making
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal
from stoa.tenancy.settings import as_data

IBANS: Final = {
    "northlight": ("CY17002001280000001200527600", "CY21002001950000357001234567", "BCYPCY2N"),
    "pulse": ("AE070331234567890123456", "AE460090000000123456789", "EBILAEAD"),
}
"""The tenants' own accounts: clients' money, the house's, and the bank."""
PSP: Final = "wire"
EVERY: Final = 6
"""Of the clients who paid in, so many pay by transfer as well."""
_THEIRS: Final = (
    "DE89370400440532013000", "ES9121000418450200051332", "CY87002001280000001200527601",
    "FR1420041010050500013M02606", "GB33BUKB20201555555555", "NL91ABNA0417164300",
    "AT611904300234573201", "BE68539007547034",
)  # fmt: skip
_SUMS: Final = tuple(map(Decimal, (2400, 900, 5000, 1500, 3200, 700, 10000, 1250)))


async def connect(story: Story) -> None:
    """The tenant's bank account as a way in and out."""
    clients, _, bic = IBANS[story.wish.slug]
    base = story.ref.base_currency
    async with story.world.work(story.ref, purpose="demo.connect") as work:
        body = as_data(work.settings(PRODUCT.slices["payments"]))
        account = {
            "code": PSP,
            "connector": "wire",
            "label": "Bank transfer",
            "settings": {
                "holder": story.wish.entity,
                "iban": clients,
                "bic": bic,
                "bank_name": "Bank of Cyprus" if base == "EUR" else "Emirates NBD",
                "currencies": [base],
                "pays_out": True,
            },
        }
        way = {
            "method": "bank",
            "label": "Bank transfer",
            "least": {"amount": "100", "currency": base},
            "most": {"amount": "250000", "currency": base},
            "arrives": "days",
        }
        rule = {"name": "Bank transfers", "when": {"method": ["bank"]}, "use": [{"psp": PSP}]}
        out = {
            "name": "Bank transfers",
            "when": {"method": ["bank"], "currency": [base]},
            "use": [{"psp": PSP}],
        }
        await change(
            work,
            "payments",
            psps=[*body["psps"], account],
            methods=[*body["methods"], way],
            routes=[*body["routes"], rule],
            payout_routes=[out, *body["payout_routes"]],
        )


async def announce(story: Story, row: Played) -> None:
    """A client says that a transfer comes, names the account it comes from, and may prove it."""
    world, number = story.world, len(story.wires)
    name = f"{row.someone.first} {row.someone.last}"
    iban = _THEIRS[number % len(_THEIRS)]
    actor = world.client(row.id)
    place = await tried(
        story,
        actor,
        "place",
        destinations.add,
        row.id,
        places.bank(iban),
        holder=name,
    )
    opener = world.opener(story.ref, actor=actor, purpose="demo.wire")
    amount = Money(_SUMS[number % len(_SUMS)], story.ref.base_currency)
    try:
        started = await deposits.start(opener, row.id, Method.BANK, amount)
    except Refusal as why:
        world.tell(f"{story.wish.name}: a transfer was refused: {why}")
        return
    if number % 4 == 0:
        seen, made = await verify.prepared(verify.bill(row.someone), "transfer.jpg")
        await tried(story, actor, "slip", slips.add, started.deposit, seen, made)
    async with world.work(story.ref, purpose="demo.look") as work:
        said = await _reference(work, started.deposit)
    story.wires.append(
        Wire(
            row.id, name, started.deposit, said, amount.amount,
            world.clock.now, place.id if place is not None else None,
        )
    )  # fmt: skip


async def _reference(work: Any, deposit: UUID) -> str:
    from brokerage.payments.model import Deposit

    return str((await work.get(Deposit, deposit)).reference)


def arriving(story: Story, until: datetime) -> list[tuple[Wire, Decimal]]:
    """What the statement to this moment shows for the first time; one in seven sends too little."""
    found: list[tuple[Wire, Decimal]] = []
    for number, one in enumerate(story.wires):
        if one.arrived or one.at > until - timedelta(days=1) or number % 7 == 5:
            continue
        one.arrived = True
        less = Decimal(40) if number % 7 == 3 else Decimal(0)
        if less:
            one.place = None  # A person has to look at it first; nothing of it goes back yet.
        found.append((one, one.amount - less))
    return found


async def leave(story: Story, *, most: int, to_bank: bool) -> None:
    """Some of them want a part back; finance and its head agree, and it waits for the bank."""
    ready = [one for one in story.wires if one.arrived and one.back is None and one.place]
    for one in ready[:most]:
        half = Money(one.amount / 2, story.ref.base_currency).floored()
        made = await pumped(
            story,
            story.world.client(one.client),
            "wire-out",
            withdrawals.request,
            one.client,
            Method.BANK,
            half,
            destination=one.place,
        )
        if made is None:
            continue
        one.back = made.id
        await _agreed(story, made.id)
    if to_bank:
        await order(story, answered=True)


async def _agreed(story: Story, asked: UUID) -> None:
    async with story.world.work(story.ref, purpose="demo.look") as work:
        now = await work.get(Withdrawal, asked)
    if now.state != WithdrawalState.REVIEW:
        return
    await approved(story, now)


async def order(story: Story, *, answered: bool) -> None:
    """All that waits in one file; agreed to, taken to the bank, and its answer brought."""
    finance, head = story.hands["finance"], story.hands["head"]
    async with story.world.work(story.ref, purpose="demo.look") as work:
        if not await making.waiting(work):
            return
    made = await tried(story, finance, "order", making.make)
    if made is None or not answered:
        return
    file = made[0].id
    if await tried(story, head, "order-agree", making.agree, file) is None:
        return
    taken = await tried(story, finance, "order-take", making.fetch, file)
    if taken is None:
        return
    await story.world.to(story.world.clock.now + timedelta(hours=3))
    name, content = _answer(taken[1])
    await pumped(story, finance, "answer", files.bring, content, name=name)


def _answer(content: bytes) -> tuple[str, bytes]:
    """The bank's pain.002: all is paid, but one account was closed meanwhile."""
    root = ET.fromstring(content)  # noqa: S314 - our own file
    space = root.tag.split("}")[0] + "}"
    message = root.findtext(f".//{space}GrpHdr/{space}MsgId") or ""
    ends = [one.text or "" for one in root.iter(f"{space}EndToEndId")]
    each = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{end}</OrgnlEndToEndId>"
        + (
            "<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
            if at == 1
            else "<TxSts>ACSC</TxSts>"
        )
        + "</TxInfAndSts>"
        for at, end in enumerate(ends)
    )
    return (
        f"answer-{message[-10:].lower()}.xml",
        (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
            f"<GrpHdr><MsgId>{reference('B')}</MsgId></GrpHdr>"
            f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><GrpSts>PART</GrpSts>"
            f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>{each}</OrgnlPmtInfAndSts>"
            "</CstmrPmtStsRpt></Document>"
        ).encode(),
    )


async def paid_out(story: Story, since: datetime, until: datetime) -> list[tuple[UUID, Decimal]]:
    """What the bank paid of our files in a week: its statement names each by our id."""
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.rows(
            select(PayoutAttempt).where(
                PayoutAttempt.psp == PSP,
                PayoutAttempt.state == "paid",
                PayoutAttempt.ended_at >= since,
                PayoutAttempt.ended_at < until,
            )
        )
    return [(row.id, row.amount) for row in rows]
