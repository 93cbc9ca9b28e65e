"""What a handler declares about who may call it. A handler without it stops the start."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

Audience = Literal["desk", "room", "control", "api", "callback", "public"]


@dataclass(frozen=True, slots=True)
class Access:
    """Who: the audience and the permission. `why` is owed where no permission is asked.

    `stage` is the least a session must have reached: `password` serves the second-factor pages.
    `while_suspended` serves even when the tenant is suspended. `own_transaction` handlers open
    their work themselves (uploads, live streams). `step_up` wants a recent second factor.
    """

    audience: Audience
    permission: str | None = None
    why: str = ""
    stage: str = "full"
    while_suspended: bool = False
    own_transaction: bool = False
    step_up: bool = False

    def __post_init__(self) -> None:
        if self.permission is None and not self.why:
            raise ValueError("access without a permission owes a reason")


def desk(permission: str, **more: Any) -> Access:
    """A page or action of a tenant's staff."""
    return Access("desk", str(permission), **more)


def room(permission: str, **more: Any) -> Access:
    """A page or action of a client, over their own things (`...:own`)."""
    return Access("room", str(permission), **more)


def control(permission: str, **more: Any) -> Access:
    """A page or action of the operator's people, on the control host only."""
    return Access("control", str(permission), **more)


def api(permission: str, **more: Any) -> Access:
    """A call of a tenant's own systems with an access token of that scope."""
    return Access("api", str(permission), **more)


def callback(why: str, **more: Any) -> Access:
    """A provider's call: proven by its signature over the raw bytes, not by a session."""
    return Access("callback", None, why, **more)


def public(why: str, **more: Any) -> Access:
    """Anyone at this host; says why that is right."""
    return Access("public", None, why, **more)


def signed_in(audience: Audience, why: str, **more: Any) -> Access:
    """Anyone with a session of this audience, whatever their permissions."""
    return Access(audience, None, why, **more)


_OPEN = frozenset({"public", "callback"})


class UndeclaredAccess(RuntimeError):
    """A handler does not say who may call it; the application does not start."""


def verify(routes: Iterable[Any], known: Iterable[str], *, ignore: Iterable[str] = ()) -> None:
    """Every HTTP handler has declared its access, with a permission that exists."""
    permissions = set(known)
    faults: list[str] = []
    for handler, path in handlers(routes):
        declared = handler.opt.get("access")
        if path in ignore:
            continue
        if not isinstance(declared, Access):
            faults.append(f"{path}: {handler.handler_name} declares no access")
        elif declared.permission is not None and declared.permission not in permissions:
            faults.append(f"{path}: unknown permission {declared.permission}")
        elif _checks_nobody(handler, declared):
            faults.append(f"{path}: {handler.handler_name} opens no work, so checks nobody")
    if faults:
        raise UndeclaredAccess("; ".join(faults))


def _checks_nobody(handler: HTTPRouteHandler, declared: Access) -> bool:
    """The unit of work is where session and permission are checked: without it, nobody is."""
    if declared.audience in _OPEN or declared.own_transaction:
        return False
    return "work" not in inspect.signature(handler.fn).parameters


def handlers(routes: Iterable[Any]) -> list[tuple[HTTPRouteHandler, str]]:
    found: list[tuple[HTTPRouteHandler, str]] = []
    for route in routes:
        if isinstance(route, HTTPRoute):
            found += [(handler, route.path) for handler in route.route_handlers]
    return [(h, p) for h, p in found if h.http_methods != {"OPTIONS"}]
