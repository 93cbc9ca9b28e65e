"""What is being changed about the house itself: routing and fees as drafts, keys, endpoints, people."""

from decimal import Decimal
from typing import Final

import msgspec
import tomli_w

from brokerage.api.document import scopes
from brokerage.demo.story import Story
from brokerage.demo.trying import tried
from brokerage.fees.settings import FeeSettings
from brokerage.payments.routing import drafts as routing
from brokerage.payments.routing.terms import Band, Route, Share, When
from brokerage.payments.values import Method
from brokerage.product import PRODUCT
from stoa.identity import api_clients, invitations, roles
from stoa.settingsdesk import drafts
from stoa.tenancy import settings
from stoa.tenancy.work import Work
from stoa.webhooks import endpoints

_FEES: Final = "fees"
_DAYS: Final = 60


async def settle_in(story: Story) -> None:
    """In the first days: a role of the house's own, and people who were invited."""
    owner = story.hands["owner"]
    may = sorted({"clients:client:view", "crm:task:view"} & set(owner.permissions))
    await tried(
        story,
        owner,
        "role",
        roles.edit,
        None,
        name="Internal control",
        scope="all",
        permissions=may,
        product=PRODUCT,
    )


async def happen(story: Story) -> None:
    """On the last day: all of this waits for somebody."""
    await _routing(story)
    await _fees(story)
    await _invited(story)
    await _keys(story)


async def _routing(story: Story) -> None:
    """One draft that was simulated, and one that was asked for and waits for a second person."""
    owner = story.hands["owner"]
    for name, route, asked in (
        (
            "Small cards to Beta",
            Route(
                name="Small cards",
                when=When(
                    method=(Method.CARD,),
                    amount=Band(max=Decimal(400), currency=story.ref.base_currency),
                ),
                use=(Share(psp="beta"),),
                cascade=("beta", "alpha"),
            ),
            False,
        ),
        (
            "An even split",
            Route(
                name="Cards",
                when=When(method=(Method.CARD,)),
                use=(Share(psp="alpha", share=50), Share(psp="beta", share=50)),
                cascade=("alpha", "beta"),
            ),
            True,
        ),
    ):
        made = await tried(story, owner, "routing", routing.begin, name)
        if made is None:
            continue
        before = made.routes[0]
        await tried(story, owner, "routing", routing.put_rule, made.id, "routes", 1, route)
        if not asked:
            # A rule before the one there was, which counts for the rest.
            old = msgspec.convert(before, Route, strict=False)
            await tried(story, owner, "routing", routing.put_rule, made.id, "routes", 99, old)
        await tried(story, owner, "routing", routing.predict, made.id, _DAYS)
        if asked:
            why = "Beta's approval rate has caught up"
            await tried(story, owner, "routing", routing.ask, made.id, why)


async def _fees(story: Story) -> None:
    """A schedule with a fee on wires that is being written."""

    async def begun(work: Work) -> None:
        body = settings.without_none(settings.as_data(work.settings(FeeSettings)))
        body["lines"] = [
            {
                "name": "large-wires",
                "on": "withdrawal",
                "methods": ["bank"],
                "percent": "0.1",
                "least": {"amount": "10.00", "currency": story.ref.base_currency},
            },
            *body.get("lines", []),
        ]
        row = await drafts.begin(work, _FEES, "New year", tomli_w.dumps(body))
        await drafts.write(work, row.id, tomli_w.dumps(body))

    await tried(story, story.hands["owner"], "fees", begun)


async def _invited(story: Story) -> None:
    """Two people who have not answered yet."""
    for name, short, role in (
        ("Nadia Rahman", "nadia", "Compliance"),
        ("Piotr Zieliński", "piotr", "Sales"),
    ):
        email = f"{short}@{story.ref.slug}.example"
        await tried(
            story,
            story.hands["owner"],
            "invite",
            invitations.invite,
            email,
            roles=(role,),
            name=name,
        )


async def _keys(story: Story) -> None:
    """Keys of the house's own systems, one of them that hears of events, and one long gone."""
    owner = story.hands["owner"]
    offered = sorted(scopes())
    for name, days, words in (
        ("Data warehouse", 300, ("view",)),
        ("Website sign-up", 90, ("create", "edit")),
    ):
        wanted = [one for one in offered if one in owner.permissions and one.endswith(words)][:6]
        await tried(
            story,
            owner,
            "key",
            api_clients.create,
            name=name,
            scopes=wanted,
            days=days,
            offered=offered,
        )
    await _hears(story, "Bookkeeping", f"https://hooks.{story.ref.slug}.example/books", [])
    if listener := story.world.config.services.get("listener"):
        system = f"{story.ref.slug}-crm"
        url, kinds = f"{listener}/in/{system}", endpoints.public_kinds()[:6]
        secret = await _hears(story, "CRM of the sales team", url, kinds)
        told = {"system": system, "secret": secret}
        await story.world.lever("listener", "/_sandbox/systems", told)


async def _hears(story: Story, label: str, url: str, kinds: list[str]) -> str | None:
    """An address that hears of events; answers its signing secret."""
    owner = story.hands["owner"]
    made = await tried(story, owner, "endpoint", endpoints.add, url=url, label=label, kinds=kinds)
    return None if made is None else made[1]
