"""Cases of what is lacking: it is refused cleanly, and the connection test tells the truth."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.stage import NAME, Stage, Unchecked
from brokerage.trading.connector import (
    Access,
    DealCursor,
    MoneyKind,
    NewAccount,
    Profile,
    Verb,
    Which,
    mark,
)
from stoa.connectors.checks import Check
from stoa.connectors.outcomes import Refused
from stoa.kernel.refusals import Refusal

_READING: Final = frozenset({Verb.GET_ACCOUNT, Verb.GET_POSITIONS, Verb.GET_DEALS, Verb.LISTS})


@case("connection", "The connection test says that all is well")
async def connection(stage: Stage) -> None:
    checks: list[Check] = await stage.recorder.ask("test_connection")
    stage.check(checks, "It tested nothing.")
    for one in checks:
        stage.check(one.fine, f"{one.what}: {one.text}")


@case("lacking", "What the adapter lacks it refuses, without a trace at the server")
async def lacking(stage: Stage) -> None:
    missing = [verb for verb in Verb if not stage.offers(verb)]
    for verb in missing:
        for name, given in _asked(stage, verb):
            await _refused(stage, verb, name, given)
    if Verb.SUBSCRIBE in missing:
        stage.check(not stage.can.push, "It lacks the stream and says that it pushes.")
        told = [news async for news in stage.recorder.stream()]
        stage.check(not told, "It lacks the stream and told something.")


@case("truthful", "What the adapter declares agrees with itself")
async def truthful(stage: Stage) -> None:
    can = stage.can
    stage.check(can.push == stage.offers(Verb.SUBSCRIBE), "Push and the verb disagree.")
    stage.check(bool(can.money) == stage.offers(Verb.BALANCE_OP), "Money and the verb disagree.")
    stage.check(bool(can.access) == stage.offers(Verb.SET_ACCESS), "Access and the verb disagree.")
    stage.check(
        not can.money or can.comment_length >= len(mark("D", uuid4())),
        "Our mark does not fit the comment.",
    )
    stage.check(stage.recorder.connector.identity, "It does not say whose account it is.")


@case("no-such-deal", "An operation never sent is not found", Verb.BALANCE_OP)
async def never_sent(stage: Stage) -> None:
    login = await stage.account()
    found = await stage.find(login, mark("D", uuid4()))
    stage.check(found is None, f"It was found: {found}.")


@case("nonsense-amounts", "Amounts that are none are never sent", Verb.BALANCE_OP, Verb.GET_ACCOUNT)
async def nonsense(stage: Stage) -> None:
    login = await stage.account()
    before = await stage.read(login)
    for amount in (Decimal(0), Decimal(-5), Decimal("NaN"), Decimal("Infinity")):
        sign = mark("D", uuid4())
        try:
            outcome = await stage.recorder.ask("balance_op", login, MoneyKind.DEPOSIT, amount, sign)
        except ValueError:
            continue
        stage.refused(outcome, f"A deposit of {amount}")
    after = await stage.read(login)
    stage.check(after.balance == before.balance, "The balance changed.")


async def _refused(stage: Stage, verb: Verb, name: str, given: tuple[Any, ...]) -> None:
    try:
        answer = await stage.recorder.ask(name, *given)
    except Refusal:
        stage.check(
            verb in _READING or name.startswith("find"),
            f"{name} changes something: it has to answer with an outcome and raised.",
        )
        return
    fine = isinstance(answer, Refused) or (name.startswith("find") and answer is None)
    stage.check(fine, f"{name} is declared as lacking and answered {answer}.")


def _asked(stage: Stage, verb: Verb) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """The calls of a verb, for an account that may be there."""
    login = next(iter(stage.made), stage.plan.login or stage.plan.unknown_login)
    since = datetime.now(UTC)
    new = NewAccount(
        external_id=mark("A", uuid4()),
        group=stage.plan.group,
        leverage=stage.plan.leverages[0],
        profile=Profile(name=NAME),
        password=stage.plan.password,
        investor_password=stage.plan.investor_password,
        currency=stage.plan.currency,
    )
    calls: dict[Verb, tuple[tuple[str, tuple[Any, ...]], ...]] = {
        Verb.CREATE_ACCOUNT: (("create_account", (new,)),),
        Verb.UPDATE_PROFILE: (("update_profile", (login, Profile(name=NAME))),),
        Verb.SET_GROUP: (("set_group", (login, stage.plan.group)),),
        Verb.SET_LEVERAGE: (("set_leverage", (login, stage.plan.leverages[0])),),
        Verb.SET_ACCESS: (("set_access", (login, Access.FULL)),),
        Verb.RESET_PASSWORD: (("reset_password", (login, stage.plan.password, Which.MAIN)),),
        Verb.BALANCE_OP: (
            ("balance_op", (login, MoneyKind.DEPOSIT, Decimal(1), mark("D", uuid4()))),
            ("find_balance_op", (login, mark("D", uuid4()), since)),
        ),
        Verb.GET_ACCOUNT: (("get_account", (login,)),),
        Verb.GET_POSITIONS: (("get_positions", (login,)),),
        Verb.GET_DEALS: (("get_deals", ([login], DealCursor.start())),),
        Verb.LISTS: (("list_groups", ()), ("list_symbols", ())),
    }
    return calls.get(verb, ())


@case("watched-lots", "The trades that are there count their lots once", Verb.GET_DEALS)
async def watched(stage: Stage) -> None:
    """Of an account somebody really trades on: read, not touched."""
    from brokerage.trading.conformance.lots import closed, opened

    if not stage.plan.watched:
        raise Unchecked("No account to look at was given.")
    deals = [deal for deal in await stage.deals(stage.plan.watched) if deal.kind.trade]
    if not deals:
        raise Unchecked("Nobody has traded on that account.")
    stage.check(
        closed(deals) <= opened(deals),
        f"Of {opened(deals)} lots opened {closed(deals)} were closed.",
    )


ALL = (connection, truthful, lacking, never_sent, nonsense, watched)
