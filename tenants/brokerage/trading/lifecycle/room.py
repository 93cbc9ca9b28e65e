"""What a client wants of an account: asked for, seen in its state, taken back."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.kyc import standing
from brokerage.trading import queries, terms
from brokerage.trading.connector import Which
from brokerage.trading.lifecycle import asking, deciding, shown
from brokerage.trading.lifecycle.model import AccountRequest, RequestState
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
NOTED: Final = {
    RequestState.ASKED: N_("We look at it and decide. You see the answer here."),
    RequestState.APPROVED: N_("On its way to the trading server."),
    RequestState.REFUSED: N_("This was refused. The reason is below; nothing was changed."),
}


class Leverage(msgspec.Struct):
    leverage: int


class Product(msgspec.Struct):
    product: str


class Password(msgspec.Struct):
    which: Which = Which.MAIN


class Nothing(msgspec.Struct):
    pass


async def mine(work: Work, account: UUID) -> TradingAccount:
    row = await work.get(TradingAccount, account)
    if row.client != work.actor.id:
        raise NotFound
    return row


@get("/accounts/{account:uuid}/change", access=access.room(Trading.OWN))
async def change(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[str]:
    """What can be wanted of one account, and what was."""
    row = await mine(work, account)
    settings = work.settings(TradingSettings)
    limits = await standing.limits(work, row.client)
    product = settings.product(row.product)
    cap = terms.cap_for(limits, product) if row.kind == "live" else None
    rule = settings.rule_of(row.server, row.server_group)
    return page(
        request,
        work,
        "room/trading/change.html",
        audience="room",
        account=queries.card(work, row),
        asked=settings.requests,
        swap_free=settings.swap_free,
        eligible=settings.swap_free.decides != "off"
        and rule is not None
        and rule.swap_free is not None
        and settings.swap_free.when.fits(
            country=limits.country, pack=limits.pack.code, product=row.product
        ),
        without_swaps=row.swap_free_since is not None,
        until=row.swap_free_until,
        asleep="dormant" in (row.limits or {}),
        leverages=sorted(product.leverages, reverse=True) if product else [],
        cap=cap.leverage if cap else None,
        classes=_classes(limits, row) if row.kind == "live" else [],
        products=[
            one
            for one in settings.offered(limits.pack.code)
            if one.kind == row.kind
            and one.server == row.server
            and one.availability != "hidden"
            and one.code != row.product
            and row.currency in one.currencies
        ],
        lines=await shown.of_account(work, row.id, 30),
    )


def _classes(limits: standing.Limits, row: TradingAccount) -> list[tuple[str, int]]:
    """The leverage that each class of symbols has on this account: the lower of the two."""
    return [(group, min(cap, row.leverage)) for group, cap in limits.pack.leverage_cap.items()]


def answered(request: AnyRequest, row: AccountRequest) -> Response[Any]:
    """Back to the account, with what comes next."""
    notice = NOTED.get(RequestState(row.state))
    return go(request, f"/accounts/{row.account}/change", notice=notice)


@post("/accounts/{account:uuid}/leverage", access=access.room(Trading.OWN))
async def leverage(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Leverage)
    return answered(request, await asking.leverage(work, account, form.leverage))


@post("/accounts/{account:uuid}/product", access=access.room(Trading.OWN))
async def product(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Product)
    return answered(request, await asking.product(work, account, form.product))


@post("/accounts/{account:uuid}/new-password", access=access.room(Trading.OWN))
async def password(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Password)
    return answered(request, await asking.password(work, account, form.which))


@post("/accounts/{account:uuid}/archive", access=access.room(Trading.OWN))
async def archive(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    await forms.read(request, Nothing)
    return answered(request, await asking.archive(work, account))


@post("/accounts/{account:uuid}/restore", access=access.room(Trading.OWN))
async def restore(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    await forms.read(request, Nothing)
    return answered(request, await asking.restore(work, account))


@post("/account-requests/{row:uuid}/cancel", access=access.room(Trading.OWN))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[Any]:
    done = await deciding.cancel(work, row)
    return go(request, f"/accounts/{done.account}/change", notice=N_("Taken back."))


@post("/account-requests/{row:uuid}/password", access=access.room(Trading.OWN))
async def reveal(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[str]:
    """Shows a new password once; the answer is a dialog's content."""
    wanted = await work.lock(AccountRequest, row)
    work.require(Trading.OWN)
    work.actor.own(wanted.client)
    if wanted.state != RequestState.DONE or wanted.secret_sealed is None:
        raise Conflict("The password was shown already. Ask for a new one if you lost it.")
    said = work.unseal(wanted.id, asking.SECRET, wanted.secret_sealed)
    wanted.secret_sealed = None
    account = await mine(work, wanted.account)
    return page(
        request,
        work,
        "room/trading/password.html",
        audience="room",
        password=said,
        login=account.login,
        account=account.id,
    )


ALL = [change, leverage, product, password, archive, restore, cancel, reveal]
