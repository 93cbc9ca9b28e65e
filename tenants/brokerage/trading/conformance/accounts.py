"""Cases of accounts: made, found again, changed and read back, and those that are not there."""

from decimal import Decimal
from uuid import uuid4

from brokerage.trading.conformance.cases import case
from brokerage.trading.conformance.stage import NAME, Stage, Unchecked
from brokerage.trading.connector import Access, DealCursor, MoneyKind, Profile, Verb, Which, mark
from stoa.connectors.outcomes import Confirmed, Outcome, Refused
from stoa.kernel.refusals import NotFound


@case(
    "account-made",
    "An account is made and read back as it was asked for",
    Verb.CREATE_ACCOUNT,
    Verb.GET_ACCOUNT,
)
async def made(stage: Stage) -> None:
    login = await stage.account()
    account = await stage.read(login)
    stage.check(account.login == login, "The account read is another one.")
    stage.check(account.group == stage.plan.group, f"It is in group {account.group}.")
    stage.check(account.currency, "Its currency is not told.")
    stage.check(account.name in {NAME, ""}, f"Its name is read as {account.name!r}.")
    stage.check(account.access is Access.FULL, f"Its access is {account.access}.")
    stage.check(
        account.external_id in {stage.external[login], ""},
        f"Our id for it is read as {account.external_id!r}.",
    )
    if stage.offers(Verb.SET_LEVERAGE):
        stage.check(
            account.leverage == stage.plan.leverages[0], f"Its leverage is {account.leverage}."
        )


@case("account-found", "An account is found again by our id, and a strange id finds none",
      Verb.CREATE_ACCOUNT)  # fmt: skip
async def found_again(stage: Stage) -> None:
    login = await stage.account()
    group = stage.plan.group
    found = await stage.recorder.ask("find_account", stage.external[login], group)
    stage.check(found == login, f"Our id finds {found} and not {login}.")
    found = await stage.recorder.ask("find_account", mark("A", uuid4()), group)
    stage.check(found is None, f"An id never used finds {found}.")


@case("profile", "A profile is changed and read back", Verb.UPDATE_PROFILE, Verb.GET_ACCOUNT)
async def profile(stage: Stage) -> None:
    login = await stage.account()
    before = await stage.read(login)
    done(stage, await stage.recorder.ask("update_profile", login, Profile(name="Eve Müller")))
    after = await stage.read(login)
    stage.check(after.name == "Eve Müller", f"The name is read as {after.name!r}.")
    stage.check(
        (after.group, after.leverage, after.access, after.balance, after.external_id)
        == (before.group, before.leverage, before.access, before.balance, before.external_id),
        "Changing the profile changed something else.",
    )
    done(stage, await stage.recorder.ask("update_profile", login, Profile(name=NAME)))


@case("group", "A group is changed and changed back, and one that is not there is refused",
      Verb.SET_GROUP, Verb.GET_ACCOUNT)  # fmt: skip
async def group(stage: Stage) -> None:
    login = await stage.account()
    home = (await stage.read(login)).group
    stage.refused(await stage.recorder.ask("set_group", login, "no-such-group-9f3"), "The group")
    stage.check((await stage.read(login)).group == home, "A refused group was set.")
    if not stage.plan.other_group:
        raise Unchecked("No second group of the same currency was given.")
    for wanted in (stage.plan.other_group, home):
        done(stage, await stage.recorder.ask("set_group", login, wanted))
        now = (await stage.read(login)).group
        stage.check(now == wanted, f"The group is read as {now}.")


@case("leverage", "A leverage is set and read back", Verb.SET_LEVERAGE, Verb.GET_ACCOUNT)
async def leverage(stage: Stage) -> None:
    login = await stage.account()
    for wanted in reversed(stage.plan.leverages):
        done(stage, await stage.recorder.ask("set_leverage", login, wanted))
        now = (await stage.read(login)).leverage
        stage.check(now == wanted, f"1:{wanted} is read as 1:{now}.")


@case("access", "Each right declared is set and read back; each that is not is refused",
      Verb.SET_ACCESS, Verb.GET_ACCOUNT)  # fmt: skip
async def access(stage: Stage) -> None:
    login = await stage.account()
    for wanted in (one for one in Access if one not in stage.can.access):
        before = (await stage.read(login)).access
        stage.refused(await stage.recorder.ask("set_access", login, wanted), f"Access {wanted}")
        stage.check((await stage.read(login)).access is before, "A refused right was set.")
    # Full comes last, so that the account can be used afterwards.
    for wanted in sorted(stage.can.access, key=lambda one: one is Access.FULL):
        done(stage, await stage.recorder.ask("set_access", login, wanted))
        now = (await stage.read(login)).access
        stage.check(now is wanted, f"{wanted} is read as {now}.")


@case("password", "A password is set", Verb.RESET_PASSWORD)
async def password(stage: Stage) -> None:
    login = await stage.account()
    done(
        stage,
        await stage.recorder.ask("reset_password", login, "Conform-Next-8c", Which.MAIN),
        "The main password",
    )
    other = await stage.recorder.ask("reset_password", login, "Conform-Look-8d", Which.INVESTOR)
    stage.check(isinstance(other, Confirmed | Refused), f"The investor's was answered {other}.")


@case("unknown-login-read", "A login that is not there is told as that", Verb.GET_ACCOUNT)
async def unknown_read(stage: Stage) -> None:
    try:
        found = await stage.read(stage.plan.unknown_login)
    except NotFound:
        return
    stage.check(holds=False, sentence=f"It was answered {found}.")


@case("unknown-login-money", "Money for a login that is not there is refused", Verb.BALANCE_OP)
async def unknown_money(stage: Stage) -> None:
    outcome, _ = await stage.try_move(stage.plan.unknown_login, MoneyKind.DEPOSIT, Decimal(1))
    stage.refused(outcome, "Money for a login that is not there")


@case("unknown-login-change", "Changes of a login that is not there are refused")
async def unknown_change(stage: Stage) -> None:
    login = stage.plan.unknown_login
    changes: tuple[tuple[Verb, tuple[object, ...]], ...] = (
        (Verb.SET_LEVERAGE, (stage.plan.leverages[0],)),
        (Verb.SET_GROUP, (stage.plan.group,)),
        (Verb.SET_ACCESS, (Access.FULL,)),
        (Verb.UPDATE_PROFILE, (Profile(name=NAME),)),
        (Verb.RESET_PASSWORD, (stage.plan.password, Which.MAIN)),
    )
    for verb, given in changes:
        if stage.offers(verb):
            stage.refused(await stage.recorder.ask(verb, login, *given), f"{verb} of a stranger")


@case("unknown-login-deals", "A login that is not there does not hide the others' deals",
      Verb.GET_DEALS)  # fmt: skip
async def unknown_deals(stage: Stage) -> None:
    login = await stage.funded()
    batch = await stage.batch([stage.plan.unknown_login, login], DealCursor.start())
    alone = await stage.batch([login], DealCursor.start())
    stage.check(
        {deal.deal for deal in batch.deals} == {deal.deal for deal in alone.deals},
        "Asked together with a stranger the account has other deals.",
    )


def done(stage: Stage, outcome: Outcome, what: str = "It") -> None:
    stage.check(isinstance(outcome, Confirmed), f"{what} was not done: {outcome}.")


ALL = (
    made,
    found_again,
    profile,
    group,
    leverage,
    access,
    password,
    unknown_read,
    unknown_money,
    unknown_change,
    unknown_deals,
)
