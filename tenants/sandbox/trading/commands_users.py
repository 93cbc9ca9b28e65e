"""USER_*: client records, passwords, margin state."""

from msgspec.structs import replace as changed

from sandbox.trading import treasury, users, views
from sandbox.trading.amounts import to_minor
from sandbox.trading.book import Account
from sandbox.trading.desk import Desk, command
from sandbox.trading.records import Action, Right, User, UserGone
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.wire import Answer, Ask

_ALIASES = {
    "PASS_MAIN": ("MAINPASSWORD", "PASSMAIN"),
    "PASS_INVESTOR": ("INVESTPASSWORD", "PASSINVESTOR"),
    "PASS_API": ("APIPASSWORD", "PASSAPI"),
    "PASS_PHONE": ("PHONEPASSWORD", "PASSPHONE"),
}
_PASSWORDS = {"MAIN": "main", "INVESTOR": "investor", "API": "api"}
_EMPTIED_BY_UPDATE = {
    "rights": 0,
    "leverage": 0,
    "language": 0,
    "color": 0,
    "agent": 0,
    **dict.fromkeys(
        "name company country city state zip_code address phone email identity status "
        "comment phone_password".split(),
        "",
    ),
}
_BATCH_MAX = 5_000


@command("USER_ADD", durable=True)
def add(desk: Desk, ask: Ask) -> Answer:
    """Make an account; the server picks the login when it is 0."""
    given = _described(ask)
    group = desk.group(ask.text("GROUP"))
    login = users.free_login(desk.floor.book, group, ask.number("LOGIN", 0))
    main, investor = given.get("PASS_MAIN", ""), given.get("PASS_INVESTOR", "")
    users.check_password(group, main)
    if investor:
        users.check_password(group, investor)
    now = desk.now
    blank = User(
        login=login,
        group=group.name,
        rights=Right.DEFAULT,
        leverage=group.leverage,
        registered=now,
        password_changed=now,
        main=users.digest(main),
        investor=users.digest(investor) if investor else "",
    )
    user = users.check(users.described(given, blank), group)
    account = Account(user)
    desk.floor.commit(account, [user])
    account = desk.account(login)
    _first_deposit(desk, account, ask)
    return Answer(fields={"LOGIN": str(login)}, body=views.user(desk.floor, account, now))


def _first_deposit(desk: Desk, account: Account, ask: Ask) -> None:
    """Play money for a demo account that was asked for with a balance."""
    group = desk.floor.group(account)
    try:
        amount = to_minor(ask.text("BALANCE", "0") or "0", group.digits)
    except ValueError:
        return
    if group.demo and amount > 0:
        treasury.move(
            desk.floor, account, Action.BALANCE, amount, desk.now, comment="Initial deposit"
        )


@command("USER_UPDATE", durable=True)
def update(desk: Desk, ask: Ask) -> Answer:
    """Replace the record: what is not told is empty afterwards. Passwords stay."""
    account = desk.account(ask.number("LOGIN"))
    group = desk.group(ask.text("GROUP"))
    here = desk.floor.group(account)
    if group.currency != here.currency and (account.balance or account.credit or account.busy):
        raise RefusedError(Ret.DIFFERENT_CURRENCY)
    empty = changed(account.user, **_EMPTIED_BY_UPDATE)
    user = users.check(users.described(_described(ask), empty), group)
    desk.floor.commit(account, [user])
    return Answer(body=views.user(desk.floor, account, desk.now))


@command("USER_DELETE", durable=True)
def delete(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    if account.busy:
        raise RefusedError(Ret.HAS_TRADES)
    desk.floor.commit(account, [UserGone(account.login)])
    return Answer()


@command("USER_GET")
def get(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    return Answer(body=views.user(desk.floor, account, desk.now))


@command("USER_GET_BATCH")
def get_batch(desk: Desk, ask: Ask) -> Answer:
    now = desk.now
    return Answer(body=[views.user(desk.floor, each, now) for each in batch(desk, ask)])


@command("USER_LOGINS")
def logins(desk: Desk, ask: Ask) -> Answer:
    return Answer(body=[str(account.login) for account in desk.accounts(ask.text("GROUP"))])


@command("USER_TOTAL")
def total(desk: Desk, _: Ask) -> Answer:
    return Answer(fields={"TOTAL": str(len(desk.accounts("*")))})


@command("USER_ACCOUNT_GET")
def account_get(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    return Answer(body=views.account(desk.floor, account, desk.now))


@command("USER_ACCOUNT_GET_BATCH")
def account_get_batch(desk: Desk, ask: Ask) -> Answer:
    now = desk.now
    return Answer(body=[views.account(desk.floor, each, now) for each in batch(desk, ask)])


@command("USER_PASS_CHECK")
def pass_check(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    kept: str = getattr(account.user, _kind(ask))
    if not users.right_password(kept, ask.text("PASSWORD")):
        raise RefusedError(Ret.INVALID_PASSWORD)
    return Answer()


@command("USER_PASS_CHANGE", durable=True)
def pass_change(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    password = ask.text("PASSWORD")
    users.check_password(desk.floor.group(account), password)
    fresh = {_kind(ask): users.digest(password)}
    desk.floor.commit(account, [changed(account.user, password_changed=desk.now, **fresh)])
    return Answer()


def batch(desk: Desk, ask: Ask) -> list[Account]:
    """Accounts named by logins or by groups; logins nobody has are passed over."""
    if ask.given.get("LOGIN"):
        wanted = ask.given["LOGIN"].split(",")
        if not all(word.strip().isdecimal() for word in wanted):
            raise RefusedError(Ret.PARAMS)
        everyone = {account.login: account for account in desk.accounts("*")}
        found = [everyone[int(word)] for word in wanted if int(word) in everyone]
    else:
        found = desk.accounts(ask.text("GROUP"))
    return found[:_BATCH_MAX]


def _kind(ask: Ask) -> str:
    field = _PASSWORDS.get(ask.text("TYPE", "MAIN").strip().upper())
    if field is None:
        raise RefusedError(Ret.PARAMS)
    return field


def _described(ask: Ask) -> dict[str, str]:
    """The parameters, with the JSON's names for passwords brought to the wire's."""
    given = dict(ask.given)
    for name, others in _ALIASES.items():
        for other in others:
            if given.get(other):
                given[name] = given[other]
    return given
