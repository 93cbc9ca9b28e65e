"""Clients and accounts: a client for an e-mail address, an account code drawn from our own id."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from brokerage.trading.connector import Access, Account, NewAccount, Profile, Which
from brokerage.trading.connectors.dxtrade import ids, records
from brokerage.trading.connectors.dxtrade.link import ADMIN, Link
from brokerage.trading.told import bent
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, not_sent, technical
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_TRIES: Final = 3
Row = dict[str, Any]

LEVERAGE: Final = "the leverage follows the category: move the account to another group instead"
LOGIN: Final = "an account may trade, only close, or not trade; it cannot be shut to its client"
INVESTOR: Final = "a client has one password and no investor's"
TAKEN: Final = "every account code that fits is taken"


class Accounts:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._settings = link.settings

    async def create(self, new: NewAccount) -> Outcome:
        """The client first (made, or given the new password), then the account under our code.

        The code is drawn from our id, so that after silence the same one is looked for.
        """
        if "@" not in new.profile.email:
            return hard("no-email", "DXtrade knows a client by e-mail, and there is none")
        if new.access not in records.STATUSES:
            return hard("no-such-access", LOGIN)
        login = ids.client_login(new.profile.email)
        try:
            owner = await self._client(login, new)
            if not isinstance(owner, Confirmed):
                return technical(owner.code, owner.text) if isinstance(owner, Unknown) else owner
        except Refusal as why:
            # Nothing was asked about the account itself yet.
            return not_sent(why) if isinstance(why, Unreachable) else technical(why.code, str(why))
        for code in ids.candidates(new.external_id, new.login):
            made = await self._account(code, login, new)
            if made is not None:
                return made
        return hard("codes-exhausted", TAKEN)

    async def _account(self, code: int, owner: str, new: NewAccount) -> Outcome | None:
        """One account under one code; None where the code is somebody else's."""
        body = {
            "clearingCode": self._settings.clearing,
            "accountCode": str(code),
            "brokerCode": self._settings.broker,
            "type": self._settings.kind,
            "status": records.STATUSES[new.access],
            "accountCashType": "MARGIN",
            "accountType": "CLIENT",
            "currency": self.currency(new.group),
            "categories": [{"category": self._settings.group_domain, "value": new.group}],
            "metadata": {"externalId": new.external_id, "client": owner},
        }
        path = f"/api/register/client/{quote(self._settings.domain)}/{owner}/account"
        try:
            said = await self._link.change("POST", path, body)
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            return Unknown(why.code)
        if isinstance(said, Refused):
            return said
        if not isinstance(said, Unknown):
            return Confirmed(str(code))
        try:
            # 409 says that the code is taken, and may say so of our own account.
            known = await self._admin(code)
        except NotFound:
            return said
        except Unavailable:
            return said
        return Confirmed(str(code)) if _external(known[0]) == new.external_id else None

    async def _client(self, login: str, new: NewAccount) -> Outcome:
        """The client of an e-mail, made or given the new password. Raises as the link."""
        body = {
            "domain": self._settings.domain,
            "login": login,
            "brokerCode": self._settings.broker,
            "type": "RETAIL",
            "status": "ACTIVE",
            "password": new.password,
            **_described(new.profile),
        }
        try:
            await self._link.read(ADMIN, self._client_path(login))
        except NotFound:
            said = await self._link.change("POST", "/api/register/client", body)
            if not isinstance(said, Unknown):
                return said if isinstance(said, Refused) else Confirmed(login)
        return await self._change_client(login, {"password": new.password})

    async def find(self, external_id: str, group: str, login: int) -> int | None:
        """Under the codes we would have given it, in the order we would have tried them."""
        del group  # The account's code follows from our id.
        for code in ids.candidates(external_id, login):
            try:
                known, _ = await self._admin(code)
            except NotFound:
                return None
            if _external(known) == external_id:
                return code
        return None

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._of_client(login, _described(profile))

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        """Of the account's client, so of all accounts that person has."""
        if which is not Which.MAIN:
            return hard("no-such-password", INVESTOR)
        return await self._of_client(login, {"password": password})

    async def set_group(self, login: int, group: str) -> Outcome:
        path = f"{self._link.account(login)}/category/{quote(self._settings.group_domain)}"
        try:
            said = await self._link.change("PUT", path, {"value": group})
        except Unreachable as why:
            return not_sent(why)
        except NoAnswer as why:
            said = Unknown(why.code)
        if not isinstance(said, Unknown):
            return said if isinstance(said, Refused) else Confirmed(str(login))
        return await self._now(
            login, said, lambda row: records.group_of(row, self._settings), group
        )

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        del login, leverage
        await asyncio.sleep(0)
        return hard("no-leverage", LEVERAGE)

    async def set_access(self, login: int, access: Access) -> Outcome:
        """Read, change, write back under the ETag; read again where somebody was quicker."""
        status = records.STATUSES.get(access)
        if status is None:
            return hard("no-such-access", LOGIN)
        said: Any = technical("changed-meanwhile")
        for _ in range(_TRIES):
            try:
                _, etag = await self._admin(login)
                said = await self._link.change(
                    "PUT", self._link.account(login), {"status": status}, etag
                )
            except NotFound:
                return hard("no-such-account", "no such account")
            except NoAnswer as why:
                said = Unknown(why.code)
            except Unavailable as why:
                return not_sent(why)
            if not (isinstance(said, Refused) and said.code == "changed-meanwhile"):
                break
        if isinstance(said, Unknown):
            return await self._now(login, said, lambda row: str(row.get("status")), status)
        return said if isinstance(said, Refused) else Confirmed(str(login))

    async def get(self, login: int) -> Account:
        known, _ = await self._admin(login)
        row = await self.metrics(login)
        return records.account(known, row, self._settings, await self._name(known))

    async def metrics(self, login: int) -> Row:
        """The account's money, with that of its positions."""
        rows = await self._link.rows(
            f"/accounts/{quote(self._link.code(login), safe='')}/metrics",
            "metrics",
            {"include-positions": "true"},
        )
        if len(rows) != 1:
            raise Unreadable("The trading server's answer could not be read.")
        return records.row(rows[0])

    async def logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        """Accounts of our clearing code in some groups; codes of letters are not ours."""
        body, _ = await self._link.read(
            ADMIN, "/api/register/account", {"type": self._settings.kind}
        )
        if not isinstance(body, list):
            raise Unreadable("The trading server's answer could not be read.")
        found: list[int] = []
        for row in body:
            code = row.get("accountCode") if isinstance(row, dict) else None
            ours = isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 18
            if not ours or row.get("clearingCode") != self._settings.clearing:
                continue
            if "*" in groups or records.group_of(row, self._settings) in groups:
                found.append(int(str(code)))
        return tuple(sorted(found))

    async def account_currency(self, login: int) -> str:
        """An account's currency never changes: it is asked for once. Raises as the link."""
        kept = self._link.kept(f"currency-{login}")
        if isinstance(kept, str):
            return kept
        known, _ = await self._admin(login)
        found = str(known.get("currency") or "")
        if not found:
            raise bent("currency is missing")
        await self._link.keep(f"currency-{login}", found)
        return found

    def currency(self, group: str) -> str:
        return self._settings.currencies.get(group, self._settings.currency)

    async def _admin(self, login: int) -> tuple[Row, str]:
        body, etag = await self._link.read(ADMIN, self._link.account(login))
        return records.row(body), etag

    async def _name(self, known: Row) -> str:
        owner = _owner(known)
        if not owner:
            return ""
        try:
            body, _ = await self._link.read(ADMIN, self._client_path(owner))
        except NotFound:
            return ""
        return str(records.row(body).get("fullName") or "")

    def _client_path(self, login: str) -> str:
        return f"/api/register/client/{quote(self._settings.domain)}/{quote(login)}"

    async def _of_client(self, login: int, body: Row) -> Outcome:
        """A change of the client whom an account belongs to."""
        try:
            known, _ = await self._admin(login)
            owner = _owner(known)
            if not owner:
                return hard(
                    "no-such-client", "the account was not opened by us: its client is not told"
                )
            outcome = await self._change_client(owner, body)
        except NotFound:
            return hard("no-such-account", "no such account")
        except Unavailable as why:
            return not_sent(why)
        return Confirmed(str(login)) if isinstance(outcome, Confirmed) else outcome

    async def _change_client(self, owner: str, body: Row) -> Outcome:
        """Read, change, write back under the ETag. Raises NotFound, Unavailable where reading fails."""
        said: Any = technical("changed-meanwhile")
        for _ in range(_TRIES):
            _known, etag = await self._link.read(ADMIN, self._client_path(owner))
            try:
                said = await self._link.change("PUT", self._client_path(owner), body, etag)
            except Unreachable as why:
                return not_sent(why)
            except NoAnswer as why:
                # The same again does no harm; whether it was done shows in nothing that is told.
                return Unknown(why.code)
            if not (isinstance(said, Refused) and said.code == "changed-meanwhile"):
                break
        return said if isinstance(said, Refused | Unknown) else Confirmed(owner)

    async def _now(self, login: int, said: Unknown, value: Any, wanted: str) -> Outcome:
        """After silence the account itself tells."""
        try:
            known, _ = await self._admin(login)
        except Refusal:
            return said
        return Confirmed(str(login)) if value(known) == wanted else technical("not-applied")


def _described(profile: Profile) -> Row:
    return {
        "fullName": profile.name,
        "email": profile.email,
        "phone": profile.phone,
        "company": profile.company,
        "location": {
            "country": profile.country,
            "city": profile.city,
            "region": profile.state,
            "zipCode": profile.zip_code,
            "street": profile.address,
        },
    }


def _metadata(known: Row) -> Row:
    found = known.get("metadata")
    return found if isinstance(found, dict) else {}


def _external(known: Row) -> str:
    return str(_metadata(known).get("externalId") or "")


def _owner(known: Row) -> str:
    return str(_metadata(known).get("client") or "")
