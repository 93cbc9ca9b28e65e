"""Trading accounts: made under a user, told, changed under their version, credited and debited."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from msgspec.structs import replace as changed

from sandbox.matchtrader.shapes import account as told
from sandbox.matchtrader.users import Users
from sandbox.trading import treasury
from sandbox.trading import users as engine
from sandbox.trading.amounts import to_minor
from sandbox.trading.book import Account
from sandbox.trading.config import Group, Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Right, User
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.web_server import HttpError, Request, Response, number, reply

Json = dict[str, Any]
Act = Callable[[Request, Manager, Json], Response]

_RIGHTS = {
    "FULL": Right.DEFAULT,
    "CLOSE_ONLY": Right.DEFAULT | Right.CLOSE_ONLY,
    "LOCKED_CLOSE_ONLY": Right.DEFAULT | Right.CLOSE_ONLY,
    "TRADING_DISABLED": Right.DEFAULT | Right.TRADE_DISABLED,
    "TRADING_AND_LOGIN_DISABLED": Right.DEFAULT & ~Right.ENABLED | Right.TRADE_DISABLED,
}
_MOVES = {
    "deposit": (Action.BALANCE, 1),
    "withdraw": (Action.BALANCE, -1),
    "credit-in": (Action.CREDIT, 1),
    "credit-out": (Action.CREDIT, -1),
}
_TOLD = {
    Ret.NO_MONEY: "Insufficient funds|trading-account/insufficient-funds",
    Ret.TRADE_MAX_MONEY: "amount: is too large",
}
_PAGE_MAX = 1_000
_PERCENT = 100
_REMARKS_MAX = 255


class Accounts:
    def __init__(self, hub: Hub, users: Users) -> None:
        self._hub = hub
        self._users = users

    def sees(self, manager: Manager, group: str) -> bool:
        """Positions are told, and not deals: accounts of netted positions have no place here."""
        known = self._hub.config.group(group)
        return known is not None and not known.netting and matches(manager.groups, known.name)

    def found(self, manager: Manager, login: object) -> Account:
        account = self._hub.book.account(number(str(login)))
        if account is None or not self.sees(manager, account.user.group):
            raise HttpError(404, "Trading account not found|trading-account/not-found")
        return account

    def chosen(self, manager: Manager, body: Json) -> list[Account]:
        """The accounts a report is asked of; those that are not there have nothing to tell."""
        logins, groups = (body.get(name) or [] for name in ("logins", "groups"))
        if not isinstance(logins, list) or not isinstance(groups, list) or not (logins or groups):
            raise HttpError(400, "logins or groups must be given")
        return [
            one
            for one in self._hub.book.accounts.values()
            if self.sees(manager, one.user.group)
            and (str(one.login) in logins or one.user.group in groups)
        ]

    def create(self, request: Request, manager: Manager, body: Json) -> Response:
        user = self._users.known(request.found["uuid"])
        group = self._group(manager, body.get("group"))
        if body.get("accountType") not in ("REAL", "DEMO"):
            raise HttpError(400, "accountType: must be REAL or DEMO")
        if (body["accountType"] == "DEMO") != group.demo:
            raise HttpError(400, "group: is of another account type")
        wanted = number(str(body.get("login") or "0"))
        if wanted and wanted in self._hub.book.accounts:
            raise HttpError(409, "Login is taken|trading-account/already-exists")
        base = User(
            login=engine.free_login(self._hub.book, group, wanted),
            group=group.name,
            leverage=group.leverage,
            email=user["email"],
            account=user["uuid"],
            mqid=str(uuid4()),
            client=1,
            status="FULL",
            registered=self._hub.clock.now(),
            main=user["password"],
        )
        record = _described(base, body, group)
        self._hub.note([record])
        account = self.found(manager, record.login)
        first = body.get("initialDeposit") or 0
        if first:
            self._move(account, Action.BALANCE, self._minor(account, first), "Initial deposit")
        return reply(told(self._hub.floor, account, self._hub.clock.now()), 201)

    def get(self, request: Request, manager: Manager, _: Json) -> Response:
        account = self.found(manager, request.found["login"])
        return reply(told(self._hub.floor, account, self._hub.clock.now()))

    def page(self, request: Request, manager: Manager, _: Json) -> Response:
        page = number(request.query.get("page", "0"))
        size = number(request.query.get("size", "100"))
        if not 0 < size <= _PAGE_MAX:
            raise HttpError(400, f"size: must be between 1 and {_PAGE_MAX}")
        group = request.query.get("group", "")
        rows = [
            account
            for account in self._hub.book.accounts.values()
            if self.sees(manager, account.user.group) and group in ("", account.user.group)
        ]
        now = self._hub.clock.now()
        items = [told(self._hub.floor, one, now) for one in rows[page * size : (page + 1) * size]]
        return reply({"items": items, "total": len(rows), "page": page, "size": size})

    def patch(self, request: Request, manager: Manager, body: Json) -> Response:
        """Change what is named, if nobody else has meanwhile."""
        account = self.found(manager, request.found["login"])
        user = account.user
        if not isinstance(body.get("version"), str):
            raise HttpError(400, "version: must not be null")
        if body["version"] != str(user.client):
            raise HttpError(409, "Version is outdated|trading-account/version-conflict")
        group = self._group(manager, body.get("group", user.group))
        if group.currency != self._hub.floor.group(account).currency and account.balance:
            raise HttpError(400, "group: has another currency")
        record = _described(changed(user, client=user.client + 1, group=group.name), body, group)
        self._hub.note([record])
        return Response(status=204)

    def moving(self, verb: str) -> Act:
        action, sign = _MOVES[verb]

        def move(request: Request, manager: Manager, body: Json) -> Response:
            account = self.found(manager, request.found["login"])
            minor = self._minor(account, body.get("amount"))
            self._move(account, action, sign * minor, str(body.get("comment") or ""))
            return Response(status=204)

        return move

    def _move(self, account: Account, action: int, minor: int, comment: str) -> None:
        now = self._hub.clock.now()
        try:
            treasury.move(self._hub.floor, account, action, minor, now, comment=comment)
        except RefusedError as refused:
            raise HttpError(400, _TOLD.get(Ret(refused.code), str(refused))) from None

    def _minor(self, account: Account, given: object) -> int:
        if not isinstance(given, int | Decimal) or isinstance(given, bool) or given <= 0:
            raise HttpError(400, "amount: must be greater than 0")
        try:
            return to_minor(format(given, "f"), self._hub.floor.group(account).digits)
        except ValueError as wrong:
            raise HttpError(400, f"amount: {wrong}") from None

    def _group(self, manager: Manager, name: object) -> Group:
        group = self._hub.config.group(str(name))
        if group is None or group.netting or not matches(manager.groups, group.name):
            raise HttpError(400, "Group not found|group/not-found")
        return group


def _described(user: User, body: Json, group: Group) -> User:
    """Lay what a body tells over a record."""
    percent = body.get("leverageRatioPercent", user.leverage * _PERCENT)
    most = group.leverage_max * _PERCENT
    if not isinstance(percent, int) or not _PERCENT <= percent <= most or percent % _PERCENT:
        raise HttpError(400, f"leverageRatioPercent: must be between {_PERCENT} and {most}")
    right = str(body.get("accessRight", user.status))
    if right not in _RIGHTS:
        raise HttpError(400, "accessRight: is not known")
    remarks = str(body.get("remarks", user.comment))
    if len(remarks) > _REMARKS_MAX:
        raise HttpError(400, f"remarks: must have at most {_REMARKS_MAX} characters")
    record = changed(
        user,
        leverage=percent // _PERCENT,
        status=right,
        rights=_RIGHTS[right],
        comment=remarks,
    )
    return _detailed(record, body.get("accountDetails"))


def _detailed(user: User, details: Any) -> User:
    if not isinstance(details, dict):
        return user
    if not details.get("firstName"):
        raise HttpError(400, "accountDetails.firstName: must not be blank")
    where = details.get("addressDetails") or {}
    return changed(
        user,
        name=f"{details['firstName']} {details.get('lastName') or ''}".strip()[:127],
        phone=str(details.get("phoneNumber") or ""),
        address=str(where.get("address") or ""),
        country=str(where.get("country") or ""),
        state=str(where.get("state") or ""),
        city=str(where.get("city") or ""),
        zip_code=str(where.get("zipCode") or ""),
    )
