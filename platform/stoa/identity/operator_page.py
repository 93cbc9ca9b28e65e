"""What the control plane's own pages share: who acts, their session, what their browser carries."""

from typing import Any

from litestar import Request

from stoa.identity import carried as carry_for
from stoa.identity.model import Operator, OperatorSession
from stoa.identity.side import CODES_LIFE_S, CONTROL, admit
from stoa.identity.signin import Entered
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import PlatformWork as Work
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]


def state(request: AnyRequest) -> State:
    state: State = request.app.state.stoa
    return state


async def oneself(request: AnyRequest, work: Work) -> tuple[Operator, OperatorSession]:
    """A token of an interface has no account page: NotFound."""
    operator = visit(request).operator
    if operator is None or work.actor.session is None:
        raise NotFound
    return operator, await work.get(OperatorSession, work.actor.session)


def renew(request: AnyRequest, work: Work, session: OperatorSession, bearer: str) -> None:
    left = int((session.ends_at - work.now).total_seconds())
    admit(request, CONTROL, Entered(bearer, session.stage, max(1, left)))


def carry(request: AnyRequest, name: str, session: OperatorSession, value: Any) -> None:
    """Something shown once, on its way to the page that shows it."""
    master, place = state(request).door.master, f"cookie.{name}|{session.id}"
    carry_for.put(request, name, value, lambda raw: master.seal(place, raw), life_s=CODES_LIFE_S)


def carried(request: AnyRequest, name: str, session: OperatorSession, kind: Any) -> Any:
    master, place = state(request).door.master, f"cookie.{name}|{session.id}"
    return carry_for.read(request, name, kind, lambda raw: master.unseal(place, raw))
