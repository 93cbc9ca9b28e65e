"""Users of the brand: one e-mail and one password for all accounts of a person."""

import re
from typing import Any
from uuid import uuid4

from msgspec.structs import replace as changed

from sandbox.tradelocker.keys import Keys
from sandbox.trading import users as engine
from sandbox.trading.hub import Hub
from sandbox.trading.notes import Notes
from sandbox.trading.web_server import HttpError, Request, Response, reply

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
_TABLE = "users"


class Users:
    def __init__(self, hub: Hub, notes: Notes, keys: Keys) -> None:
        self._hub = hub
        self._notes = notes
        self._keys = keys

    def known(self, user: str) -> dict[str, Any]:
        row: dict[str, Any] | None = self._notes.get(_TABLE, user)
        if row is None:
            raise HttpError(404, "User not found")
        return row

    def exists(self, user: str) -> bool:
        return self._notes.get(_TABLE, user) is not None

    def create(self, request: Request, body: dict[str, Any]) -> Response:
        email, password = _email(body), _password(body)
        taken = self._by_email(email)
        user = taken or str(uuid4())
        row = {
            "email": email,
            "firstName": str(body.get("firstName") or ""),
            "lastName": str(body.get("lastName") or ""),
            "password": engine.digest(password),
        }

        def act() -> None:
            if taken:
                raise HttpError(400, "User with this email already exists")
            self._notes.put(_TABLE, user, row)

        return self._keys.once(request, {"userId": user}, 201, act)

    def check(self, body: dict[str, Any]) -> Response:
        user = self._by_email(_email(body))
        if not user:
            raise HttpError(404, "User not found")
        return reply({"userId": user})

    def set_password(self, body: dict[str, Any]) -> Response:
        user = str(body.get("userId", ""))
        row, kept = self.known(user), engine.digest(_password(body))
        self._notes.put(_TABLE, user, row | {"password": kept})
        self._hub.note(
            [
                changed(account.user, main=kept)
                for account in self._hub.book.accounts.values()
                if account.user.account == user
            ]
        )
        return reply({})

    def _by_email(self, email: str) -> str:
        rows = self._notes.table(_TABLE)
        return next((user for user, row in rows.items() if row["email"] == email), "")


def _email(body: dict[str, Any]) -> str:
    email = str(body.get("email", "")).lower()
    if _EMAIL.fullmatch(email) is None:
        raise HttpError(400, "email must be an email")
    return email


def _password(body: dict[str, Any]) -> str:
    password = str(body.get("password", ""))
    if len(password) < 6 or not all(re.search(kind, password) for kind in _KINDS):
        raise HttpError(400, "password is too weak")
    return password
