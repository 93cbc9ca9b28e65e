"""Opening a demo tenant and connecting it to the outside world, as its owner would."""

import base64
import secrets as chance
from dataclasses import dataclass
from typing import Any

import msgspec

from brokerage.demo import groups
from brokerage.demo.world import World
from brokerage.kyc import hooks as kyc_hooks
from brokerage.payments import callbacks
from brokerage.product import PRODUCT
from stoa.kernel.ids import token
from stoa.tenancy import provision, settings
from stoa.tenancy.orders import Asked
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from stoa.vault import credentials


@dataclass(frozen=True, slots=True)
class Wish:
    """A demo tenant to be."""

    slug: str
    name: str
    entity: str
    blueprint: str
    countries: tuple[str, ...]
    manager: int
    seed: int
    platforms: int = 1
    """How many trading platforms it has; with three, DXtrade and a FIX drop copy beside MT5."""


async def open_tenant(world: World, wish: Wish) -> TenantRef:
    """Provision it and give it its providers."""
    asked = Asked(
        name=wish.name,
        slug=wish.slug,
        legal_entity=wish.entity,
        owner_email=f"owner@{wish.slug}.example",
        blueprint=wish.blueprint,
    )
    async with world.door.platform(purpose="demo.prepare") as work:
        row = await provision.request(work, asked, key=f"demo-{wish.slug}", mine=True)
    await world.provisioner.run(row.id)
    ref = await world.door.registry.by_slug(wish.slug)
    assert ref is not None  # noqa: S101 - it was just made
    await _trading(world, ref, wish)
    await _payments(world, ref)
    await _sources(world, ref)
    if "sumsub" in world.config.services:
        await _verification(world, ref)
    return ref


async def change(work: Work, name: str, **fields: Any) -> None:
    """A new version of one section with these fields replaced."""
    now = work.settings(PRODUCT.slices[name])
    body = msgspec.to_builtins(now) | fields
    value = settings.parse(name, PRODUCT.slices[name], body)
    await settings.put(work, name, value, why="connected for the demo")


async def _trading(world: World, ref: TenantRef, wish: Wish) -> None:
    password = f"Mt5!{chance.token_hex(8)}"
    await groups.make(world, wish.slug)
    await world.lever(
        "trading",
        "/managers",
        {"login": wish.manager, "password": password, "groups": groups.mask(wish.slug)},
    )
    async with world.work(ref, purpose="demo.connect") as work:
        await credentials.put(work, "mt5.manager", password)
        servers = msgspec.to_builtins(work.settings(PRODUCT.slices["trading"]))["servers"]
        for server in servers:
            server["settings"] |= {"login": wish.manager}
            for rule in server["groups"]:
                rule["group"] = groups.own(wish.slug, rule["group"])
        await change(work, "trading", servers=servers)


async def _verification(world: World, ref: TenantRef) -> None:
    app, key, hook = token(18), token(24), token(24)
    async with world.work(ref, purpose="demo.connect") as work:
        path = kyc_hooks.path(work, "sumsub")
    await world.lever(
        "sumsub",
        "/_sandbox/merchants",
        {
            "app_token": app,
            "secret_key": key,
            "webhook_secret": hook,
            "webhook_url": world.config.url(ref.host, path),
            "client_id": ref.slug,
        },
    )
    async with world.work(ref, purpose="demo.connect") as work:
        await credentials.put(work, "sumsub.app_token", app)
        await credentials.put(work, "sumsub.secret_key", key)
        await credentials.put(work, "sumsub.webhook", hook)
        await change(
            work,
            "kyc",
            provider="sumsub",
            connections={"sumsub": {"base_url": "service:sumsub", "client": ref.slug}},
        )


async def _sources(world: World, ref: TenantRef) -> None:
    """A chain analyst. The router of coins does not tell its transfers, so the amount decides about those;
    the keeper of addresses does.
    """
    told: dict[str, Any] = {"alone": {"amount": "10000", "currency": "USD"}}
    key, secret = token(18), base64.b64encode(chance.token_bytes(24)).decode()
    there = "elliptic" in world.config.services
    if there:
        account = {"api_key": key, "api_secret": secret, "id": ref.slug, "name": ref.name}
        await world.lever("elliptic", "/_sandbox/merchants", account)
        told["analyst"] = {"connector": "elliptic", "settings": {"base_url": "service:elliptic"}}
    async with world.work(ref, purpose="demo.connect") as work:
        if there:
            await credentials.put(work, "elliptic.key", key)
            await credentials.put(work, "elliptic.secret", secret)
        await change(work, "payments", sources=told)


async def _payments(world: World, ref: TenantRef) -> None:
    """Merchants at both payment providers; their callbacks come to the tenant's own host."""
    card_key, card_hook = f"sk_demo_{token(18)}", f"whsec_{token(18)}"
    async with world.work(ref, purpose="demo.connect") as work:
        alpha, beta = callbacks.path(work, "alpha"), callbacks.path(work, "beta")
    await world.lever(
        "alpha",
        "/_sandbox/merchants",
        {
            "secret_key": card_key,
            "webhook_secret": card_hook,
            "webhook_url": world.config.url(ref.host, alpha),
            "name": ref.name,
        },
    )
    api_key, hash_key = token(24), token(24)
    await world.lever(
        "beta",
        "/_sandbox/merchants",
        {
            "api_key": api_key,
            "payment_response_hash_key": hash_key,
            "webhook_url": world.config.url(ref.host, beta),
            "name": ref.name,
        },
    )
    async with world.work(ref, purpose="demo.connect") as work:
        await credentials.put(work, "alpha.api_key", card_key)
        await credentials.put(work, "alpha.webhook", card_hook)
        await credentials.put(work, "beta.api_key", api_key)
        await credentials.put(work, "beta.webhook", hash_key)
        await change(work, "payments", psps=_priced(work))


def _priced(work: Work) -> list[dict[str, Any]]:
    """The providers with what each keeps of a payment and the most it is given."""
    unit = work.tenant.base_currency
    more: dict[str, dict[str, Any]] = {
        "alpha": {
            "costs": [{"percent": "1.4", "fixed": {"amount": "0.25", "currency": unit}}],
            "caps": [{"per": "day", "most": {"amount": "250000", "currency": unit}}],
        },
        "beta": {
            "costs": [{"method": ["crypto"], "percent": "0.8"}, {"percent": "1.9"}],
            "caps": [{"per": "month", "most": {"amount": "2000000", "currency": unit}}],
        },
    }
    known = msgspec.to_builtins(work.settings(PRODUCT.slices["payments"]))["psps"]
    return [psp | more.get(psp["code"], {}) for psp in known]
