"""Hot wallets at the desk: what lies at each provider of coins, and what went to cold storage."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.payments.hot import watching
from brokerage.recon import sweeping
from brokerage.recon.model import BankAccount
from brokerage.recon.permissions import Recon
from stoa.kernel import money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
PATH = "/desk/recon/hot"


class Moved(msgspec.Struct):
    """A transfer that a person made."""

    wallet: Annotated[str, Meta(max_length=48)]
    account: UUID
    amount: Annotated[str, Meta(max_length=40)]
    reference: Annotated[str, Meta(max_length=120)]
    note: Annotated[str, Meta(max_length=400)]
    way: Annotated[str, Meta(max_length=4)] = "out"


@get(PATH, access=access.desk(Recon.VIEW))
async def hot_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    stands = await watching.stands(work)
    coins = {one.hot.currency for one in stands}
    cold = await work.rows(
        select(BankAccount)
        .where(
            BankAccount.state == "open",
            BankAccount.currency.in_(coins),
            BankAccount.psp.is_(None),
        )
        .order_by(BankAccount.code)
    )
    return page(
        request,
        work,
        "desk/recon/hot.html",
        audience="desk",
        stands=stands,
        cold=cold,
        may=work.actor.may(Recon.MATCH),
    )


@post(PATH, access=access.desk(Recon.MATCH, step_up=True))
async def hot_moved(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Moved)
    psp, _, currency = form.wallet.partition("|")
    await sweeping.moved(
        work,
        psp,
        form.account,
        money.parse(form.amount, currency),
        reference=form.reference,
        note=form.note,
        back=form.way == "back",
    )
    return go(request, PATH, notice=N_("Written into the books."))


@post(PATH + "/ask", access=access.desk(Recon.VIEW, own_transaction=True))
async def hot_ask(request: AnyRequest) -> Response[Any]:
    """Ask the providers now instead of waiting for the next round."""
    _, open_work = await entered(request)
    async with open_work() as work:
        codes = list(dict.fromkeys(one.psp.code for one in await watching.stands(work)))
    told = [await watching.ask(open_work, code) for code in codes]
    notice = (
        N_("The provider was asked.")
        if all(told)
        else N_("Not every provider told. Its last word is shown.")
    )
    return go(request, PATH, notice=notice)


WEB = [hot_page, hot_moved, hot_ask]
