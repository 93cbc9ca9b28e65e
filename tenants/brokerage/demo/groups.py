"""Groups of each sub-broker's own on the one trading server of the demo.

A server that several brokers share keeps them apart by groups: a manager sees the groups of its mask
and no other. Without that, who looks at a server for accounts to take over reads another's clients.
"""

from typing import Any, Final

from brokerage.demo.world import World

CONDITIONS: Final[dict[str, dict[str, Any]]] = {
    "real\\eu-retail-eur": {
        "currency": "EUR",
        "leverage": 30,
        "leverage_max": 30,
        "markup": 3,
        "protected": True,
    },
    "real\\standard-usd": {"markup": 4},
    "real\\islamic-usd": {"markup": 8, "swap_free": True},
    "demo\\standard": {
        "margin_call": 50,
        "stop_out": 20,
        "login_from": 5_000_000,
        "login_to": 5_999_999,
    },
}


def own(slug: str, group: str) -> str:
    """A group of the blueprint as it is called for one sub-broker: its name goes after the kind."""
    kind, _, rest = group.partition("\\")
    return f"{kind}\\{slug}\\{rest}"


def mask(slug: str) -> str:
    """What its manager may see."""
    return f"real\\{slug}\\*,demo\\{slug}\\*"


async def make(world: World, slug: str) -> None:
    """Have the trading server keep these groups."""
    for group, terms in CONDITIONS.items():
        await world.lever("trading", "/groups", {"name": own(slug, group), **terms})
