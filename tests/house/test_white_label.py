"""A sub-broker's clients and staff never read who runs the platform, nor of another sub-broker.

Every page that can be reached by following links, as a stranger, a client and an owner, in HTML,
headers and addresses; every letter; the statement.
"""

import html
import re
from collections import deque
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

import pypdfium2
import pytest
from sqlalchemy import select

from brokerage.clients import clients, verification
from brokerage.crm import leads, tasks
from brokerage.crm.leads import Wish
from stoa.identity.model import Person
from stoa.notices import letters, notices
from stoa.notices.model import Message
from support import people
from support.ledger import funded
from support.letters import FACTS, TEMPLATES
from support.web import signed_in, visitor

MOST_PAGES = 160
AT = datetime(2026, 3, 18, 9, tzinfo=UTC)
LINK = re.compile(r'(?:href|data-href|hx-get|src|action)="([^"#]+)')


@pytest.fixture(scope="module")
async def mine(house, borealis):
    """A sub-broker with somebody and something on most of its pages."""
    tenant = await house.tenant("corvus", name="Corvus Capital")
    async with house.door.open(tenant, purpose="test") as work:
        client = await clients.register(
            work, email="ines@example.com", first_name="Ines", last_name="Duarte", country="ES",
            password="plum-cycle-harbour-42",
        )  # fmt: skip
        await verification.confirm(work, client.id)
        await funded(work, "250.00", tenant.base_currency, client.id)
        await leads.create(work, Wish(name="Ana Ruiz", email="ana@example.com", country="ES"))
        owner, _ = await people.make_staff(work, ["Owner"])
        await tasks.open(work, "Call back", owner=owner.id)
        person = await work.get(Person, client.id)
    return tenant, owner, person


def forbidden(house, borealis, tenant):
    """What may not be read at `tenant`; the last part of the demo's host names is not a name."""
    names = ("stoa", borealis.name, borealis.slug, house.config.control_host)
    found = re.compile("|".join(re.escape(name) for name in names), re.IGNORECASE)

    def told(text):
        return sorted(set(found.findall(text.replace(house.config.domain, "the.domain"))))

    return told


async def walk(browser, start):
    """Each page once by the shape of its address, so that a list of a hundred rows is one page."""
    queue, seen = deque(start), set()
    while queue and len(seen) < MOST_PAGES:
        path = queue.popleft()
        shape = re.sub(r"[0-9a-f-]{36}", "{}", urlsplit(path).path)
        if shape in seen or shape.endswith(("/live", "/sign-out")):
            continue
        seen.add(shape)
        answer = await browser.get(path, follow_redirects=False)
        yield path, answer
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for link in LINK.findall(answer.text):
            target = html.unescape(link)
            if target.startswith("/") and not target.startswith(("/static/", "//")):
                queue.append(urljoin(path, target))


@pytest.mark.parametrize("who", ["stranger", "client", "owner"])
async def test_no_page_names_the_platform_its_operator_or_another_sub_broker(
    house, borealis, mine, who
):
    tenant, owner, client = mine
    told = forbidden(house, borealis, tenant)
    browser, start = visitor(house, tenant), ["/", "/register", "/sign-in", "/no-such", "/api/docs"]
    if who == "client":
        browser, start = (
            await signed_in(house, tenant, client, "room"),
            ["/", "/verify", "/partner"],
        )
    if who == "owner":
        browser, start = await signed_in(house, tenant, owner, "desk"), ["/desk", "/desk/none"]

    leaks, pages = [], 0
    async for path, answer in walk(browser, start):
        pages += 1
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
        for place, text in (("headers", headers), ("body", answer.text), ("address", path)):
            leaks += [f"{path} {place}: {name}" for name in told(text)]

    assert leaks == []
    assert pages >= {"stranger": 10, "client": 15, "owner": 60}[who]


async def test_no_answer_names_the_software_that_serves_it(house, borealis, mine):
    """The server below writes its own name on whatever comes without one."""
    tenant, _, _ = mine
    browser = visitor(house, tenant)

    for path in ("/", "/no-such", "/static/none", "/health", "/api/v1/clients", "/api/docs"):
        for host in (tenant.host, "nobody.example"):
            answer = await browser.http.get(path, headers={"host": host})
            assert answer.headers.get_list("server") == ["web"], (path, host)


async def test_no_refusal_of_the_api_names_the_platform(house, borealis, mine):
    tenant, _, _ = mine
    told = forbidden(house, borealis, tenant)

    answer = await visitor(house, tenant).http.get("/api/v1/clients")

    assert answer.status_code == 401
    assert told(answer.text) == []


@pytest.mark.parametrize("template", TEMPLATES)
async def test_no_letter_names_the_platform(house, borealis, mine, template):
    tenant, _, client = mine
    told = forbidden(house, borealis, tenant)

    async with house.door.open(tenant, purpose="test") as work:
        message = await notices.mail(work, client.id, template, link="/", **FACTS, code="123456")
        row = await work.first(select(Message).where(Message.id == message))
        letter = await letters.compose(work, row, house.config)

    for text in (letter.subject, letter.text, letter.markup, letter.sender_name):
        assert told(text) == []


async def test_the_statement_names_only_its_broker(house, borealis, mine):
    tenant, _, client = mine
    told = forbidden(house, borealis, tenant)
    browser = await signed_in(house, tenant, client, "room")

    page = await browser.get("/statements")
    paper = await browser.http.get(re.findall(r'href="(/statements/[^"]+)"', page.text)[0])

    text = "".join(
        one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(paper.content)
    )
    assert tenant.name in text
    assert told(text) == []
    assert b"stoa" not in paper.content.lower()
