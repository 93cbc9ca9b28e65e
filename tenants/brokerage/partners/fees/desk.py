"""Fees that partners earn from, at the desk: the list, one with its rewards, telling one or a file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as client_queries
from brokerage.partners.fees import booking, sheets
from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.model import Partner, Reward
from brokerage.partners.permissions import Partners
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/fees"
learn(
    {
        "fee counted": Status(N_("Counted"), Tone.DONE),
        "fee waiting": Status(N_("Waits to be counted"), Tone.MOVING),
        "fee undone": Status(N_("Given back"), Tone.STOPPED),
    }
)


class New(msgspec.Struct):
    """`login` is the number of a trading account: whose it is pays the fee."""

    kind: Annotated[str, Meta(max_length=12)]
    reference: Annotated[str, Meta(min_length=1, max_length=80)]
    login: int
    amount: Decimal
    currency: Annotated[str, Meta(max_length=8)]
    at: datetime | None = None


class Upload(msgspec.Struct):
    file: Any = None


class Why(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=200)] = ""


def _state(row: Any) -> str:
    if row.undone_at is not None:
        return "undone"
    return "waiting" if row.fx is None else "counted"


def _query(work: Any) -> Any:
    return select(
        PartnerFee.id,
        PartnerFee.kind,
        PartnerFee.reference,
        PartnerFee.client,
        PartnerFee.amount,
        PartnerFee.currency,
        PartnerFee.at,
        PartnerFee.fx,
        PartnerFee.undone_at,
    ).where(client_queries.within(work, PartnerFee.client))


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await client_queries.names(work, [row.client for row in rows])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"{HERE}/{row.id}",
            cells=(
                row.at,
                tables.Coded(f"fee {row.kind}", row.kind),
                row.reference,
                names.get(row.client, ""),
                Money(row.amount, row.currency),
                tables.Coded(f"fee {_state(row)}", _state(row)),
            ),
        )
        for row in rows
    ]


FEES: Final = tables.Table(
    name="partner-fees",
    title=N_("Fees that earn"),
    columns=(
        tables.Column("at", N_("When"), "when", sort=PartnerFee.at, fixed=True),
        tables.Column("kind", N_("Kind"), "word", coded=True),
        tables.Column("reference", N_("Reference"), "code"),
        tables.Column("client", N_("Client"), "strong"),
        tables.Column("amount", N_("Amount"), "money"),
        tables.Column("state", N_("State"), "status", coded=True),
    ),
    query=_query,
    view=_view,
    id=PartnerFee.id,
    order="at",
    filters=(*tables.dates("at", N_("From"), N_("To"), PartnerFee.at),),
    export_permission=Partners.VIEW,
    empty_title=N_("No fees yet"),
    empty_text=N_(
        "Challenges, managed accounts and copied strategies tell us of theirs here or by API."
    ),
)


@get(HERE, access=access.desk(Partners.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        FEES,
        template="desk/partners/fees.html",
        kinds=list(booking.KINDS.items()),
        columns=", ".join(sheets.COLUMNS),
        may_tell=work.actor.may(Partners.FEES),
    )


@get(HERE + "/{fee:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], fee: FromPath[UUID]
) -> Response[str]:
    row = await work.get(PartnerFee, fee)
    await client_queries.seen(work, row.client)
    rewards = await work.table(
        select(
            Reward.id, Reward.depth, Reward.rate, Reward.below, Reward.amount, Reward.currency,
            Reward.turn, Reward.cause, Reward.excluded, Partner.code,
        )
        .join(Partner, Partner.id == Reward.partner)
        .where(Reward.deal == row.number, Reward.server == row.kind)
        .order_by(Reward.turn, Reward.depth)
        .limit(200)
    )  # fmt: skip
    names = await client_queries.names(work, [row.client])
    return page(
        request,
        work,
        "desk/partners/fee.html",
        audience="desk",
        row=row,
        state=_state(row),
        label=booking.KINDS[row.kind],
        name=names.get(row.client, ""),
        amount=Money(row.amount, row.currency),
        rewards=rewards,
        may_tell=work.actor.may(Partners.FEES),
    )


@post(HERE, access=access.desk(Partners.FEES))
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, New)
    held = await work.table(
        select(TradingAccount.id, TradingAccount.client)
        .where(TradingAccount.login == form.login, TradingAccount.kind == "live")
        .limit(2)
    )
    if len(held) != 1:
        raise Invalid("This number is of no live account, or of several.", field="login")
    at = form.at or work.now
    fact = booking.Fact(
        kind=form.kind,
        reference=form.reference,
        client=held[0].client,
        amount=form.amount,
        currency=form.currency.upper(),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        account=held[0].id,
    )
    rows, fresh = await booking.tell(work, [fact])
    said = N_("Kept and counted.") if fresh else N_("It was told before: nothing was added.")
    return go(request, f"{HERE}/{rows[0].id}", notice=said)


@post(f"{HERE}/file", access=access.desk(Partners.FEES))
async def upload(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Upload)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file first.", field="file")
    facts = await sheets.read(work, await form.file.read())
    _, fresh = await booking.tell(work, facts)
    said = N_("Kept and counted.") if fresh else N_("It was told before: nothing was added.")
    return go(request, HERE, notice=said)


@post(HERE + "/{fee:uuid}/undo", access=access.desk(Partners.FEES))
async def undo(
    request: AnyRequest, work: NamedDependency[Work], fee: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await booking.undo(work, fee, why=form.reason)
    return go(request, f"{HERE}/{fee}", notice=N_("Given back: what it earned is taken back."))


WEB = [listed, one, add, upload, undo]
