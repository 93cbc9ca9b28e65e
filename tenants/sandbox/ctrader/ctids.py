"""The people behind the traders: one cTID per e-mail address, linked to accounts."""

import os
from pathlib import Path

import msgspec


class Ctid(msgspec.Struct):
    user: int
    email: str
    broker: str
    language: str
    created: int
    accounts: dict[int, int] = msgspec.field(default_factory=dict[int, int])


class Ctids:
    """A small file beside the journal, replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ctids.json"
        self._known: list[Ctid] = []
        if self._path.exists():
            self._known = msgspec.json.decode(self._path.read_bytes(), type=list[Ctid])

    def named(self, email: str) -> Ctid | None:
        wanted = email.strip().lower()
        return next((one for one in self._known if one.email == wanted), None)

    def numbered(self, user: int) -> Ctid | None:
        return next((one for one in self._known if one.user == user), None)

    def owner(self, login: int) -> Ctid | None:
        return next((one for one in self._known if login in one.accounts), None)

    def make(self, email: str, broker: str, language: str, at: int) -> Ctid:
        made = Ctid(10_000 + len(self._known), email.strip().lower(), broker, language, at)
        self._known.append(made)
        self._save()
        return made

    def link(self, ctid: Ctid, login: int) -> int:
        number = ctid.accounts.setdefault(login, 40_000_000 + login)
        self._save()
        return number

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(self._known))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
