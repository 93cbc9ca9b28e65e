"""What one request knows: its tenant, its reader, its tokens. Lives in the request's scope."""

from dataclasses import dataclass, field
from typing import Any

from litestar import Request

from stoa.identity.model import Operator, Person
from stoa.kernel.ids import token
from stoa.tenancy.registry import TenantRef

AnyRequest = Request[Any, Any, Any]


@dataclass(slots=True)
class Visit:
    """Made by the front for every request, completed when the session is known."""

    host: str
    request_id: str
    ip: str
    tenant: TenantRef | None = None
    nonce: str = field(default_factory=lambda: token(16))
    bearer: str | None = None
    visitor: str | None = None
    csrf: str = ""
    person: Person | None = None
    person_name: str = ""
    operator: Operator | None = None
    support: str | None = None
    support_until: Any = None
    actor: Any = None
    locale: str = "en"
    unread: int = 0
    set_cookies: list[tuple[str, str, int]] = field(default_factory=list)
    csp_frames: bool = False


def visit(request: AnyRequest) -> Visit:
    found: Visit = request.scope["state"]["visit"]
    return found


def wants_html(request: AnyRequest) -> bool:
    """A person's browser asked for a page, not a script or another system for data."""
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "application/problem+json" not in accept


def is_page(request: AnyRequest) -> bool:
    """A whole page is drawn, with the frame around it."""
    return wants_html(request) and request.headers.get("hx-request") != "true"


def is_fragment(request: AnyRequest) -> bool:
    """Htmx asks for a part of a page, unless it restores history."""
    return request.headers.get("hx-request") == "true" and (
        request.headers.get("hx-history-restore-request") != "true"
    )
