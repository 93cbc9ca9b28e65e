"""Accounts of the brand: made, told, moved between groups, restricted, credited and debited."""

from typing import Any

from msgspec.structs import replace as changed

from sandbox.tradelocker import ids
from sandbox.tradelocker.keys import Keys
from sandbox.tradelocker.shapes import details
from sandbox.tradelocker.users import Users
from sandbox.trading import dealing, treasury
from sandbox.trading import users as engine
from sandbox.trading.amounts import to_minor
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Reason, Right, User
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.web_server import HttpError, Request, Response, reply

_NOTE_MAX = 255
_STATUS = {
    "activate": ("ACTIVE", Right.DEFAULT),
    "restrict": ("RESTRICTED", Right.DEFAULT | Right.CLOSE_ONLY),
    "suspend": ("SUSPENDED", Right.DEFAULT & ~Right.ENABLED | Right.TRADE_DISABLED),
}
_TOLD = {Ret.NO_MONEY: "Insufficient funds", Ret.TRADE_MAX_MONEY: "Amount is too large"}


class Accounts:
    def __init__(self, hub: Hub, users: Users, keys: Keys) -> None:
        self._hub = hub
        self._users = users
        self._keys = keys

    def found(self, manager: Manager, wanted: object) -> Account:
        """An account of this key's brand. Raises HttpError for any other."""
        login, kind = ids.login_of(str(wanted))
        account = self._hub.book.account(login)
        if (
            account is None
            or ids.type_of(account.user.group) != kind
            or not matches(manager.groups, account.user.group)
        ):
            raise HttpError(400, "Account not found")
        return account

    def create(self, request: Request, manager: Manager, body: dict[str, Any]) -> Response:
        user = self._users.known(str(body.get("userId", "")))
        currency, kind = str(body.get("currency", "")), str(body.get("type", ""))
        if kind not in (ids.LIVE, ids.DEMO) or not currency:
            raise HttpError(400, "type must be LIVE or DEMO and currency must be given")
        wanted = str(body.get("groupId") or ids.group_id(f"{kind}-STANDARD"))
        group = ids.engine_group(self._hub.config, wanted, currency)
        if ids.type_of(group.name) != kind or not matches(manager.groups, group.name):
            raise HttpError(400, "Group not found")
        record = User(
            login=engine.free_login(self._hub.book, group, 0),
            group=group.name,
            leverage=group.leverage,
            name=str(body.get("accountName", ""))[:127],
            account=str(body["userId"]),
            email=user["email"],
            status="ACTIVE",
            registered=self._hub.clock.now(),
            main=user["password"],
        )
        told = details(self._hub.floor, Account(record), self._hub.clock.now())
        return self._keys.once(request, told, 201, lambda: self._hub.note([record]))

    def details(self, manager: Manager, body: dict[str, Any]) -> Response:
        account = self.found(manager, body.get("accountId"))
        return reply(details(self._hub.floor, account, self._hub.clock.now()))

    def set_status(self, manager: Manager, verb: str, body: dict[str, Any]) -> Response:
        account = self.found(manager, body.get("accountId"))
        status, rights = _STATUS[verb]
        self._hub.note([changed(account.user, status=status, rights=rights)])
        return reply({"accountId": ids.account_id(account), "status": status})

    def set_group(self, manager: Manager, body: dict[str, Any]) -> Response:
        account = self.found(manager, body.get("accountId"))
        currency = self._hub.floor.group(account).currency
        wanted = str(body.get("newGroupId", ""))
        group = ids.engine_group(self._hub.config, wanted, currency)
        if ids.type_of(group.name) != ids.type_of(account.user.group):
            raise HttpError(400, "Group not found")
        self._hub.note([changed(account.user, group=group.name, leverage=group.leverage)])
        return reply({})

    def close_all(self, manager: Manager, body: dict[str, Any]) -> Response:
        account = self.found(manager, body.get("accountId"))
        closed: list[str] = []
        for position in list(account.positions.values()):
            now = self._hub.clock.now()
            dealing.close(self._hub.floor, account, position, now, reason=Reason.DEALER)
            closed.append(ids.number(position.position))
        return reply({"positionIdsOrderedToBeClosed": closed})

    def operate(
        self, request: Request, manager: Manager, verb: str, body: dict[str, Any]
    ) -> Response:
        """Deposit, withdraw (both positive), or credit, whose sign is its direction."""
        account = self.found(manager, body.get("accountId"))
        amount, note = self._amount(account, body), str(body.get("note") or "")
        if len(note) > _NOTE_MAX:
            raise HttpError(400, "note must be shorter than or equal to 255 characters")
        if amount == 0 or (verb != "credit" and amount < 0):
            raise HttpError(400, "amount must be a positive number")
        action = Action.CREDIT if verb == "credit" else Action.BALANCE
        signed = -amount if verb == "withdraw" else amount
        told = {"operationId": ids.number(self._hub.book.last_deal + 1)}
        return self._keys.once(
            request, told, 200, lambda: self._move(account, action, signed, note)
        )

    def _move(self, account: Account, action: int, signed: int, note: str) -> None:
        try:
            treasury.move(
                self._hub.floor, account, action, signed, self._hub.clock.now(), comment=note
            )
        except RefusedError as refused:
            raise HttpError(400, _TOLD.get(Ret(refused.code), str(refused))) from None

    def _amount(self, account: Account, body: dict[str, Any]) -> int:
        amount = body.get("amount")
        if not isinstance(amount, str):
            raise HttpError(400, "amount must be a string")
        try:
            return to_minor(amount, self._hub.floor.group(account).digits)
        except ValueError as wrong:
            raise HttpError(400, str(wrong)) from None
