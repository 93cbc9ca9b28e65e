"""What each page asks of the database: little, and no more for many rows than for a few.

Counts, not times. Every page that needs nothing but its address is in by existing; a query made
for each row of a list shows as a count that grows with the rows.
"""

import re
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import pytest

from brokerage.product import PRODUCT
from stoa.identity import operators, sessions
from stoa.identity.model import OperatorSession, Person
from stoa.kernel.ids import token, uuid7
from stoa.web.access import Access
from support import crowd, people
from support.queries import counted
from support.web import Browser, signed_in, state_of, visitor

pytestmark = pytest.mark.long

FEW, MANY = 2, 12
USUAL = 16
"""The door takes two, the session one; what is left is for the page."""
MORE = {
    "/": 32,
    "/deposit": 26,
    "/desk": 40,
    "/profile": 18,
    "/desk/clients/{client}": 18,
    "/desk/partners/{partner}": 18,
}
"""Pages that gather from many modules, one or two from each; paying in runs a withdrawal's checks."""
STREAMS = {"/live", "/desk/live"}
NOT_PAGES = re.compile(
    r"/profile/data$|\.(toml|py|json|jsonl)$|/sso|/support/|/sample|/export|/health|/ready|/metrics|"
    r"/withdraw/review$"
)
"""The last is the answer to a question: without one it is a refusal."""


@dataclass
class Stage:
    """A sub-broker with a few of everything, its people signed in, and a way to make it many."""

    house: object
    tenant: object
    desk: Browser
    room: Browser
    control: Browser
    client: UUID
    member: crowd.Member
    partner: UUID


def addresses(audience: str) -> list[str]:
    """Every page of an audience that needs no more than its address."""
    found: set[str] = set()
    for module in PRODUCT.modules:
        for handler in module.control if audience == "control" else module.web:
            access: Access = handler.opt["access"]
            if "GET" in handler.http_methods and access.audience == audience:
                found |= {path for path in handler.paths if "{" not in path}
    if audience == "room":
        found.add("/")
    return sorted(path for path in found - STREAMS if not NOT_PAGES.search(path))


async def more(house, tenant, client: UUID, partner: UUID, many: int) -> crowd.Member:
    async with house.door.open(tenant, purpose="test") as work:
        members = await crowd.gather(work, many, partner=partner)
        await crowd.for_one(work, client, many)
        return members[0]


@pytest.fixture(scope="module")
async def stage(house) -> Stage:
    tenant = await house.tenant(new_schema=True)
    async with house.door.open(tenant, purpose="test") as work:
        owner, _ = await people.make_staff(work, ["Owner"])
        partner = await crowd.a_partner(work)
        own = await work.get(Person, partner)
    member = await more(house, tenant, partner, partner, FEW)
    return Stage(
        house,
        tenant,
        await signed_in(house, tenant, owner, "desk"),
        await signed_in(house, tenant, own, "room"),
        await at_control(house),
        partner,
        member,
        partner,
    )


async def at_control(house) -> Browser:
    """An operator signed in at the control plane."""
    bearer = token()
    async with house.door.platform(purpose="test") as work:
        row, _ = await operators.create(
            work, house.door.master, email=f"{bearer[:12]}@operator.example", name="Ada Operator"
        )
        work.add(
            OperatorSession(
                id=uuid7(),
                token_hash=sessions.hash_token(bearer),
                operator=row.id,
                stage=sessions.FULL,
                epoch=row.epoch,
                started_at=work.now,
                seen_at=work.now,
                ends_at=work.now + sessions.OPERATOR_LIFE,
                second_factor_at=work.now,
                way="password",
            )
        )
    browser = visitor(house, None)
    browser.http.cookies.set(state_of(house).cookie("control"), bearer)
    return browser


async def asked(stage: Stage, browser: Browser, path: str) -> list[str]:
    """The statements of a page, warm: settings and brands are read once in a process's life."""
    await browser.get(path)
    with counted(stage.house) as said:
        answer = await browser.get(path)
    assert answer.status_code < 400, (path, answer.status_code, answer.text[:300])
    return said


def pages(stage: Stage) -> list[tuple[Browser, str, str]]:
    """(browser, address, how it is named here)."""
    member = stage.member
    desk = [
        ("/desk/clients/{client}", member.client),
        ("/desk/deposits/{deposit}", member.deposit),
        ("/desk/withdrawals/{withdrawal}", member.withdrawal),
        ("/desk/accounts/{account}", member.account),
        ("/desk/disputes/{dispute}", member.dispute),
        ("/desk/negative/{transfer}", member.cover),
        ("/desk/alerts/{alert}", member.alert),
        ("/desk/providers/{account}", member.account),
        ("/desk/partners/{partner}", stage.partner),
    ]
    return [
        *((stage.desk, path, path) for path in addresses("desk")),
        *((stage.room, path, path) for path in addresses("room")),
        *((stage.control, path, f"control {path}") for path in addresses("control")),
        *((stage.desk, re.sub(r"\{\w+\}", str(one), name), name) for name, one in desk),
    ]


async def test_no_page_asks_more_for_many_rows_than_for_a_few(stage):
    for who, path, _ in pages(stage):
        await who.get(path)  # Some pages start something, such as a case, the first time.
    few = {name: await asked(stage, who, path) for who, path, name in pages(stage)}
    await more(stage.house, stage.tenant, stage.client, stage.partner, MANY - FEW)
    grown = {}
    heavy = {}
    for who, path, name in pages(stage):
        many = await asked(stage, who, path)
        if len(many) > len(few[name]) + 1:
            often = Counter(many) - Counter(few[name])
            grown[name] = (len(few[name]), len(many), often.most_common(2))
        if len(many) > MORE.get(name, USUAL):
            heavy[name] = len(many)

    assert not grown, "\n".join(f"{name}: {told}" for name, told in grown.items())
    assert not heavy, heavy


async def test_what_stands_beside_a_list_needs_nothing_of_its_rows(stage):
    """A card read too narrowly is completed by the list that read the same rows, as long as they are in it."""
    said = [
        (path, answer.status_code, answer.text[:200])
        for who, path, _ in pages(stage)
        if (answer := await who.get(f"{path}?q=no-such-thing")).status_code >= 500
    ]

    assert said == []
