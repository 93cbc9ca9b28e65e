"""What a partner sees over HTTP is their own, and nobody else's."""

import msgspec
import pytest

from brokerage.api.partners import explained
from brokerage.partners import queries
from brokerage.partners.model import Partner, Reward
from brokerage.partners.wordings import FoundBy
from stoa.identity.model import Person
from stoa.kernel.ids import uuid7
from stoa.theming import texts
from stoa.web.reader import LANGUAGE_COOKIE
from support import people
from support.web import signed_in

from .builders import a_trade, imported, later, rewards, three


@pytest.fixture
async def told(house, guild):
    """A tree with one rewarded deal, kept."""
    async with house.door.open(guild, purpose="test") as work:
        now = work.now
        later(work, hours=-2)
        tree = await three(work)
        work.now = now
        await imported(work, tree.trader, a_trade(tree.trader.login, now))
        tree.rewards = {row.partner: row.id for row in await rewards(work, tree.trader.client)}
    return tree


async def browser_of(house, guild, client):
    async with house.door.open(guild, purpose="test") as work:
        person = await work.get(Person, client)
    return await signed_in(house, guild, person, "room")


async def test_a_partner_opens_their_own_reward_and_finds_no_other(house, guild, told):
    browser = await browser_of(house, guild, told.sub)

    own = await browser.get(f"/partner/rewards/{told.rewards[told.sub]}")
    assert own.status_code == 200
    for foreign in (told.rewards[told.master], told.rewards[told.third], uuid7()):
        assert (await browser.get(f"/partner/rewards/{foreign}")).status_code == 404


async def test_every_page_of_the_portal_opens(house, guild, told):
    browser = await browser_of(house, guild, told.master)
    async with house.door.open(guild, purpose="test") as work:
        month = f"{work.now:%Y-%m}"
        row = await work.get(Reward, told.rewards[told.master])
    for path in ("", "/rewards", "/clients", f"/months/{month}", "/recompute.py"):
        answer = await browser.get(f"/partner{path}")
        assert answer.status_code == 200, (path, answer.text[:500])
    lines = (await browser.get(f"/partner/months/{month}")).json()
    assert f"{row.server}:{row.deal}" in {line["deal"] for line in lines}


async def test_one_who_is_no_partner_is_offered_to_join(house, guild, told):
    browser = await browser_of(house, guild, told.trader.client)

    assert (await browser.get("/partner")).status_code == 200
    assert (await browser.get(f"/partner/rewards/{told.rewards[told.sub]}")).status_code == 404


async def test_a_rewards_reason_is_words_on_a_page_and_plain_text_to_a_system(house, guild, told):
    """The page's kind of text went into the interface's answer too, and that broke: encoders know
    text itself and no kind of it.
    """
    async with house.door.open(guild, purpose="test") as work:
        reason = (await queries.reward(work, told.rewards[told.sub]))["rule"]
        answer = msgspec.json.encode(await explained(work, told.rewards[told.sub]))

    page = await (await browser_of(house, guild, told.sub)).get(
        f"/partner/rewards/{told.rewards[told.sub]}", headers={"accept-language": "es"}
    )
    assert msgspec.json.decode(answer)["attributed_by"] == str(reason)
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("kept", "english", "spanish"),
    [
        ("plan default", "plan default", "lo general del plan"),
        ("symbol XAUUSD", "symbol XAUUSD", "símbolo XAUUSD"),
        ("group metal, tier gold", "metals, tier gold", "metales, nivel gold"),
        ("group house-specials", "house-specials", "house-specials"),
        ("account type ecn", "account type ecn", "tipo de cuenta ecn"),
        ("40 % of 50.00 USD", "40 % of 50.00 USD", "40 % of 50.00 USD"),
    ],
)
def test_what_a_rate_was_found_by_is_said_in_the_readers_language(kept, english, spanish):
    assert FoundBy(kept).told_in(texts.of("en")) == english
    assert FoundBy(kept).told_in(texts.of("es")) == spanish


async def test_the_figures_stand_before_a_plan_that_is_not_agreed_to(house, guild, told):
    """A new version of the plan, three screens long on a phone, pushed everything else away."""
    async with house.door.open(guild, purpose="test") as work:
        row = await work.lock(Partner, told.sub)
        row.agreement = 0

    page = (await (await browser_of(house, guild, told.sub)).get("/partner")).text

    waits = page.index("waits for your yes")
    assert waits < page.index("partner-figures") < page.index('id="plan"')


async def test_a_masked_name_reads_from_its_own_side_among_arabic(house, guild, told):
    """`I••• D•••` was drawn as `•••I••• D`: marks at an end go with the page's direction."""
    browser = await browser_of(house, guild, told.sub)
    browser.http.cookies.set(LANGUAGE_COOKIE, "ar")

    assert '<b dir="auto">I••• D•••</b>' in (await browser.get("/partner/clients")).text
    assert "<bdi>I••• D•••</bdi>" in (await browser.get("/partner/rewards")).text


async def test_staff_read_in_words_what_a_client_came_by(house, guild, told):
    async with house.door.open(guild, purpose="test") as work:
        owner, _ = await people.make_staff(work, ["Owner"])
    desk = await signed_in(house, guild, owner, "desk")

    tab = (await desk.get(f"/desk/clients/{told.trader.client}/partner")).text

    assert "by hand a test" in tab
