"""Accounts: made, read and changed in part. The platform calls them traders."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final
from weakref import WeakValueDictionary

from brokerage.trading.connector import (
    Access,
    Account,
    NewAccount,
    Profile,
    Which,
    operation_of,
)
from brokerage.trading.connectors.ctrader import records
from brokerage.trading.connectors.ctrader.lists import written
from brokerage.trading.connectors.ctrader.session import hashed
from brokerage.trading.connectors.ctrader.settings import Settings
from brokerage.trading.connectors.ctrader.web import Said, Web
from stoa.connectors import loose
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, technical
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound, Refusal

TRADERS: Final = "/v2/webserv/traders"
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
_AROUND: Final = timedelta(days=1)
_MOST_PAGES: Final = 10_000
_UUID_MS_SHIFT: Final = 80
_VERSION_WITH_TIME: Final = 7
_LINKED: Final = "ctrader-ALREADY_LINKED"


class Accounts:
    """The account verbs of one plant, each login's changes one after the other."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def lock(self, login: int) -> asyncio.Lock:
        """Held while this process writes to a login."""
        lock = self._locks.get(login)
        if lock is None:
            lock = self._locks[login] = asyncio.Lock()
        return lock

    async def create(self, new: NewAccount) -> Outcome:
        """The trader, then its cTrader ID. Unknown when the second did not come about.

        Whoever asked then finds the account by our id and sets a new password, which links again.
        """
        if not new.currency:
            return hard("no-currency", "an account here is made in a currency")
        if new.login:
            return hard("no-such-login", "the platform chooses the logins itself")
        settings = self._web.settings
        body: Said = {
            **records.described(new.profile),
            "accessRights": records.RIGHTS[new.access],
            "accountType": "NETTED" if _netted(settings, new.group) else "HEDGED",
            "balance": 0,
            "brokerName": settings.broker,
            "depositCurrency": new.currency,
            "groupName": new.group,
            "hashedPassword": hashed(new.password),
            "leverageInCents": new.leverage * 100,
            "totalMarginCalculationType": "MAX",
            "description": new.external_id,
        }
        said = await self._web.change("POST", TRADERS, body)
        if isinstance(said, Refused | Unknown):
            return said
        login = loose.whole(said.get("login")) or 0
        if login <= 0:
            return Unknown("no-login", "the server did not say which login it made")
        if settings.ctid and new.profile.email:
            linked = await self._link(login, new.profile.email, hashed(new.password))
            if not isinstance(linked, Confirmed):
                return Unknown("not-linked", "the account is made and not linked to a cTrader ID")
        return Confirmed(str(login))

    async def find(self, external_id: str, group: str, login: int) -> int | None:
        """By the description, among one login or all since our id was made."""
        del group  # The description names the account whatever its group.
        if login:
            try:
                return login if (await self.get(login)).external_id == external_id else None
            except NotFound:
                return None
        since = _made(external_id)
        found = [
            records.login_of(told)
            for told in await self.listed(since - _AROUND if since else _BEGINNING)
            if told.get("description") == external_id
        ]
        return min(found, default=None)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._change(login, records.described(profile))

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._change(login, {"groupName": group})

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._change(login, {"leverageInCents": leverage * 100})

    async def set_access(self, login: int, access: Access) -> Outcome:
        return await self._change(login, {"accessRights": records.RIGHTS[access]})

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        """There is one password; with it the account is linked to its owner's cTrader ID again."""
        if which is Which.INVESTOR:
            return hard("no-investor-password", "cTrader has one password for an account")
        body: Said = {"login": login, "hashedPassword": hashed(password)}
        async with self.lock(login):
            path = f"{TRADERS}/{login}/changepassword"
            outcome = await self._web.outcome("POST", path, body, str(login))
            if isinstance(outcome, Unknown):
                outcome = await self._password_now(login, body, outcome)
            if not isinstance(outcome, Confirmed) or not self._web.settings.ctid:
                return outcome
            return await self._link_again(login, hashed(password))

    async def get(self, login: int) -> Account:
        return records.account(await self._web.get(f"{TRADERS}/{login}"))

    async def listed(self, since: datetime = _BEGINNING, group: int = 0) -> list[Said]:
        """All traders registered since, page by page: the next ends at the earliest told.

        Raises Unreadable for pages that come to no end.
        """
        last = int((datetime.now(UTC) + _AROUND).timestamp() * 1000)
        found: dict[int, Said] = {}
        for _ in range(_MOST_PAGES):
            asked: dict[str, str | int] = {"from": written(since), "to": written(_utc(last))}
            if group:
                asked["groupId"] = group
            told = await self._web.get(f"{TRADERS}/", asked)
            rows = loose.rows(told.get("trader"))
            fresh = [row for row in rows if records.login_of(row) not in found]
            found |= {records.login_of(row): row for row in fresh}
            if not told.get("hasMore"):
                return list(found.values())
            earliest = min((records.whole(row, "registrationTimestamp") for row in rows), default=0)
            # Others of that very millisecond may have been left out: it is read once more.
            following = earliest + 1
            if following >= last or not fresh:
                break
            last = following
        raise Unreadable("The trading server's list of accounts has no end.", code="no-end")

    async def logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        """Of the groups named; a star stands for anything."""
        return tuple(
            sorted(
                records.login_of(row)
                for row in await self.listed()
                if not groups or any(fnmatchcase(str(row.get("groupName")), one) for one in groups)
            )
        )

    async def _change(self, login: int, edits: Mapping[str, Any]) -> Outcome:
        """In part, so that nothing else of the record is touched; after silence the record tells."""
        async with self.lock(login):
            outcome = await self._web.outcome(
                "PATCH", f"{TRADERS}/{login}", dict(edits), str(login)
            )
            if not isinstance(outcome, Unknown):
                return outcome
            try:
                told = await self._web.get(f"{TRADERS}/{login}")
            except Refusal:
                return outcome
            return Confirmed(str(login)) if _holds(told, edits) else technical("not-applied")

    async def _password_now(self, login: int, body: Said, outcome: Unknown) -> Outcome:
        path = f"{TRADERS}/{login}/checkpassword"
        asked = await self._web.outcome("POST", path, body, str(login))
        if isinstance(asked, Refused):
            return technical("not-applied") if not asked.technical else outcome
        return asked

    async def _link_again(self, login: int, password: str) -> Outcome:
        try:
            told = await self._web.get(f"{TRADERS}/{login}")
        except Refusal as why:
            return Unknown(why.code)
        email = str(loose.mapping(told.get("contactDetails")).get("email") or "")
        if not email:
            return Confirmed(str(login))
        linked = await self._link(login, email, password)
        # The password is set, whatever came of this: a no must not be told for it.
        return linked if isinstance(linked, Confirmed) else Unknown("not-linked")

    async def _link(self, login: int, email: str, password: str) -> Outcome:
        """The cTrader ID of an address, made where there is none, and the account tied to it."""
        settings = self._web.settings
        body: Said = {"email": email, "brokerName": settings.broker, "preferredLanguage": "en"}
        made = await self._web.change("POST", "/cid/ctid/create", body)
        if isinstance(made, Refused | Unknown):
            return made
        user = loose.whole(made.get("userId"))
        if user is None:
            return Unknown("no-ctid")
        link: Said = {
            "traderLogin": login,
            "traderPasswordHash": password,
            "userId": user,
            "brokerName": settings.broker,
            "environmentName": settings.environment,
            "returnAccountDetails": True,
        }
        outcome = await self._web.outcome("POST", "/cid/ctid/link", link, str(login))
        if isinstance(outcome, Refused) and outcome.code == _LINKED:
            # To the cTrader ID of an address its owner had before: he gets in by that.
            return Confirmed(str(login))
        return outcome


def _holds(told: Mapping[str, Any], edits: Mapping[str, Any]) -> bool:
    return all(
        _holds(loose.mapping(told.get(name)), loose.mapping(value))
        if isinstance(value, dict)
        else told.get(name) == value
        for name, value in edits.items()
    )


def _netted(settings: Settings, group: str) -> bool:
    return group in {name.strip() for name in settings.netted_groups.split(",")}


def _made(external_id: str) -> datetime | None:
    """When an id of ours was made, which its account cannot precede."""
    operation = operation_of(external_id)
    if operation is None or operation.version != _VERSION_WITH_TIME:
        return None
    return _utc(operation.int >> _UUID_MS_SHIFT)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
