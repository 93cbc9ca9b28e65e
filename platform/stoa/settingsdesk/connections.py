"""The ways to the outside: where each calls back, and its secrets, written and never shown again."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from stoa.kernel.refusals import Invalid, NotFound
from stoa.product import Connection
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials
from stoa.web import access
from stoa.web.pages import go, page
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/desk/settings/connections"
FIELDS: Final = {
    "api_key": N_("API key"),
    "webhook_secret": N_("Secret of its callbacks"),
    "app_token": N_("App token"),
    "secret_key": N_("Secret key"),
    "password": N_("Password"),
}


def _all(request: AnyRequest, work: Work) -> list[Connection]:
    state: State = request.app.state.stoa
    return [
        one
        for module in state.product.modules
        if module.connections is not None
        for one in module.connections(work)
    ]


@get(HERE, access=access.desk(Settings.VIEW))
async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What is connected, whether its secrets are there, and where it is to call back."""
    found = _all(request, work)
    known = await credentials.known(work, {name for one in found for _, name in one.secrets})
    state: State = request.app.state.stoa
    host = visit(request).host
    return page(
        request,
        work,
        "desk/settings/connections.html",
        audience="desk",
        connections=[
            {
                "one": one,
                "hook": state.config.url(host, one.hook) if one.hook else "",
                "secrets": [
                    {
                        "name": name,
                        "label": FIELDS.get(field, field.replace("_", " ").capitalize()),
                        "known": known.get(name),
                    }
                    for field, name in one.secrets
                ],
                "missing": [name for _, name in one.secrets if name not in known],
            }
            for one in found
        ],
        may_edit=work.actor.may(Settings.SECRETS),
    )


@post(HERE, access=access.desk(Settings.SECRETS, step_up=True))
async def keep(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """New secrets, each under its name; the ones left empty stay what they are."""
    work.require(Settings.SECRETS)
    wanted = {name for one in _all(request, work) for _, name in one.secrets}
    form = await request.form()
    sent = {
        str(name): value.strip()
        for name, value in form.items()
        if not str(name).startswith("_") and isinstance(value, str) and value.strip()
    }
    if not sent:
        raise Invalid("Nothing was entered. Nothing was changed.")
    if not sent.keys() <= wanted:
        raise NotFound
    for name, value in sorted(sent.items()):
        await credentials.put(work, name, value)
    return go(request, HERE, notice=N_("Kept. The next call uses it."))
