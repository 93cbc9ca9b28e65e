"""Users and accounts: one user for an e-mail, one password for all of a user's accounts."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from brokerage.trading.connector import Access, Account, NewAccount, Which, operation_of
from brokerage.trading.connectors.tradelocker import ids, records
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.markets import Markets
from brokerage.trading.values import Profile
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, not_sent, technical
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_OURS: Final = UUID("6f0c2f2e-5a4a-4f6d-9d3e-2f9d4c1b7a10")
_PAGE: Final = 10_000
_PAGES: Final = 100

LEVERAGE: Final = "the leverage follows the group: move the account to another group instead"
PROFILE: Final = "the Brand API does not change names; clients keep theirs in TradeLocker"
TRADING: Final = "there is no such right: an account is active, may only close, or is suspended"
INVESTOR: Final = "a user has one password and no investor's"


class Accounts:
    def __init__(self, link: Link, markets: Markets) -> None:
        self._link = link
        self._markets = markets
        self._kind = link.settings.kind

    async def create(self, new: NewAccount) -> Outcome:
        """The user first (found by e-mail, or made), then the account with our id as its name.

        A user that is there gets the new password, so that what the client is shown is true.
        """
        if new.login or new.access is not Access.FULL:
            return hard(
                "as-it-comes", "logins are TradeLocker's to choose, and accounts begin full"
            )
        if "@" not in new.profile.email:
            return hard("no-email", "TradeLocker knows a client by e-mail, and there is none")
        currency = self._markets.currency(new.group) or new.currency
        if not currency:
            return hard("no-currency", "neither the group nor the account says its currency")
        key = operation_of(new.external_id) or uuid5(_OURS, new.external_id)
        try:
            group = await self._markets.group_id(new.group)
            user = await self._user(new, key)
        except NotFound:
            return hard("no-such-group", "TradeLocker has no such group")
        except Refusal as why:
            # Nothing was asked about the account itself yet.
            return not_sent(why) if isinstance(why, Unreachable) else technical(why.code, str(why))
        if isinstance(user, Refused):
            return user
        body = {
            "userId": user,
            "accountName": new.external_id,
            "type": self._kind,
            "currency": currency,
            "groupId": group,
        }
        try:
            said = await self._link.change("POST", "/v1/accounts/create", body, key)
            if isinstance(said, Refused | Unknown):
                return said
            return Confirmed(str(ids.login_of(said.get("accountId"), self._kind)))
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)

    async def find(self, external_id: str, group: str, login: int) -> int | None:
        """By the account's name, among all of the brand."""
        del group  # The list of a brand's accounts does not tell their groups.
        if login:
            try:
                return login if (await self.get(login)).external_id == external_id else None
            except NotFound:
                return None
        for page in range(_PAGES):
            body = {"offset": page * _PAGE, "limit": _PAGE}
            said = await self._link.read("/v1/accounts/brand", body)
            rows = said.get("data")
            if not isinstance(rows, list):
                raise Unreadable("The trading server's answer could not be read.")
            for row in rows:
                if isinstance(row, dict) and row.get("accountName") == external_id:
                    return ids.login_of(row.get("accountId"), self._kind)
            if not rows or said.get("hasMore") is not True:
                return None
        return None

    async def set_group(self, login: int, group: str) -> Outcome:
        try:
            wanted = await self._markets.group_id(group)
        except NotFound:
            return hard("no-such-group", "TradeLocker has no such group")
        except Unavailable as why:
            return not_sent(why)
        return await self._set(login, "set-group", {"newGroupId": wanted}, "userGroupId", wanted)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        del login, profile
        await asyncio.sleep(0)
        return hard("no-profile", PROFILE)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        del login, leverage
        await asyncio.sleep(0)
        return hard("no-leverage", LEVERAGE)

    async def set_access(self, login: int, access: Access) -> Outcome:
        verb = records.VERBS.get(access)
        if verb is None:
            return hard("no-such-access", TRADING)
        status = next(one for one, of in records.ACCESS.items() if of is access)
        return await self._set(login, verb, {}, "status", status)

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        """Of the account's user, so of all accounts that person has."""
        if which is not Which.MAIN:
            return hard("no-such-password", INVESTOR)
        try:
            user = (await self._details(login)).get("userId")
            said = await self._link.change(
                "POST", "/v1/users/set-password", {"userId": str(user), "password": password}
            )
        except NotFound:
            return hard("no-such-account", "no such account")
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            # Setting the same password again does no harm, and nothing tells whether it was set.
            return Unknown(why.code)
        except Unavailable as why:
            return technical(why.code)
        return said if isinstance(said, Refused | Unknown) else Confirmed(str(login))

    async def get(self, login: int) -> Account:
        row = await self._details(login)
        group = await self._markets.group_name(str(row.get("userGroupId")))
        return records.account(row, self._kind, group)

    async def logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        known = await self._markets.groups_by_name()
        wanted = {known[name] for name in groups if name in known} | set(groups)
        rows = await self.statement()
        return tuple(sorted(login for login, row in rows.items() if row["userGroupId"] in wanted))

    async def statement(self) -> dict[int, dict[str, Any]]:
        """Balances of all accounts of the cluster, by login."""
        rows = await self._link.rows("/v1/reports/account-statement-report", {"type": self._kind})
        found: dict[int, dict[str, Any]] = {}
        for row in rows:
            if isinstance(row, dict):
                found[ids.login_of(row.get("accountId"), self._kind)] = row
        return found

    async def _details(self, login: int) -> dict[str, Any]:
        body = {"accountId": ids.account_id(login, self._kind)}
        return await self._link.read("/v1/accounts/details", body)

    async def _user(self, new: NewAccount, key: UUID) -> str | Refused:
        """The user of an e-mail, made or given the new password. Raises as the link."""
        email = new.profile.email.lower()
        try:
            known = await self._link.read("/v1/users/check-by-email", {"email": email})
        except NotFound:
            first, _, last = new.profile.name.partition(" ")
            body = {
                "email": email,
                "password": new.password,
                "firstName": first,
                "lastName": last,
            }
            said = await self._link.change("POST", "/v1/users/create", body, uuid5(key, "user"))
        else:
            body = {"userId": str(known.get("userId")), "password": new.password}
            said = await self._link.change("POST", "/v1/users/set-password", body)
            said = said if isinstance(said, Refused | Unknown) else known
        if isinstance(said, Unknown):
            return technical(said.code, said.text)
        return said if isinstance(said, Refused) else str(said.get("userId"))

    async def _set(
        self, login: int, verb: str, more: dict[str, str], field: str, wanted: str
    ) -> Outcome:
        """A change that may be repeated; after silence the account itself tells."""
        body = {"accountId": ids.account_id(login, self._kind)} | more
        try:
            said = await self._link.change("PUT", f"/v1/accounts/{verb}", body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            said = Unknown(why.code)
        if not isinstance(said, Unknown):
            return said if isinstance(said, Refused) else Confirmed(str(login))
        await asyncio.sleep(0)
        try:
            now = (await self._details(login)).get(field)
        except Refusal:
            return said
        return Confirmed(str(login)) if now == wanted else technical("not-applied")
