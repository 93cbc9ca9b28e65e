"""The owner connects the outside world: accounts at the providers, secrets and settings here."""

import secrets
import tomllib
from collections.abc import Callable
from typing import Any

import httpx2
import tomli_w

from support.walk.broker import Broker
from support.walk.hand import Hand
from support.walk.plain import Read


async def lever(
    broker: Broker, service: str, path: str, body: Any = None, *, method: str = "POST"
) -> Any:
    """Something done in the outside world itself: at a provider's dashboard, on a server."""
    async with httpx2.AsyncClient(timeout=120, trust_env=False) as http:
        answer = await http.request(method, broker.installation.service(service) + path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


WAITS = "It waits for a second person to agree"


async def section(
    hand: Hand,
    name: str,
    change: Callable[[dict[str, Any]], None],
    why: str,
    *,
    waits: bool = False,
) -> None:
    """Change one section of the settings as its page shows it, and put it in force."""
    path = f"/desk/settings/sections/{name}"
    told = tomllib.loads(await section_text(hand, name))
    change(told)
    await hand.submit(path, text=tomli_w.dumps(told), why=why)
    await hand.sees(WAITS if waits else "In force now")


async def section_text(hand: Hand, name: str) -> str:
    """Go to a section of the settings and read what its box says."""
    path = f"/desk/settings/sections/{name}"
    await hand.open(f"{path}/text")
    form = next(one for one in Read(await hand.html()).forms if one.action == path)
    return form.inputs["text"][0]


async def connect(broker: Broker, manager: int) -> None:
    """Two payment providers, the trading server and the verification provider."""
    hand = broker.owner
    await section(hand, "kyc", lambda told: _with_provider(told, broker.slug), "Provider signed")
    await section(hand, "trading", lambda told: _as_manager(told, manager), "Our own manager login")
    await hand.open("/desk/settings/connections")
    hooks = await hand.found(r'data-copy="(http[^"]+/hooks/[^"]+)"')
    by_code = {hook.split("/hooks/")[1].split("/")[0]: hook for hook in hooks}
    assert set(by_code) == {"alpha", "beta", "sumsub"}

    await _enter(hand, await at_alpha(broker, by_code["alpha"]))
    await _enter(hand, await at_beta(broker, by_code["beta"]))
    await _enter(hand, await at_sumsub(broker, by_code["sumsub"]))
    password = f"Mt5!{secrets.token_hex(8)}"
    await lever(
        broker, "trading-http", "/managers", {"login": manager, "password": password, "groups": "*"}
    )
    await _enter(hand, {"mt5.manager": password})

    await hand.open("/desk/settings/connections")
    await hand.sees("All secrets are there")
    await hand.lacks("A secret is missing", password)


async def _enter(hand: Hand, told: dict[str, str]) -> None:
    await hand.open("/desk/settings/connections")
    await hand.submit("/desk/settings/connections", **told)


async def at_alpha(broker: Broker, hook: str) -> dict[str, str]:
    key, secret = f"sk_test_{secrets.token_hex(12)}", f"whsec_{secrets.token_hex(12)}"
    made = await lever(
        broker,
        "alpha",
        "/_sandbox/merchants",
        {"secret_key": key, "webhook_secret": secret, "webhook_url": hook, "name": broker.name},
    )
    broker.merchants["alpha"] = made["id"]
    return {"alpha.api_key": key, "alpha.webhook": secret}


async def at_beta(broker: Broker, hook: str) -> dict[str, str]:
    key, secret = secrets.token_hex(16), secrets.token_hex(16)
    made = await lever(
        broker,
        "beta",
        "/_sandbox/merchants",
        {
            "api_key": key,
            "payment_response_hash_key": secret,
            "webhook_url": hook,
            "name": broker.name,
        },
    )
    broker.merchants["beta"] = made["id"]
    return {"beta.api_key": key, "beta.webhook": secret}


async def at_sumsub(broker: Broker, hook: str) -> dict[str, str]:
    app, key, secret = (secrets.token_hex(12) for _ in range(3))
    made = await lever(
        broker,
        "sumsub",
        "/_sandbox/merchants",
        {
            "app_token": app,
            "secret_key": key,
            "webhook_secret": secret,
            "webhook_url": hook,
            "client_id": broker.slug,
        },
    )
    broker.merchants["sumsub"] = made["id"]
    return {"sumsub.app_token": app, "sumsub.secret_key": key, "sumsub.webhook": secret}


def _with_provider(told: dict[str, Any], client: str) -> None:
    told["provider"] = "sumsub"
    told["connections"] = {"sumsub": {"base_url": "service:sumsub", "client": client}}
    told["poll_after_s"] = 5


def _as_manager(told: dict[str, Any], login: int) -> None:
    for server in told["servers"]:
        server["settings"]["login"] = login


async def tested(broker: Broker) -> None:
    """The owner presses *test* for both payment providers and waits for the trading servers."""
    hand = broker.owner
    for psp in ("alpha", "beta"):
        await hand.open("/desk/psps")
        await hand.submit(f"/desk/psps/{psp}/test")
        await hand.sees("Nothing was changed at the provider", "Passed")
    await hand.until("/desk/servers", "Last heard", "Symbols")


def alpha_first(told: dict[str, Any]) -> None:
    for route in told["routes"]:
        if route["name"] == "Cards":
            route["use"] = [{"psp": "alpha"}]
