"""Users and trading accounts: one user for an e-mail, accounts under it, changes under a version.

An account carries no id of ours and does not tell its user, so its remarks do: `<our id> <user>`.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from brokerage.trading.connector import Access, Account, NewAccount, Profile, Which
from brokerage.trading.connectors.matchtrader import ids, records
from brokerage.trading.connectors.matchtrader.link import OUTDATED, Link
from brokerage.trading.connectors.matchtrader.reading import pages
from stoa.connectors import loose
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, not_sent, technical
from stoa.connectors.rest import Said
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

ACCOUNTS: Final = "/v1/trading-accounts"
_USERS: Final = "/v1/user-accounts"
_TAKEN: Final = "already-exists"
_PERCENT: Final = 100

INVESTOR: Final = "a user has one password and no investor's"
NOBODY: Final = "the account does not say whose it is: its client changes the password there"


class Accounts:
    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, new: NewAccount) -> Outcome:
        """The user first (made, or found by e-mail), then the account with our id in its remarks.

        A user that is there gets the new password, so that what the client is shown is true.
        """
        if "@" not in new.profile.email:
            return hard("no-email", "Match-Trader knows a client by e-mail, and there is none")
        try:
            user = await self._user(new.profile.email.lower(), new.password)
        except Refusal as why:
            # Nothing was asked about the account itself yet.
            return not_sent(why) if isinstance(why, Unreachable) else technical(why.code, str(why))
        if isinstance(user, Refused):
            return user
        body: Said = {
            "group": new.group,
            "leverageRatioPercent": new.leverage * _PERCENT,
            "accessRight": records.RIGHTS[new.access],
            "accountType": self._link.settings.kind,
            "accountDetails": _details(new.profile),
            "remarks": f"{new.external_id} {user}",
        }
        if new.login:
            body["login"] = str(new.login)
        try:
            said = await self._link.change("POST", f"{_USERS}/{_safe(user)}/trading-accounts", body)
            if isinstance(said, Refused | Unknown):
                return said
            return Confirmed(str(ids.login_of(said.get("login"))))
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)

    async def find(self, external_id: str, group: str, login: int) -> int | None:
        """By the remarks, among a group's accounts."""
        if login:
            try:
                return login if (await self.get(login)).external_id == external_id else None
            except NotFound:
                return None
        async for row in pages(self._link, ACCOUNTS, group):
            if str(row.get("remarks") or "").partition(" ")[0] == external_id:
                return ids.login_of(row.get("login"))
        return None

    async def get(self, login: int) -> Account:
        return records.account(await self._row(login))

    async def logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        found: set[int] = set()
        for group in groups:
            async for row in pages(self._link, ACCOUNTS, group):
                found.add(ids.login_of(row.get("login")))
        return tuple(sorted(found))

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._patch(login, {"group": group})

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._patch(login, {"leverageRatioPercent": leverage * _PERCENT})

    async def set_access(self, login: int, access: Access) -> Outcome:
        return await self._patch(login, {"accessRight": records.RIGHTS[access]})

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._patch(login, {"accountDetails": _details(profile)})

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        """Of the account's user, so of all accounts that person has."""
        if which is not Which.MAIN:
            return hard("no-such-password", INVESTOR)
        try:
            user = str((await self._row(login)).get("remarks") or "").partition(" ")[2]
            if not user:
                return hard("no-user", NOBODY)
            said = await self._set_password(user, password)
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

    async def _patch(self, login: int, change: Said) -> Outcome:
        """Under the version just read; if somebody was faster, read again and try once more."""
        said = await self._try(login, change)
        outdated = isinstance(said, Refused) and said.code == OUTDATED
        return await self._try(login, change) if outdated else said

    async def _try(self, login: int, change: Said) -> Outcome:
        """A change that may be repeated; after silence the account's version and value tell."""
        try:
            version = (await self._row(login)).get("version")
            if not isinstance(version, str):
                raise Unreadable("The trading server's answer could not be read.")
        except NotFound:
            return hard("no-such-account", "no such account")
        except Unreachable as why:
            return not_sent(why)
        except Unavailable as why:
            return technical(why.code, str(why))
        body = change | {"version": version}
        try:
            said = await self._link.change("PATCH", f"{ACCOUNTS}/{login}", body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            said = Unknown(why.code)
        if not isinstance(said, Unknown):
            return said if isinstance(said, Refused) else Confirmed(str(login))
        try:
            row = await self._row(login)
        except Refusal:
            return said
        if all(row.get(name) == value for name, value in change.items()):
            return Confirmed(str(login))
        return technical("not-applied") if row.get("version") == version else said

    async def _row(self, login: int) -> dict[str, Any]:
        row = await self._link.get(f"{ACCOUNTS}/{login}")
        if not isinstance(row, dict):
            raise Unreadable("The trading server's answer could not be read.")
        return row

    async def _user(self, email: str, password: str) -> str | Refused:
        """The user of an e-mail, made or given the new password. Raises as the link."""
        user = ""
        said = await self._link.change("POST", _USERS, {"email": email, "password": password})
        if isinstance(said, Unknown | Refused) and said.code.endswith(_TAKEN):
            known = await self._link.get(f"{_USERS}/email/{_safe(email)}")
            user = loose.text(loose.mapping(known).get("uuid"))
            said = await self._set_password(user, password)
        elif not isinstance(said, Unknown | Refused):
            user = loose.text(said.get("uuid"))
        if isinstance(said, Unknown):
            return technical(said.code, said.text)
        if isinstance(said, Refused):
            return said
        if not user:
            raise Unreadable("The trading server's answer could not be read.")
        return user

    async def _set_password(self, user: str, password: str) -> Said | Refused | Unknown:
        settings = self._link.settings
        return await self._link.change(
            settings.password_method,
            f"{_USERS}/{_safe(user)}/change-password",
            {settings.password_field: password},
        )


def _details(profile: Profile) -> Said:
    first, _, last = profile.name.partition(" ")
    return {
        "firstName": first,
        "lastName": last,
        "phoneNumber": profile.phone,
        "addressDetails": {
            "address": profile.address,
            "country": profile.country,
            "state": profile.state,
            "city": profile.city,
            "zipCode": profile.zip_code,
        },
    }


def _safe(text: str) -> str:
    return quote(text, safe="@")
