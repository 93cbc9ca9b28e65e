"""The sides one signs in at: a tenant's trader room and desk, and the operator's control plane."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from litestar import Request
from litestar.response import Response

from stoa.identity import carried, factors, people
from stoa.identity.model import Person, Session
from stoa.identity.signin import Caller, Entered
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.web import cookies, errors
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

CODES: Final = "codes"
CODES_LIFE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Side:
    """Where its pages lie. `me` is the page of one's own sign-in."""

    audience: Literal["desk", "room", "control"]
    kind: Literal["staff", "client", "operator"]
    prefix: str
    home: str
    me: str

    def path(self, rest: str) -> str:
        return f"{self.prefix}{rest}"


ROOM: Final = Side("room", "client", "", "/", "/profile/security")
DESK: Final = Side("desk", "staff", "/desk", "/desk", "/desk/me")
CONTROL: Final = Side("control", "operator", "", "/", "/me")


def caller(request: AnyRequest, side: Side) -> Caller:
    state = request.app.state.stoa
    return Caller(
        ip=visit(request).ip,
        agent=request.headers.get("user-agent"),
        bearer=request.cookies.get(state.cookie(side.audience)),
    )


def admit(request: AnyRequest, side: Side, entered: Entered) -> None:
    """Give the browser its cookie."""
    state, seen = request.app.state.stoa, visit(request)
    cookies.sign_in(
        seen, side.audience, entered.bearer, secure=state.secure, max_age_s=entered.life_s
    )


def renew(request: AnyRequest, side: Side, work: Work, session: Session, bearer: str) -> None:
    """The same session goes on under a new bearer."""
    left = int((session.ends_at - work.now).total_seconds())
    admit(request, side, Entered(bearer, session.stage, max(1, left)))


async def oneself(request: AnyRequest, work: Work) -> tuple[Person, Session]:
    """Who acts on their own sign-in. Support inside a tenant is nobody here: NotFound."""
    person = visit(request).person
    if person is None or work.actor.session is None or work.actor.read_only:
        raise NotFound
    return person, await work.get(Session, work.actor.session)


def refused(request: AnyRequest, refusal: Refusal) -> Response[Any]:
    """Answer a refusal and keep the transaction: what was counted stays counted."""
    return errors.refused(request, refusal)


def show_codes(request: AnyRequest, work: Work, session: Session, codes: list[str]) -> None:
    """Recovery codes ride in the browser to the one page that shows them."""
    carried.put(
        request,
        CODES,
        codes,
        lambda raw: work.keys.seal("cookie.codes", session.id, raw),
        life_s=CODES_LIFE_S,
    )


def shown_codes(request: AnyRequest, work: Work, session: Session) -> list[str] | None:
    return carried.read(
        request, CODES, list[str], lambda raw: work.keys.unseal("cookie.codes", session.id, raw)
    )


def offer(work: Work, person: Person, session: Session) -> dict[str, Any]:
    """What an enrolment page shows."""
    return factors.offer(
        factors.keeper(work, person.id),
        person,
        session.id,
        issuer=work.settings(Brand).name,
        account=people.email_of(work, person),
    )
