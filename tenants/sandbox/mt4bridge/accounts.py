"""Accounts through the bridge: made once per external id, changed, given money once per external id."""

from typing import Any

from msgspec.structs import replace as changed

from sandbox.mt4bridge import shapes, tickets
from sandbox.mt4bridge.finding import body_of, named, visible
from sandbox.trading import treasury, users
from sandbox.trading.amounts import to_minor
from sandbox.trading.config import Group
from sandbox.trading.hub import Hub
from sandbox.trading.records import Action, Right, User
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.web_server import HttpError, Request, Response, reply

_PROFILE = {
    "name": "NAME",
    "email": "EMAIL",
    "phone": "PHONE",
    "country": "COUNTRY",
    "city": "CITY",
    "state": "STATE",
    "zip_code": "ZIPCODE",
    "address": "ADDRESS",
    "company": "COMPANY",
}
_RIGHTS = {
    "full": Right.DEFAULT,
    "no-trading": Right.DEFAULT | Right.TRADE_DISABLED,
    "no-login": (Right.DEFAULT | Right.TRADE_DISABLED) & ~Right.ENABLED,
}
_KINDS = {"balance": Action.BALANCE, "credit": Action.CREDIT}
_CODES = {
    Ret.NO_MONEY: "not-enough-money",
    Ret.TRADE_MAX_MONEY: "too-much",
    Ret.INVALID_PASSWORD: "password",
    Ret.LOGIN_EXISTS: "login",
    Ret.LOGIN_PROHIBITED: "login",
    Ret.PARAMS: "leverage",
}


class Accounts:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def listed(self, request: Request) -> Response:
        query = request.query
        if "external_id" in query:
            logins = [
                one.login for one in visible(self._hub) if one.user.identity == query["external_id"]
            ]
        else:
            wanted = set(query.get("groups", "").split(","))
            logins = [one.login for one in visible(self._hub) if one.user.group in wanted]
        return reply({"logins": sorted(logins)})

    def told(self, request: Request) -> Response:
        now = self._hub.clock.now()
        return reply(shapes.account(self._hub.floor, named(self._hub, request), now))

    def make(self, request: Request) -> Response:
        body = body_of(request)
        external = str(body.get("external_id", ""))
        if not external:
            raise HttpError(400, "external_id is missing")
        for one in visible(self._hub):
            if one.user.identity == external:
                return reply({"login": one.login})
        group = self._group(body.get("group"))
        try:
            for name in ("password", "investor_password"):
                users.check_password(group, str(body.get(name, "")))
            user = User(
                login=users.free_login(self._hub.book, group, int(body.get("login", 0))),
                group=group.name,
                leverage=int(body.get("leverage", group.leverage)),
                rights=_rights(body.get("access", "full")),
                identity=external,
                registered=self._hub.clock.now(),
                main=users.digest(str(body["password"])),
                investor=users.digest(str(body["investor_password"])),
            )
            user = users.check(users.described(_words(body), user), group)
        except RefusedError as refused:
            raise _refused(refused) from None
        except (TypeError, ValueError):
            raise HttpError(400, "login and leverage are whole numbers") from None
        self._hub.note([user])
        return reply({"login": user.login}, 201)

    def change(self, request: Request) -> Response:
        body, account = body_of(request), named(self._hub, request)
        here = self._hub.floor.group(account)
        group = self._group(body["group"]) if "group" in body else here
        if group.currency != here.currency and (account.balance or account.credit or account.busy):
            raise HttpError(422, "other-currency: the group has another currency")
        user = users.described(_words(body), account.user)
        if "access" in body:
            user = changed(user, rights=_rights(body["access"]))
        try:
            leverage = int(body.get("leverage", user.leverage))
            user = users.check(changed(user, leverage=leverage), group)
        except RefusedError as refused:
            raise _refused(refused) from None
        except (TypeError, ValueError):
            raise HttpError(400, "leverage is a whole number") from None
        self._hub.note([user])
        return self.told(request)

    def password(self, request: Request) -> Response:
        body, account = body_of(request), named(self._hub, request)
        which = str(body.get("which", ""))
        if which not in ("main", "investor"):
            raise HttpError(400, "which is main or investor")
        word = str(body.get("password", ""))
        try:
            users.check_password(self._hub.floor.group(account), word)
        except RefusedError as refused:
            raise _refused(refused) from None
        self._hub.note([changed(account.user, **{which: users.digest(word)})])
        return reply({"login": account.login})

    def balance(self, request: Request) -> Response:
        """Once per external id: it is the first word of the comment, and looked for there."""
        body, account = body_of(request), named(self._hub, request)
        external, kind = str(body.get("external_id", "")), _KINDS.get(str(body.get("kind", "")))
        if kind is None or not external or len(external.split()) != 1:
            raise HttpError(400, "kind and external_id are missing")
        try:
            amount = to_minor(str(body.get("amount", "")), self._hub.floor.group(account).digits)
        except ValueError as wrong:
            raise HttpError(400, str(wrong)) from None
        for deal in account.deals:
            if not deal.trade and deal.comment.partition(" ")[0] == external:
                if (deal.action, deal.profit) != (kind, amount):
                    raise HttpError(409, "external-id-used: it moved something else")
                return reply({"ticket": tickets.of_money(deal.deal)})
        comment = f"{external} {body.get('comment', '')}".strip()
        now = self._hub.clock.now()
        try:
            made = treasury.move(self._hub.floor, account, kind, amount, now, comment=comment)
        except RefusedError as refused:
            raise _refused(refused) from None
        return reply({"ticket": tickets.of_money(made.deal)}, 201)

    def _group(self, wanted: Any) -> Group:
        found = self._hub.groups.get(str(wanted))
        if found is None or found.netting:
            raise HttpError(422, "group: there is no such group")
        return found


def _words(body: dict[str, Any]) -> dict[str, str]:
    return {name: str(body[word]) for word, name in _PROFILE.items() if word in body}


def _rights(wanted: Any) -> int:
    if wanted not in _RIGHTS:
        raise HttpError(422, "access: there is no such right")
    return _RIGHTS[wanted]


def _refused(refused: RefusedError) -> HttpError:
    return HttpError(422, f"{_CODES.get(Ret(refused.code), 'refused')}: retcode {refused.code}")
