"""The token endpoint: client credentials for an hour's access."""

from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.api import guard
from brokerage.api.settings import ApiSettings
from stoa.identity import oauth
from stoa.kernel.refusals import Unauthenticated
from stoa.tenancy.work import Work
from stoa.web import access, limits
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

PATH: Final = "/api/oauth/token"
_FORM: Final = "application/x-www-form-urlencoded"


@post(
    PATH,
    access=access.callback("the key's own id and secret prove it"),
    exception_handlers={Exception: guard.refused},
    status_code=200,
)
async def issue(request: AnyRequest, work: NamedDependency[Work]) -> Response[bytes]:
    """RFC 6749, section 4.4: a form with `grant_type=client_credentials` and perhaps a `scope`."""
    seen = visit(request)
    most = work.settings(ApiSettings).tokens_per_minute
    redis = request.app.state.stoa.redis
    await limits.spend(redis, work.tenant.id, f"token:{seen.ip}", most=most, per_s=60)
    if request.content_type[0] != _FORM:
        return _answer(*oauth.incomplete("Send a form: application/x-www-form-urlencoded."))
    form = await request.form()
    fields = {name: str(form.getall(name)[0]) for name in form}
    if any(len(form.getall(name)) > 1 for name in form):
        return _answer(*oauth.incomplete("Each field of the form is given once."))
    headers = {"Authorization": request.headers.get("authorization", "")}
    asked = oauth.Asked(seen.host, fields, headers if headers["Authorization"] else {})
    status, body = await oauth.issue(work, asked, seen.ip)
    return _answer(status, body)


def _answer(status: int, body: dict[str, Any]) -> Response[bytes]:
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    if status == Unauthenticated.status:
        headers["www-authenticate"] = 'Basic realm="api"'
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )
