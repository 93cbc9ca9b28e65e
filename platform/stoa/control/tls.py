"""May the proxy get a certificate for a name: asked over the inner network, before a handshake."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from sqlalchemy import select

from stoa.kernel.config import Network
from stoa.kernel.refusals import NotFound
from stoa.tenancy.model import Host, Tenant, TenantState
from stoa.tenancy.work import PlatformWork
from stoa.web import access
from stoa.web.front import normal_host
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_SERVED = (TenantState.ACTIVE, TenantState.SUSPENDED)


@get(
    "/tls-ask",
    access=access.public("the proxy asks before a handshake; only it and loopback are answered"),
)
async def ask(request: AnyRequest, work: NamedDependency[PlatformWork]) -> dict[str, str]:
    """200 for a verified host of a tenant that is served and for the control host, else 404.

    Without this check anybody could point names at the proxy and use up the certificate limits.
    """
    state: State = request.app.state.stoa
    if not beside(visit(request).ip, state.config.trusted_proxies):
        raise NotFound
    name = normal_host([request.query_params.get("domain", "").encode("latin-1", "replace")])
    if name is None:
        raise NotFound
    if name != state.config.control_host and not await served(work, name):
        raise NotFound
    return {"domain": name}


async def served(work: PlatformWork, name: str) -> bool:
    """Whether this exact name is proven and leads to a tenant that answers."""
    found = await work.first(
        select(Host.name)
        .join(Tenant, Tenant.id == Host.tenant)
        .where(Host.name == name, Host.verified_at.is_not(None), Tenant.state.in_(_SERVED))
    )
    return found is not None


def beside(ip: str, trusted: Iterable[Network]) -> bool:
    """A peer on this machine or in a network whose proxies are believed.

    A visitor who comes through the proxy is seen under an address of their own, not the proxy's.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in trusted)
