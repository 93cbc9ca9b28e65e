"""Payouts by wire: pain.001 out under four eyes, pain.002 back, and what the statement shows."""

import asyncio
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import msgspec
import pytest
from sqlalchemy import select, update

from brokerage.ledger import accounts, check, wallets
from brokerage.payments.model import Destination, PayoutAttempt, Withdrawal
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.routing.terms import Route, Share, When
from brokerage.payments.settings import PaymentsSettings, Psp
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import withdrawals
from brokerage.recon import files
from brokerage.recon.model import OutsideFile
from brokerage.recon.orders import leaving, making, pain001
from brokerage.recon.orders.pain001 import Group, Party, Transfer
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy import settings

from ..payments.test_withdrawals import approve, asked, funded, send_all, state_of  # noqa: TID252
from .conftest import IBAN, a_bank, bring, finance
from .statements import Moved, camt053

SPACE = {"p": pain001.SPACE}
THEIRS = ("DE89370400440532013000", "GB33BUKB20201555555555", "FR1420041010050500013M02606")


@pytest.fixture
async def wired(market):
    """The broker pays out by wire: its bank account, and the rule that leads there."""
    await a_bank(market)
    async with market.opener()() as work:
        known = work.settings(PaymentsSettings)
        wire = Psp(
            code="wire",
            connector="wire",
            label="Our bank",
            settings={
                "holder": "Aurora Ltd",
                "iban": IBAN,
                "bic": "BCYPCY2N",
                "currencies": ["USD", "EUR"],
                "pays_out": True,
            },
        )
        rule = Route(name="Wires", when=When(method=(Method.BANK,)), use=(Share(psp="wire"),))
        await settings.put(
            work,
            "payments",
            msgspec.structs.replace(
                known, psps=(*known.psps, wire), payout_routes=(rule, *known.payout_routes)
            ),
            why="a test",
        )
    return market


async def paid_by_wire(market, customer, amount: str = "600.00", iban: str = THEIRS[0]):
    """An approved withdrawal that waits for a file."""
    await funded(customer)
    async with customer.open_work() as work:
        place = await destinations.add(work, customer.id, places.bank(iban))
    async with market.opener()() as work:
        await work.run(
            update(Destination)
            .where(Destination.id == place.id)
            .values(usable_at=work.now - timedelta(hours=1))
        )
    row = await asked(customer, amount, destination=place.id)
    await approve(market, row, finance())
    await send_all(market, row.id)
    return row


async def part_of(market, row) -> PayoutAttempt:
    async with market.opener()() as work:
        return (await withdrawals.parts_of(work, row.id))[-1]


async def made(market, by=None) -> OutsideFile:
    async with market.opener(by or finance())() as work:
        row, left = await making.make(work)
        assert left == []
    return row


async def taken(market, file) -> bytes:
    async with market.opener(finance())() as work:
        await making.agree(work, file.id)
    async with market.opener(finance())() as work:
        _, content = await making.fetch(work, file.id)
    return content


def answer(message: str, *said: tuple[str, str, str], group: str = "PART") -> bytes:
    """A bank's pain.002: (end-to-end id, state, reason) each."""
    each = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{end}</OrgnlEndToEndId><TxSts>{state}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn></StsRsnInf>" if why else "")
        + "</TxInfAndSts>\n"
        for end, state, why in said
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>B-{uuid7().hex[-8:]}</MsgId></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>"
        f"<GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts>{each}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


async def sound(market) -> None:
    async with market.opener()() as work:
        assert (await check.examine(work)).violations == []


async def test_what_waits_becomes_one_file_with_exact_ids_amounts_and_sums(wired, customer):
    rows = [await paid_by_wire(wired, customer, "100.10", THEIRS[0])]
    rows.append(await paid_by_wire(wired, customer, "250.00", THEIRS[1]))
    async with wired.opener()() as work:
        (waits,) = await making.waiting(work)
    assert (waits.psp, waits.count, waits.money.text()) == ("wire", 2, "350.10")

    file = await made(wired)
    content = await taken(wired, file)

    root = ET.fromstring(content)
    ends = [one.text for one in root.iterfind(".//p:EndToEndId", SPACE)]
    assert ends == [(await part_of(wired, row)).id.hex for row in rows]
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", "", SPACE) == "350.10"
    assert root.findtext(".//p:GrpHdr/p:NbOfTxs", "", SPACE) == "2"
    assert root.findtext(".//p:GrpHdr/p:MsgId", "", SPACE) == file.name
    assert [one.text for one in root.iterfind(".//p:InstdAmt", SPACE)] == ["100.10", "250.00"]
    assert root.findtext(".//p:DbtrAcct/p:Id/p:IBAN", "", SPACE) == IBAN
    assert [one.text for one in root.iterfind(".//p:CdtrAcct/p:Id/p:IBAN", SPACE)] == [
        THEIRS[0],
        THEIRS[1],
    ]
    assert {one.text for one in root.iterfind(".//p:RmtInf/p:Ustrd", SPACE)} == {
        row.reference for row in rows
    }
    async with wired.opener()() as work:
        assert await making.waiting(work) == []


async def test_ten_people_at_once_make_one_file_and_no_payout_is_in_two(wired, customer):
    row = await paid_by_wire(wired, customer)

    async def press() -> bool:
        try:
            async with wired.opener(finance())() as work:
                await making.make(work)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(press() for _ in range(10)))) == 1
    async with wired.opener()() as work:
        found = await work.rows(select(OutsideFile).where(OutsideFile.kind == "pain.001"))
    assert len(found) == 1 and (await part_of(wired, row)).file == found[0].id


async def test_two_people_are_needed_and_it_is_taken_once(wired, customer):
    await paid_by_wire(wired, customer)
    maker = finance()
    file = await made(wired, maker)

    with pytest.raises(Denied):
        async with wired.opener(maker)() as work:
            await making.agree(work, file.id)
    with pytest.raises(Conflict):
        async with wired.opener(maker)() as work:
            await making.fetch(work, file.id)
    with pytest.raises(Denied):
        async with wired.opener(finance(without={"recon:orders:agree"}))() as work:
            await making.agree(work, file.id)

    async def take() -> bool:
        try:
            async with wired.opener(finance())() as work:
                await making.fetch(work, file.id)
        except Conflict:
            return False
        return True

    async with wired.opener(finance())() as work:
        await making.agree(work, file.id)
    assert sum(await asyncio.gather(*(take() for _ in range(8)))) == 1


async def test_a_void_file_frees_what_the_bank_does_not_have(wired, customer):
    row = await paid_by_wire(wired, customer)
    other = await paid_by_wire(wired, customer, "100.00", THEIRS[1])
    file = await made(wired)
    await taken(wired, file)
    end = (await part_of(wired, other)).id.hex
    await bring(wired, answer(file.name, (end, "ACSP", "")))

    with pytest.raises(Invalid):
        async with wired.opener(finance())() as work:
            await making.void(work, file.id, "oops")
    async with wired.opener(finance())() as work:
        freed = await making.void(work, file.id, "The bank refused the upload as a whole")
    assert freed == 1

    again = await made(wired)
    assert (await part_of(wired, row)).file == again.id
    assert (await part_of(wired, other)).file == file.id
    assert again.name != file.name


async def test_the_banks_answer_moves_each_payout_and_twice_changes_nothing(wired, customer):
    paid = await paid_by_wire(wired, customer, "100.00", THEIRS[0])
    wrong = await paid_by_wire(wired, customer, "200.00", THEIRS[1])
    noted = await paid_by_wire(wired, customer, "300.00", THEIRS[2])
    file = await made(wired)
    await taken(wired, file)
    ids = [(await part_of(wired, row)).id.hex for row in (paid, wrong, noted)]
    content = answer(
        file.name,
        (ids[0], "ACSC", ""),
        (ids[1], "RJCT", "AC04"),
        (ids[2], "ACSP", ""),
        ("0" * 32, "ACSC", ""),
    )

    seen = await bring(wired, content)

    assert seen.state == "done", seen.why
    assert (await state_of(wired, paid.id)).state == "paid"
    back = await state_of(wired, wrong.id)
    assert (back.state, back.code) == ("held", "payout-returned") and "AC04" in back.reason
    assert "bad-destination" in [one["what"] for one in back.story]
    assert (await part_of(wired, noted)).code == making.BANK_KNOWS
    assert [one[2]["name"] for one in seen.report] == ["0" * 32] and seen.report[0][0] > 1
    before = [(await state_of(wired, row.id)).story for row in (paid, wrong, noted)]

    await bring(wired, content)
    await bring(wired, content + b"\n")

    assert [(await state_of(wired, row.id)).story for row in (paid, wrong, noted)] == before
    await sound(wired)


async def test_a_file_rejected_as_a_whole_rejects_all_of_it(wired, customer):
    rows = [await paid_by_wire(wired, customer, "100.00", iban) for iban in THEIRS[:2]]
    file = await made(wired)
    await taken(wired, file)

    await bring(
        wired, answer(file.name, group="RJCT").replace(
            b"</GrpSts>", b"</GrpSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"
        )
    )  # fmt: skip

    assert [(await state_of(wired, row.id)).state for row in rows] == ["held", "held"]
    assert await customer.available() == Decimal("1800.00")


async def test_what_was_paid_is_not_undone_by_a_message(wired, customer):
    row = await paid_by_wire(wired, customer)
    file = await made(wired)
    await taken(wired, file)
    end = (await part_of(wired, row)).id.hex
    await bring(wired, answer(file.name, (end, "ACSC", "")))

    seen = await bring(wired, answer(file.name, (end, "RJCT", "MS03")))

    assert (await state_of(wired, row.id)).state == "paid"
    assert "paid before" in seen.report[0][1]


async def test_a_bank_that_says_two_things_is_followed_in_neither(wired, customer):
    row = await paid_by_wire(wired, customer)
    file = await made(wired)
    await taken(wired, file)
    end = (await part_of(wired, row)).id.hex

    seen = await bring(wired, answer(file.name, (end, "ACSC", ""), (end, "RJCT", "AC04")))

    assert (await part_of(wired, row)).state == "accepted"
    assert "two things" in seen.report[0][1]


async def test_an_answer_about_no_file_of_ours_moves_nothing(wired, customer):
    row = await paid_by_wire(wired, customer)
    await made(wired)
    end = (await part_of(wired, row)).id.hex

    seen = await bring(wired, answer("SOMEBODY-ELSES", (end, "ACSC", "")))

    assert (await part_of(wired, row)).state == "accepted"
    assert "no file of the name" in seen.report[0][1]


async def test_half_a_file_wrong_letters_and_too_much_are_refused_whole(wired, customer):
    row = await paid_by_wire(wired, customer)
    file = await made(wired)
    await taken(wired, file)
    end = (await part_of(wired, row)).id.hex
    whole = answer(file.name, (end, "ACSC", ""))

    half = await bring(wired, whole[: len(whole) * 2 // 3])
    bent = await bring(wired, whole.replace(b"ACSC", b"AC\xff\xfeSC"))
    entity = await bring(
        wired,
        whole.replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', 1),
    )
    for refused in (half, bent, entity):
        assert refused.state == "refused" and refused.why
    with pytest.raises(Invalid, match="larger than"):
        async with wired.opener(finance())() as work:
            await files.bring(work, whole + b" " * 100_000_000, name="big")
    with pytest.raises(Invalid, match="unpacked"):
        async with wired.opener(finance())() as work:
            await files.bring(work, gzip.compress(whole + b" " * 110_000_000), name="bomb.gz")
    assert (await part_of(wired, row)).state == "accepted"


async def test_the_statement_pays_what_the_bank_never_answered_about(wired, customer):
    row = await paid_by_wire(wired, customer, "600.00")
    file = await made(wired)
    await taken(wired, file)
    end = (await part_of(wired, row)).id.hex
    day = f"{datetime.now(UTC):%Y-%m-%d}"

    await bring(
        wired,
        camt053([Moved("-600.00", end=end, day=day)], account=IBAN, currency="USD"),
    )
    for _ in range(2):
        await leaving.pay_all(wired.opener())

    assert (await state_of(wired, row.id)).state == "paid"
    async with wired.opener()() as work:
        way = accounts.house(work, "psp:wire", "USD")
        assert await wallets.as_of(work, way, work.now) == Money.zero("USD")
        assert await wallets.holds(work, customer.id) == []
    await sound(wired)


async def test_another_amount_on_the_statement_waits_for_a_person(wired, customer):
    row = await paid_by_wire(wired, customer, "600.00")
    await taken(wired, await made(wired))
    end = (await part_of(wired, row)).id.hex
    day = f"{datetime.now(UTC):%Y-%m-%d}"

    await bring(wired, camt053([Moved("-599.00", end=end, day=day)], account=IBAN, currency="USD"))

    assert (await state_of(wired, row.id)).state == "sending"


async def test_a_name_no_bank_can_write_is_left_out_and_named(wired, customer):
    row = await paid_by_wire(wired, customer)
    async with wired.opener()() as work:
        place = await work.lock(Destination, (await work.get(Withdrawal, row.id)).destination)
        place.holder_sealed = work.seal(place.id, destinations.HOLDER, "محمد علي")

    with pytest.raises(Conflict, match="None of what waits"):
        async with wired.opener(finance())() as work:
            await making.make(work)
    other = await paid_by_wire(wired, customer, "100.00", THEIRS[1])
    async with wired.opener(finance())() as work:
        file, left = await making.make(work)

    assert [one.reference for one in left] == [row.reference]
    assert "letters banks do not take" in str(left[0].why)
    assert (await part_of(wired, row)).file is None
    assert (await part_of(wired, other)).file == file.id


async def test_the_pages_lead_from_what_waits_to_the_file_and_its_bytes(wired, customer, desk):
    row = await paid_by_wire(wired, customer)
    owner, head = await desk("Owner"), await desk("Owner")

    first = await owner.get("/desk/recon/orders")
    assert "600.00" in first.text
    await owner.post("/desk/recon/orders")
    file = (await part_of(wired, row)).file
    page = await head.get(f"/desk/recon/orders/{file}")
    assert row.reference in page.text
    assert (await owner.post(f"/desk/recon/orders/{file}/agree")).status_code == 403
    assert (await head.post(f"/desk/recon/orders/{file}/agree")).status_code < 400
    content = await owner.post(f"/desk/recon/orders/{file}/take")
    assert content.headers["content-type"].startswith("application/xml")
    assert b"CstmrCdtTrfInitn" in content.content
    assert (await owner.post(f"/desk/recon/orders/{file}/take")).status_code == 409
    listed = await head.get("/desk/recon/files")
    assert str(file) not in listed.text


WHO = Party("Ines Duarte", iban=THEIRS[0])
MINE = Party("Aurora Ltd", iban=IBAN, bic="BCYPCY2N")


def one(**more) -> Transfer:
    asked_for = {
        "end_to_end": "a1",
        "money": Money(Decimal("10.00"), "EUR"),
        "to": WHO,
        "text": "W-1",
    } | more
    return Transfer(**asked_for)


@pytest.mark.parametrize(
    "bad",
    [
        one(end_to_end="x" * 36),
        one(end_to_end=""),
        one(end_to_end="ä"),
        one(money=Money(Decimal(0), "EUR")),
        one(money=Money(Decimal(-1), "EUR")),
        one(money=Money(Decimal("1.001"), "EUR")),
        one(money=Money(Decimal("1.5"), "JPY")),
        one(money=Money(Decimal("1e13"), "EUR")),
        one(money=Money(Decimal(1), "USDT")),
        one(to=Party("Ines", iban="DE00370400440532013000")),
        one(to=Party("Ines", number="12")),
        one(to=Party("Ines", iban=THEIRS[0], bic="NOPE")),
        one(to=Party("محمد", iban=THEIRS[0])),
        one(to=Party("", iban=THEIRS[0])),
        one(to=Party("Ines", iban=THEIRS[0], country="Spain")),
    ],
)
def test_what_a_bank_would_refuse_is_refused_before_a_byte_is_written(bad):
    with pytest.raises(Invalid):
        pain001.built(
            "M-1", datetime(2026, 1, 5, tzinfo=UTC), date(2026, 1, 5), [Group("M-1-1", MINE, [bad])],
            "Aurora Ltd",
        )  # fmt: skip


def test_two_of_one_id_and_mixed_currencies_are_refused():
    at, day = datetime(2026, 1, 5, tzinfo=UTC), date(2026, 1, 5)
    dollars = one(end_to_end="a2", money=Money(Decimal(1), "USD"))
    for transfers in ([one(), one()], [one(), dollars], []):
        with pytest.raises(Invalid):
            pain001.built("M-1", at, day, [Group("M-1-1", MINE, transfers)], "Aurora Ltd")


def test_the_same_order_is_the_same_bytes_and_letters_are_the_banks():
    at, day = datetime(2026, 1, 5, 9, 30, 1, 500, tzinfo=UTC), date(2026, 1, 5)
    named = one(to=Party("José Müller-Łąka & <Søn>", iban=THEIRS[0]))

    first, second = (
        pain001.built("M-1", at, day, [Group("M-1-1", MINE, [named])], "Aurora Ltd")
        for _ in range(2)
    )

    assert first == second
    yen = one(money=Money(Decimal(700), "JPY"))
    assert b">700<" in pain001.built("M-2", at, day, [Group("M-2-1", MINE, [yen])], "Aurora Ltd")
    assert b"<Nm>Jose Muller-Laka + Son</Nm>" in first
    assert b"2026-01-05T09:30:01<" in first and b'Ccy="EUR">10.00<' in first
