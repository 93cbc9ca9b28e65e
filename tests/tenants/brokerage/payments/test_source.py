"""Where incoming coins come from: asked before they are credited, and what follows from the answer."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text

from brokerage.ledger import rates, wallets
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments.depositing import unresolved
from brokerage.payments.laws import LAWS
from brokerage.payments.model import Deposit, DepositAddress, PaymentAttempt, Unresolved
from brokerage.payments.receiving import arriving, giving
from brokerage.payments.receiving.port import Coin
from brokerage.payments.settings import Amount, DepositMethod, PaymentsSettings, Psp
from brokerage.payments.source import examining, rules
from brokerage.payments.source.analysts.elliptic import Elliptic, Settings, finding_of, signed
from brokerage.payments.source.port import Exposure, Finding, Transfer
from brokerage.payments.source.rules import Verdict
from brokerage.payments.source.settings import Analyst, Sources
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outside import Outside
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import Denied, Invalid, NotFound, Unavailable
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.vault import credentials
from support.fixtures import House
from support.people import make_staff
from support.psp.rig import running
from support.psp.setups import SETUPS
from support.standins import Standin
from support.web import signed_in

from .conftest import OWN
from .people import finance
from .test_every_way_in import Shop
from .test_receiving import person

SECRET = base64.b64encode(b"an analyst's own secret").decode()
SMALL = Amount(amount=Decimal(100), currency="USD")


def hashed(transfer: str) -> str:
    """The network's hash of a transfer at the coin provider's stand-in."""
    return hashlib.sha256(transfer.encode()).hexdigest()


@dataclass
class Place:
    """A broker whose coins come to addresses that stay, and the analyst beside it."""

    shop: Shop
    analyst: Standin
    row: DepositAddress

    async def send(self, transfer: str, amount: str = "0.5") -> Deposit:
        await self.shop.rig.send(self.row.reference or "", amount, "there", transfer)
        await self.look()
        async with self.shop.opener()() as work:
            found = await work.first(
                select(Deposit)
                .join(PaymentAttempt, PaymentAttempt.deposit == Deposit.id)
                .where(Deposit.instrument["transfer"].astext == hashed(transfer))
            )
            assert found is not None
            return found

    async def look(self) -> None:
        await arriving.look(self.shop.opener(), self.row.id)

    async def source(self, transfer: str, source: str) -> None:
        await self.analyst.control("sources", hash=hashed(transfer), source=source)

    async def rule(self, **more: Any) -> None:
        async with self.shop.opener()() as work:
            now = work.settings(PaymentsSettings)
            changed = msgspec.structs.replace(now.sources, **more)
            put = msgspec.structs.replace(now, sources=changed)
            await settings.put(work, "payments", put, why="another rule")

    async def item(self, deposit: UUID) -> Unresolved:
        async with self.shop.opener()() as work:
            found = await work.first(select(Unresolved).where(Unresolved.deposit == deposit))
            assert found is not None
            return found

    async def attempt(self, deposit: UUID) -> PaymentAttempt:
        async with self.shop.opener()() as work:
            found = await work.first(
                select(PaymentAttempt).where(PaymentAttempt.deposit == deposit)
            )
            assert found is not None
            return found

    async def held(self) -> Decimal:
        """What the client has, while every law of payments holds."""
        async with self.shop.opener()() as work:
            for law in LAWS:
                assert (await work.session.execute(text(law.sql))).all() == [], law.name
            return (await wallets.available(work, self.row.client, self.row.asset)).amount


@pytest.fixture(scope="module")
async def analyst(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standin]:
    one = await Standin("elliptic", tmp_path_factory.mktemp("elliptic")).start()
    yield one
    await one.stop()


@pytest.fixture
async def place(
    house: House, analyst: Standin, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    await analyst.control("merchants", api_key="k", api_secret=SECRET, id="ws", name="Aurora")
    await analyst.control("faults/clear")
    setup = SETUPS["b2binpay"]
    async with running(setup) as rig:
        await rig.control("switch", schemes=["https://", "http://"])
        services = {"psp": rig.url, "elliptic": analyst.url}
        way = Outside(replace(house.config, services=services))
        for name in ("psp.providers", "receiving.giving", "source.examining"):
            monkeypatch.setattr(f"brokerage.payments.{name}.outside", lambda: way)
        tenant = await house.tenant()
        told = {name: value for name, value in setup.settings.items() if name != "callback_url"}
        psp = Psp(
            code="psp",
            connector="b2binpay",
            settings=told | setup.staying | {"base_url": "service:psp"},
        )
        offered = DepositMethod(
            method=setup.method,
            label="Coins",
            least=Amount(amount=Decimal("0.01"), currency="BTC"),
            most=Amount(amount=Decimal(5), currency="BTC"),
        )
        asked = Sources(
            analyst=Analyst(connector="elliptic", settings={"base_url": "service:elliptic"}),
            alone=SMALL,
        )
        async with house.door.open(tenant, purpose="test") as work:
            changed = msgspec.structs.replace(
                work.settings(PaymentsSettings), psps=(psp,), methods=(offered,), routes=(),
                payout_routes=(), sources=asked,
            )  # fmt: skip
            await settings.put(work, "payments", changed, why="one provider, one analyst")
            coins = msgspec.structs.replace(
                work.settings(LedgerSettings), currencies=("USD", "EUR", "BTC")
            )
            await settings.put(work, "ledger", coins, why="its coin")
            secrets = setup.secrets | {"elliptic.key": "k", "elliptic.secret": SECRET}
            for name, value in secrets.items():
                await credentials.put(work, name, value)
            await rates.store_manual(work)
        shop = Shop(house, tenant, rig, await person(house, tenant))
        actor = Actor(Kind.CLIENT, shop.client, "A client", OWN, scope="own")
        found = await giving.address_for(shop.opener(actor), shop.client, Coin("BTC", "bitcoin"))
        async with shop.opener()() as work:
            row = await work.get(DepositAddress, found)
        yield Place(shop, analyst, row)
        await way.aclose()


async def test_coins_of_a_clear_source_are_credited_with_what_the_analyst_said(
    place: Place,
) -> None:
    row = await place.send("exchange")

    assert row.state == "credited" and await place.held() == Decimal("0.5")
    told = examining.told_of(await place.attempt(row.id))
    assert told["judged"] == {"verdict": "credit", "why": "clear", "named": ""}
    (found,) = told["found"].values()
    assert found["score"] == "3.0" and found["exposures"][0]["category"] == "Exchange"
    truth = (await place.analyst.truth())["analyses"]
    asked = [one for one in truth if one["hash"] == hashed("exchange")]
    assert len(asked) == 1
    await place.look()
    assert len((await place.analyst.truth())["analyses"]) == len(truth)


@pytest.mark.parametrize(
    ("source", "problem", "proposed"),
    [("A mixer", "source-risk", "look"), ("A sanctioned one", "source-refused", "return")],
)
async def test_coins_of_a_doubtful_source_wait_for_two_people(
    place: Place, source: str, problem: str, proposed: str
) -> None:
    await place.source("dark", source)
    row = await place.send("dark")

    assert row.state == "review" and await place.held() == 0
    item = await place.item(row.id)
    assert (item.problem, item.proposed, item.amount) == (problem, proposed, Decimal("0.5"))
    one, two = finance(), finance()
    opener = place.shop.opener
    await place.look()
    assert not await unresolved.decide(opener(one), item.id, "credit", "the officer knows them")
    with pytest.raises(Denied):
        await unresolved.decide(opener(one), item.id, "credit", "still me")
    assert await place.held() == 0
    assert await unresolved.decide(opener(two), item.id, "credit", "and I do")
    assert await place.held() == Decimal("0.5")


async def test_even_little_money_of_a_doubtful_source_is_no_single_persons_to_credit(
    place: Place,
) -> None:
    async with place.shop.opener()() as work:
        now = work.settings(PaymentsSettings)
        put = msgspec.structs.replace(
            now, resolve_alone=Amount(amount=Decimal(10_000_000), currency="USD")
        )
        await settings.put(work, "payments", put, why="one is enough")
    await place.source("dark", "A mixer")
    row = await place.send("dark")
    item = await place.item(row.id)

    assert not await unresolved.decide(place.shop.opener(finance()), item.id, "credit", "fine")

    assert await place.held() == 0


async def test_a_silent_analyst_is_asked_again_and_then_a_person_looks(place: Place) -> None:
    await place.analyst.control("faults", error_500_before_apply="always")
    row = await place.send("slow")
    assert row.state == "waiting" and await place.held() == 0
    async with place.shop.opener()() as work:
        again = await work.get(DepositAddress, place.row.id)
        assert again.next_poll_at is not None
        assert again.next_poll_at - work.now < timedelta(minutes=2)

    await place.analyst.control("faults/clear")
    await place.look()
    assert await place.held() == Decimal("0.5")

    await place.analyst.control("faults", unseen="always")
    late = await place.send("never")
    await _since(place, late.id, minutes=31)
    await place.look()
    item = await place.item(late.id)
    assert (item.problem, item.proposed) == ("source-unknown", "look")
    assert await place.held() == Decimal("0.5")


async def _since(place: Place, deposit: UUID, minutes: int) -> None:
    attempt = await place.attempt(deposit)
    async with place.shop.opener()() as work:
        row = await work.lock(PaymentAttempt, attempt.id)
        told = examining.told_of(row)
        since = (work.now - timedelta(minutes=minutes)).isoformat()
        row.decision = {**row.decision, "source": {**told, "since": since}}


async def test_without_an_analyst_the_amount_decides_and_splitting_gains_nothing(
    place: Place,
) -> None:
    await place.rule(analyst=None, alone=Amount(amount=Decimal("0.5"), currency="BTC"))

    first = await place.send("one", "0.3")
    second = await place.send("two", "0.3")

    assert (first.state, second.state) == ("credited", "review")
    alone = examining.told_of(await place.attempt(first.id))["judged"]
    assert alone == {"verdict": "credit", "why": "small", "named": "no-analyst"}
    assert (await place.item(second.id)).problem == "source-unknown"
    said = examining.told_of(await place.attempt(second.id))["judged"]
    assert said == {"verdict": "hold", "why": "no-analyst", "named": ""}


async def test_the_client_is_not_told_why_and_staff_are(place: Place, house: House) -> None:
    await place.source("dark", "A sanctioned one")
    row = await place.send("dark")
    item = await place.item(row.id)
    async with place.shop.opener()() as work:
        from stoa.identity.model import Person

        client = await work.get(Person, place.row.client)
        staff, _ = await make_staff(
            work, ("payments:deposit:view", "payments:deposit:resolve", "clients:client:view")
        )
    room = await signed_in(house, place.shop.tenant, client, "room")
    desk = await signed_in(house, place.shop.tenant, staff, "desk")

    for path in (f"/deposit/{row.id}", "/deposit/addresses", "/money"):
        said = await room.get(path)
        assert said.status_code == 200
        for word in ("anction", "source-refused", "A listed party", "risk"):
            assert word not in said.text, (path, word)
    for path in (f"/desk/unresolved/{item.id}", f"/desk/deposits/{row.id}"):
        said = await desk.get(path)
        assert said.status_code == 200, said.text[:300]
        assert "Sanctioned party" in said.text and "A listed party" in said.text


async def test_the_analyst_is_connected_by_a_form_of_its_own_type(
    place: Place, house: House
) -> None:
    await place.rule(analyst=None)
    async with place.shop.opener()() as work:
        owner, _ = await make_staff(
            work,
            (
                "payments:psp:view", "payments:psp:test", "settings:all:view",
                "settings:all:edit", "settings:secrets:edit",
            ),
        )  # fmt: skip
    desk = await signed_in(house, place.shop.tenant, owner, "desk")
    shown = await desk.get("/desk/psps/source")
    assert shown.status_code == 200 and 'name="api_secret"' in shown.text

    kept = await desk.post(
        "/desk/psps/source",
        {
            "connector": "elliptic", "api_key": "key-0123456789", "api_secret": SECRET,
            "unscored": "clear", "why": "the contract is signed",
        },
    )  # fmt: skip

    assert kept.status_code in {204, 303}, kept.text[:300]
    async with place.shop.opener()() as work:
        analyst = work.settings(PaymentsSettings).sources.analyst
        assert analyst is not None and analyst.settings["unscored"] == "clear"
    again = await desk.get("/desk/psps/source")
    assert SECRET not in again.text and "key-0123456789" not in again.text


async def test_the_adapter_signs_as_is_published_and_tells_apart_what_went_wrong(
    analyst: Standin,
) -> None:
    await analyst.control("merchants", api_key="k", api_secret=SECRET, id="ws", name="Aurora")
    lines = Lines(Egress({f"127.0.0.1:{analyst.port}"}))

    def with_secret(secret: str) -> Elliptic:
        keys = Keyring({"elliptic.key": "k", "elliptic.secret": secret})
        return Elliptic(Settings(base_url=analyst.url), keys, lines.of("t", "elliptic"))

    one = Transfer(hash="5a01", address="1MdYC22Gmjp2", asset="BTC", customer="C-1")
    right = with_secret(SECRET)
    assert [check.fine for check in await right.test_connection()] == [True]
    found = await right.examine(one)
    assert found.score == 100
    assert {each.category for each in found.exposures} == {"Sanctioned Entity"}
    with pytest.raises(Invalid):
        await right.examine(msgspec.structs.replace(one, customer=""))
    await analyst.control("faults", unseen=1)
    with pytest.raises(NotFound):
        await right.examine(one)
    await analyst.control("faults", running=1)
    with pytest.raises(Unavailable):
        await right.examine(one)
    wrong = with_secret(base64.b64encode(b"another").decode())
    assert [check.fine for check in await wrong.test_connection()] == [False]
    with pytest.raises(Unavailable):
        await wrong.examine(one)
    await lines.egress.aclose()


def test_a_signature_is_the_one_the_published_recipe_gives() -> None:
    made = signed("c2VjcmV0", "1700000000000", "POST", "/v2/Analyses/synchronous", b"{}")

    assert made == "ETsegmp3aypD+Snobwaq9/56qFD478IGTlzky7qSE/M="


def test_what_an_answer_says_is_read_whatever_its_shape() -> None:
    rule = {"matched_elements": [{"category": "Mixer", "contribution_percentage": 12.5}]}
    listed = {"id": "a", "risk_score": 6.2, "evaluation_detail": [rule]}
    by_way = listed | {"evaluation_detail": {"source": [rule], "destination": []}}

    for said in (listed, by_way):
        found = finding_of(said, clear=False)
        assert found.score == Decimal("62.0")
        assert found.exposures == (Exposure(category="Mixer", percent=Decimal("12.5")),)
    nothing = {"id": "a", "risk_score": None, "evaluation_detail": []}
    assert finding_of(nothing, clear=False).score is None
    assert finding_of(nothing, clear=True).score == 0
    for bad in ({"id": "a"}, {"id": "a", "risk_score": 12}, {"id": "a", "risk_score": "low"}):
        with pytest.raises(Unreadable):
            finding_of(bad, clear=False)
    with pytest.raises(Unavailable):
        finding_of(listed | {"process_status": "running"}, clear=False)


def test_the_worst_of_all_transfers_counts_and_a_trace_does_not() -> None:
    def of(score: str | None, *parts: tuple[str, str]) -> Finding:
        made = tuple(Exposure(category=name, percent=Decimal(part)) for name, part in parts)
        return Finding(reference="r", score=Decimal(score) if score else None, exposures=made)

    by = Sources()
    assert rules.judge([of("5"), of("85")], by).verdict is Verdict.REFUSE
    assert rules.judge([of("5"), of("45")], by).verdict is Verdict.HOLD
    assert rules.judge([of("5", ("mixer", "0.5"))], by).verdict is Verdict.CREDIT
    assert rules.judge([of("5", ("mixer", "1"))], by).named == "mixer"
    assert rules.judge([of(None, ("sanctioned entity", "3"))], by).verdict is Verdict.REFUSE
    assert rules.without("no-analyst", small=True).verdict is Verdict.CREDIT
    assert rules.without("no-analyst", small=False).problem == "source-unknown"
