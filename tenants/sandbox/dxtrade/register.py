"""The administrative side: clients, accounts, categories, and money under the caller's own id."""

import hashlib
import re
from typing import Any

import msgspec
from msgspec.structs import replace as changed

from sandbox.dxtrade import shapes
from sandbox.trading import treasury, users
from sandbox.trading.amounts import to_minor
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.notes import Notes
from sandbox.trading.records import Action, User
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.web_server import HttpError, Request, Response, number

Json = dict[str, Any]
encode = msgspec.json.Encoder(decimal_format="number").encode

_LOGIN = re.compile(r"[A-Za-z0-9._-]{1,32}")
_ID = re.compile(r"[!-~]{1,64}")
_REFUSED = {Ret.NO_MONEY: "Amount exceeds the withdrawable amount"}


def told(value: Any, status: int = 200) -> Response:
    """An answer with its ETag, by which a change may name what it changes."""
    body = encode(value)
    return Response(body, status, headers={"etag": f'"{hashlib.md5(body).hexdigest()}"'})  # noqa: S324


def unchanged(request: Request, response: Response) -> None:
    """Refuse a change of what is no longer as it was read."""
    wanted = request.headers.get("if-match")
    if wanted not in (None, "*", response.headers["etag"]):
        raise HttpError(412, "The resource has been changed since it was read")


class Register:
    def __init__(self, hub: Hub, notes: Notes) -> None:
        self._hub = hub
        self._notes = notes

    # ---- clients

    def add_client(self, body: Json) -> Response:
        domain, login = str(body.get("domain", "")), str(body.get("login", ""))
        if domain != shapes.CLEARING or _LOGIN.fullmatch(login) is None:
            raise HttpError(400, "domain and login must be given")
        if not body.get("fullName") or not body.get("password"):
            raise HttpError(400, "fullName and password must be given")
        if self._notes.get("client", login) is not None:
            raise HttpError(409, f"Client {domain}/{login} already exists")
        return told(self._put_client(login, {"domain": domain, "login": login} | body), 201)

    def client(self, domain: str, login: str) -> Response:
        return told(self._shown(self._client(domain, login)))

    def change_client(self, request: Request, domain: str, login: str, body: Json) -> Response:
        known = self._client(domain, login)
        unchanged(request, told(self._shown(known)))
        fixed = {"domain": domain, "login": login}
        return told(self._put_client(login, known | body | fixed))

    def _client(self, domain: str, login: str) -> Json:
        known = self._notes.get("client", login)
        if known is None or domain != shapes.CLEARING:
            raise HttpError(404, f"Client {domain}/{login} not found")
        return dict(known)

    def _put_client(self, login: str, row: Json) -> Json:
        if row.get("password"):
            row = row | {"password": users.digest(str(row["password"]))}
        self._notes.put("client", login, row)
        for account in self._hub.book.accounts.values():
            if self._metadata(account).get("owner") == login:
                self._hub.note([changed(account.user, name=str(row.get("fullName", ""))[:127])])
        return self._shown(row)

    def _shown(self, row: Json) -> Json:
        return {name: value for name, value in row.items() if name != "password"}

    # ---- accounts

    def add_account(self, manager: Manager, domain: str, login: str, body: Json) -> Response:
        owner = self._client(domain, login)
        wanted = str(body.get("accountCode", ""))
        if body.get("clearingCode") != shapes.CLEARING or not number(wanted):
            raise HttpError(400, "clearingCode and a numeric accountCode must be given")
        if self._hub.book.account(number(wanted)) is not None:
            raise HttpError(409, f"Account {shapes.CLEARING}:{wanted} already exists")
        values = {
            str(one.get("category")): str(one.get("value")) for one in body.get("categories") or []
        }
        group = shapes.engine_group(
            self._hub.config,
            str(body.get("type")),
            values.get(shapes.DOMAIN, "STANDARD"),
            str(body.get("currency")),
        )
        if group is None or not matches(manager.groups, group.name):
            raise HttpError(400, "There is no such category for this type and currency")
        record = User(
            login=number(wanted),
            group=group.name,
            leverage=group.leverage,
            name=str(owner.get("fullName", ""))[:127],
            email=str(owner.get("email", ""))[:63],
            status=str(body.get("status") or "FULL_TRADING"),
            rights=shapes.STATUSES.get(str(body.get("status") or "FULL_TRADING"), 0),
            registered=self._hub.clock.now(),
            main=str(owner.get("password", "")),
        )
        if record.status not in shapes.STATUSES:
            raise HttpError(400, "status is not one of the known ones")
        kept = {"metadata": dict(body.get("metadata") or {}), "owner": login}
        self._notes.put("account", wanted, kept)
        self._hub.note([record])
        return self._shown_account(self.found(manager, shapes.CLEARING, wanted), 201)

    def account(self, manager: Manager, clearing: str, wanted: str) -> Response:
        return self._shown_account(self.found(manager, clearing, wanted))

    def accounts(self, manager: Manager, query: dict[str, str]) -> Response:
        rows = [
            shapes.account(self._hub.floor, one, self._metadata(one)["metadata"])
            for one in self._hub.book.accounts.values()
            if matches(manager.groups, one.user.group)
        ]
        kept = [
            row
            for row in rows
            if all(row[name] == query[name] for name in ("type", "status") if name in query)
        ]
        return told(kept)

    def change_account(
        self, request: Request, manager: Manager, clearing: str, wanted: str, body: Json
    ) -> Response:
        one = self.found(manager, clearing, wanted)
        unchanged(request, self._shown_account(one))
        if "status" in body:
            status = str(body["status"])
            if status not in shapes.STATUSES:
                raise HttpError(400, "status is not one of the known ones")
            self._hub.note([changed(one.user, status=status, rights=shapes.STATUSES[status])])
        if "metadata" in body:
            kept = self._metadata(one) | {"metadata": dict(body["metadata"])}
            self._notes.put("account", wanted, kept)
        return self._shown_account(self.found(manager, clearing, wanted))

    def found(self, manager: Manager, clearing: str, wanted: str) -> Account:
        one = self._hub.book.account(number(wanted))
        if (
            one is None
            or clearing != shapes.CLEARING
            or not matches(manager.groups, one.user.group)
        ):
            raise HttpError(404, f"Account {clearing}:{wanted} not found")
        return one

    def _metadata(self, one: Account) -> Json:
        return dict(self._notes.get("account", str(one.login)) or {"metadata": {}, "owner": ""})

    def _shown_account(self, one: Account, status: int = 200) -> Response:
        kept = self._metadata(one)
        return told(shapes.account(self._hub.floor, one, kept["metadata"]), status)

    # ---- categories

    def categories(self, manager: Manager) -> Json:
        names = {
            shapes.category_of(group.name)
            for group in self._hub.config.groups
            if matches(manager.groups, group.name)
        }
        return {"category": shapes.DOMAIN, "values": sorted(names)}

    def set_category(
        self, manager: Manager, clearing: str, wanted: str, domain: str, body: Json
    ) -> Response:
        one = self.found(manager, clearing, wanted)
        group = self._hub.floor.group(one)
        fresh = shapes.engine_group(
            self._hub.config,
            shapes.kind_of(group.name),
            str(body.get("value", "")),
            group.currency,
        )
        if domain != shapes.DOMAIN or fresh is None:
            raise HttpError(400, "There is no such category for this account")
        self._hub.note([changed(one.user, group=fresh.name, leverage=fresh.leverage)])
        return told(True)

    # ---- money

    def move(
        self, manager: Manager, clearing: str, wanted: str, verb: str, own: str, body: Json
    ) -> Response:
        """Once per id of the caller's: the same again answers the same and moves nothing."""
        one = self.found(manager, clearing, wanted)
        group = self._hub.floor.group(one)
        if _ID.fullmatch(own) is None:
            raise HttpError(400, "the id has 1 to 64 printable characters")
        if body.get("currency") != group.currency:
            raise HttpError(400, "currency must be the account's")
        asked = [verb, wanted, str(body.get("amount")), str(body.get("description", ""))]
        known = self._notes.get("transfer", own)
        if known is not None and known["deal"] in self._hub.book.deals:
            if known["asked"] != asked:
                raise HttpError(409, f"The id {own} was used for another transfer")
            return told(body)
        try:
            amount = to_minor(str(body.get("amount")), group.digits)
        except ValueError as wrong:
            raise HttpError(400, str(wrong)) from None
        if verb != "adjustment" and amount <= 0:
            raise HttpError(400, "amount must be positive")
        action = Action.CORRECTION if verb == "adjustment" else Action.BALANCE
        signed = -amount if verb == "withdrawal" else amount
        deal = self._hub.book.last_deal + 1
        self._notes.put("transfer", own, {"asked": asked, "deal": deal})
        self._notes.put("code", str(deal), own)
        try:
            treasury.move(
                self._hub.floor,
                one,
                action,
                signed,
                self._hub.clock.now(),
                comment=str(body.get("description", "")),
            )
        except RefusedError as refused:
            raise HttpError(400, _REFUSED.get(Ret(refused.code), str(refused))) from None
        return told(body)

    def code_of(self, deal: int) -> str:
        """The id a transfer was made with; its own number where somebody at the desk made it."""
        return str(self._notes.get("code", str(deal)) or deal)
