"""User accounts: an e-mail, a password, and the trading accounts made under them."""

import datetime as dt
import re
from typing import Any
from uuid import uuid4

from sandbox.trading import users as engine
from sandbox.trading.config import Manager
from sandbox.trading.notes import Notes
from sandbox.trading.web_server import HttpError, Request, Response, reply

Json = dict[str, Any]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PASSWORD_MIN = 8
_TABLE = "users"


class Users:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def known(self, uuid: str) -> Json:
        row: Json | None = self._notes.get(_TABLE, uuid)
        if row is None:
            raise HttpError(404, f"User account {uuid} not found|user-account/not-found")
        return row

    def create(self, _: Request, __: Manager, body: Json) -> Response:
        email, password = str(body.get("email", "")).lower(), _password(body.get("password"))
        if _EMAIL.fullmatch(email) is None:
            raise HttpError(400, "email: must be a well-formed email address")
        if self._of(email) is not None:
            raise HttpError(409, "User account already exists|user-account/already-exists")
        row = {
            "uuid": str(uuid4()),
            "email": email,
            "created": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S}Z",
            "brokerId": "1",
            "password": engine.digest(password),
        }
        self._notes.put(_TABLE, row["uuid"], row)
        return _told(row, 201)

    def by_email(self, request: Request, _: Manager, __: Json) -> Response:
        row = self._of(request.found["email"].lower())
        if row is None:
            raise HttpError(404, "User account not found|user-account/not-found")
        return _told(row)

    def get(self, request: Request, _: Manager, __: Json) -> Response:
        return _told(self.known(request.found["uuid"]))

    def change_password(self, request: Request, _: Manager, body: Json) -> Response:
        row = self.known(request.found["uuid"])
        digest = engine.digest(_password(body.get("newPassword")))
        self._notes.put(_TABLE, row["uuid"], row | {"password": digest})
        return Response(status=204)

    def _of(self, email: str) -> Json | None:
        rows = self._notes.table(_TABLE).values()
        return next((row for row in rows if row and row["email"] == email), None)


def _password(given: object) -> str:
    if not isinstance(given, str) or len(given) < _PASSWORD_MIN:
        raise HttpError(400, f"password: must have at least {_PASSWORD_MIN} characters")
    return given


def _told(row: Json, status: int = 200) -> Response:
    return reply({name: row[name] for name in ("uuid", "email", "created", "brokerId")}, status)
