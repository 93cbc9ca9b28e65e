"""Accounts: made, read and changed. A change replaces the whole record: read, change, write back."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from brokerage.trading.connector import Access, Account, NewAccount, Profile, Which
from brokerage.trading.connectors.mt5_webapi import records, retcodes
from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, technical
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_NEWEST: Final = 500

# Names of the record's JSON fields beside the names of the command's parameters.
_PARAMS: Final = (
    ("Login", "LOGIN"),
    ("Rights", "RIGHTS"),
    ("Group", "GROUP"),
    ("Name", "NAME"),
    ("Company", "COMPANY"),
    ("Language", "LANGUAGE"),
    ("Country", "COUNTRY"),
    ("City", "CITY"),
    ("State", "STATE"),
    ("ZipCode", "ZIPCODE"),
    ("Address", "ADDRESS"),
    ("Phone", "PHONE"),
    ("Email", "EMAIL"),
    ("ID", "ID"),
    ("Status", "STATUS"),
    ("Comment", "COMMENT"),
    ("Color", "COLOR"),
    ("Leverage", "LEVERAGE"),
    ("Agent", "AGENT"),
)
_DECIDING: Final = frozenset({"Group", "Leverage", "Rights"})


class Accounts:
    """The account verbs of one server, each login's changes one after the other."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._currencies: dict[str, str] = {}

    def lock(self, login: int) -> asyncio.Lock:
        """Held while this process writes to a login; another process must not write meanwhile."""
        lock = self._locks.get(login)
        if lock is None:
            lock = self._locks[login] = asyncio.Lock()
        return lock

    async def create(self, new: NewAccount) -> Outcome:
        if new.access is Access.CLOSE_ONLY:
            return hard("no-such-access", "MT5 has no right that only closes")
        record = _profile_fields(new.profile) | {
            "Login": str(new.login),
            "Group": new.group,
            "Leverage": str(new.leverage),
            "Rights": str(records.rights_for(new.access, records.DEFAULT_RIGHTS)),
            "ID": new.external_id,
        }
        passwords = {"PASS_MAIN": new.password, "PASS_INVESTOR": new.investor_password}
        try:
            answer = await self._link.ask("USER_ADD", _params(record) | passwords, _json(record))
        except Unreachable as why:
            return technical(why.code)
        except NoAnswer as why:
            return Unknown(why.code)
        login = answer.number("LOGIN") or _login_of(answer)
        return retcodes.outcome_of(answer.retcode, answer.retext, str(login) if login else "")

    async def find(self, external_id: str, group: str, login: int) -> int | None:
        """By the record's ID, among one login or the group's newest logins."""
        if login:
            return login if await self._bears(login, external_id) else None
        newest = sorted(await self.logins((group,)), reverse=True)[:_NEWEST]

        async def bearing(one: int) -> int | None:
            return one if await self._bears(one, external_id) else None

        found = await self._link.each(newest, bearing)
        return min(found, default=None)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._change(login, _profile_fields(profile))

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._change(login, {"Group": group})

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._change(login, {"Leverage": str(leverage)})

    async def set_access(self, login: int, access: Access) -> Outcome:
        if access is Access.CLOSE_ONLY:
            return hard("no-such-access", "MT5 has no right that only closes")
        return await self._change(login, access)

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        asked: dict[str, str | int] = {"LOGIN": login, "TYPE": which.upper(), "PASSWORD": password}
        async with self.lock(login):
            try:
                answer = await self._link.ask("USER_PASS_CHANGE", asked)
            except Unreachable as why:
                return technical(why.code)
            except NoAnswer as why:
                return await self._password_now(asked, why)
        return retcodes.outcome_of(answer.retcode, answer.retext, str(login))

    async def get(self, login: int) -> Account:
        user = await self._user(login)
        answer = await self._link.read("USER_ACCOUNT_GET", {"LOGIN": login})
        if answer is None:
            raise NotFound("The trading server does not have that.")
        money = records.decode(answer.json, records.RawMargin)
        group = str(user.get("Group", ""))
        clock = self._link.clock
        registered = records.whole(user, "Registration")
        seen = records.whole(user, "LastAccess")
        return Account(
            login=login,
            group=group,
            currency=await self.currency(group),
            name=str(user.get("Name", "")),
            external_id=str(user.get("ID", "")),
            leverage=records.whole(user, "Leverage"),
            access=records.access_of(records.whole(user, "Rights")),
            balance=money.balance,
            credit=money.credit,
            equity=money.equity,
            margin=money.margin,
            margin_free=money.margin_free,
            margin_level=money.margin_level,
            floating=money.floating,
            email=str(user.get("Email", "")),
            registered=clock.to_utc(registered) if registered > 0 else None,
            last_access=clock.to_utc(seen) if seen > 0 else None,
        )

    async def logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        answer = await self._link.read("USER_LOGINS", {"GROUP": ",".join(groups)})
        return tuple(records.decode(answer.json, list[int])) if answer and answer.json else ()

    async def currency(self, group: str) -> str:
        """A group's deposit currency, which a server cannot change while the group has accounts."""
        if group not in self._currencies:
            answer = await self._link.read("GROUP_GET", {"GROUP": group})
            if answer is None:
                raise NotFound("The trading server does not have that.")
            self._currencies[group] = records.decode(answer.json, records.RawGroup).currency
        return self._currencies[group]

    async def _bears(self, login: int, external_id: str) -> bool:
        try:
            return str((await self._user(login)).get("ID", "")) == external_id
        except NotFound:
            return False

    async def _user(self, login: int) -> dict[str, Any]:
        answer = await self._link.read("USER_GET", {"LOGIN": login})
        if answer is None or not answer.json:
            raise NotFound("The trading server does not have that.")
        return records.record_of(answer.json)

    async def _change(self, login: int, edits: dict[str, str] | Access) -> Outcome:
        """Read, change, write back, all under the login's lock."""
        async with self.lock(login):
            try:
                record = await self._user(login)
            except NotFound:
                return hard("mt5-13", "no such account")
            except Refusal as why:
                return technical(why.code)
            if isinstance(edits, Access):
                rights = records.whole(record, "Rights", records.DEFAULT_RIGHTS)
                edits = {"Rights": str(records.rights_for(edits, rights))}
            return await self._write(login, record, _spelled(record, edits))

    async def _write(self, login: int, record: dict[str, Any], edits: dict[str, str]) -> Outcome:
        if _holds(record, edits):
            return Confirmed(str(login))
        wanted = record | edits
        try:
            answer = await self._link.ask("USER_UPDATE", _params(wanted), _json(wanted))
        except Unreachable as why:
            return technical(why.code)
        except NoAnswer as why:
            return await self._written(login, edits, why)
        if answer.retcode == retcodes.NO_CHANGES:
            return Confirmed(str(login))
        outcome = retcodes.outcome_of(answer.retcode, answer.retext, str(login))
        if isinstance(outcome, Confirmed) and answer.json:
            deciding: dict[str, str] = {
                name: value for name, value in edits.items() if name in _DECIDING
            }
            if not _holds(records.record_of(answer.json), deciding):
                return technical("not-applied", "the server kept the old values")
        return outcome

    async def _written(self, login: int, edits: dict[str, str], why: NoAnswer) -> Outcome:
        """After silence the record itself tells; writing the same values again does no harm."""
        try:
            record = await self._user(login)
        except Refusal:
            return Unknown(why.code)
        return Confirmed(str(login)) if _holds(record, edits) else technical("not-applied")

    async def _password_now(self, asked: dict[str, str | int], why: NoAnswer) -> Outcome:
        try:
            answer = await self._link.ask("USER_PASS_CHECK", asked)
        except Unavailable:
            return Unknown(why.code)
        match retcodes.outcome_of(answer.retcode, answer.retext, str(asked["LOGIN"])):
            case Refused():
                return technical("not-applied")
            case outcome:
                return outcome


def _profile_fields(profile: Profile) -> dict[str, str]:
    return {
        "Name": profile.name,
        "Email": profile.email,
        "Phone": profile.phone,
        "Country": profile.country,
        "City": profile.city,
        "State": profile.state,
        "ZipCode": profile.zip_code,
        "Address": profile.address,
        "Company": profile.company,
    }


def _spelled(record: dict[str, Any], edits: dict[str, str]) -> dict[str, str]:
    """The edits under the names this server uses: some write ZIPCode for ZipCode."""
    names = {name.lower(): name for name in record}
    return {names.get(name.lower(), name): value for name, value in edits.items()}


def _holds(record: dict[str, Any], edits: dict[str, str]) -> bool:
    return all(str(record.get(name, "")) == value for name, value in edits.items())


def _params(record: dict[str, Any]) -> dict[str, str | int]:
    by_name = {name.lower(): value for name, value in record.items()}
    return {param: str(by_name[name.lower()]) for name, param in _PARAMS if name.lower() in by_name}


def _json(record: dict[str, Any]) -> str:
    return msgspec.json.encode(record).decode()


def _login_of(answer: Answer) -> int | None:
    try:
        return records.whole(records.record_of(answer.json), "Login") or None
    except Unreadable:
        return None
