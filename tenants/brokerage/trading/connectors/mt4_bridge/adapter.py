"""MT4 behind a bridge as the product's trading port."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from brokerage.trading.connector import (
    Access,
    Account,
    Capabilities,
    Deal,
    DealBatch,
    DealCursor,
    Group,
    MoneyKind,
    NewAccount,
    News,
    Position,
    Profile,
    Symbol,
    Ticks,
    Verb,
    Which,
)
from brokerage.trading.connectors.mt4_bridge import records
from brokerage.trading.connectors.mt4_bridge.events import Events
from brokerage.trading.connectors.mt4_bridge.settings import Settings
from brokerage.trading.connectors.mt4_bridge.trades import Trades
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Confirmed, Outcome, Refused, Unknown, hard, technical
from stoa.connectors.rest import Rest, Said
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import Refusal

COMMENT_LENGTH: Final = 31
VERSION: Final = 1
_KINDS: Final = MappingProxyType(
    {
        MoneyKind.DEPOSIT: "balance",
        MoneyKind.WITHDRAWAL: "balance",
        MoneyKind.CREDIT_IN: "credit",
        MoneyKind.CREDIT_OUT: "credit",
    }
)
_TECHNICAL: Final = frozenset({"slower", "key", "malformed", "method"})


class Mt4Bridge:
    """One MT4 server behind its bridge. Events are pushed; the trades are what counts."""

    code: ClassVar[str] = "mt4-bridge"
    label: ClassVar[str] = "MetaTrader 4 (bridge)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb),
        access=frozenset({Access.FULL, Access.NO_TRADING, Access.NO_LOGIN}),
        money=frozenset(_KINDS),
        push=True,
        idempotent_money=True,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._api = Rest(
            line,
            settings.base_url,
            headers=self._headers,
            error=_fault,
            technical=_TECHNICAL,
        )
        self._trades = Trades(self._api, settings)
        self._events = Events(settings, secrets, line)

    @property
    def identity(self) -> str:
        """A bridge serves one MT4 server for one broker."""
        parts = urlsplit(self._settings.base_url.lower())
        return f"{self.code}|{parts.netloc}{parts.path.rstrip('/')}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settings.settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        if new.access not in self.capabilities.access:
            return hard("no-such-access", "MT4 has no right that only closes")
        body = msgspec.structs.asdict(new.profile) | {
            "external_id": new.external_id,
            "group": new.group,
            "leverage": new.leverage,
            "access": str(new.access),
            "password": new.password,
            "investor_password": new.investor_password,
            "login": new.login,
        }
        return await self._change("POST", "/v1/accounts", body, "login")

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        said = await self._api.get("/v1/accounts", {"external_id": external_id})
        found = records.convert(records.rows(said, "logins"), list[int])
        if login:
            return login if login in found else None
        return min(found, default=None)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._patch(login, msgspec.structs.asdict(profile))

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._patch(login, {"group": group})

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._patch(login, {"leverage": leverage})

    async def set_access(self, login: int, access: Access) -> Outcome:
        if access not in self.capabilities.access:
            return hard("no-such-access", "MT4 has no right that only closes")
        return await self._patch(login, {"access": str(access)})

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        body = {"which": str(which), "password": password}
        return await self._change("POST", f"/v1/accounts/{login}/password", body, "login")

    async def balance_op(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str = ""
    ) -> Outcome:
        if not amount.is_finite() or amount <= 0:
            raise ValueError("an operation moves a positive amount; its direction is in its kind")
        if not external_id.isascii() or len(external_id.split()) != 1:
            raise ValueError("the mark is one plain word")
        if len(external_id) > COMMENT_LENGTH:
            raise ValueError("the mark must fit the comment whole")
        if kind not in _KINDS:
            return hard("no-such-kind", "MT4 moves balance and credit only")
        body = {
            "kind": _KINDS[kind],
            "amount": format(-amount if kind.outward else amount, "f"),
            "external_id": external_id,
            "comment": comment[: max(0, COMMENT_LENGTH - len(external_id) - 1)],
        }
        return await self._change("POST", f"/v1/accounts/{login}/balance", body, "ticket")

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        return await self._trades.operation(login, external_id, since)

    async def get_account(self, login: int) -> Account:
        said = await self._api.get(f"/v1/accounts/{login}")
        return records.convert(said, records.RawAccount).value()

    async def get_positions(self, login: int) -> tuple[Position, ...]:
        return await self._trades.positions(login)

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        return await self._trades.since(logins, since, until)

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        said = await self._api.get("/v1/accounts", {"groups": ",".join(groups)})
        return tuple(records.convert(records.rows(said, "logins"), list[int]))

    async def list_groups(self) -> tuple[Group, ...]:
        said = await self._api.get("/v1/groups")
        rows = records.rows(said, "groups")
        return tuple(records.convert(row, records.RawGroup).value() for row in rows)

    async def list_symbols(self) -> tuple[Symbol, ...]:
        said = await self._api.get("/v1/symbols")
        return tuple(records.symbol_of(row) for row in records.rows(said, "symbols"))

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        asked: dict[str, str | int] = {"symbols": ",".join(symbols), "since": since}
        said = await self._api.get("/v1/prices", asked)
        rows = records.rows(said, "prices")
        ticks = tuple(records.convert(row, records.RawPrice).value() for row in rows)
        return Ticks(ticks, max(since, records.convert(said.get("since", since), int)))

    async def moved(self) -> int | None:
        """It tells by itself."""
        return None

    def stream(self) -> AsyncIterator[News]:
        return self._events.stream()

    async def test_connection(self) -> list[Check]:
        """Show the key, see the groups, and that MT4 itself is there."""
        try:
            server = await self._api.get("/v1/server")
            groups = await self.list_groups()
        except Refusal as why:
            return [failed("Log in as manager", why)]
        fine = server.get("version") == VERSION and server.get("connected") is True
        return [
            Check("Log in as manager", fine=fine, text=str(server.get("name", ""))[:80]),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
        ]

    async def aclose(self) -> None:
        """Nothing is kept open but the stream, which ends with who listens."""

    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._secrets.current(self._settings.key)}"}

    async def _patch(self, login: int, body: dict[str, Any]) -> Outcome:
        return await self._change("PATCH", f"/v1/accounts/{login}", body, "login")

    async def _change(self, method: str, path: str, body: Said, reference: str) -> Outcome:
        """One call, never repeated; done without a reference is unknown."""
        try:
            said = await self._api.change(method, path, body)
        except Unreachable as why:
            return technical(why.code)
        except NoAnswer as why:
            return Unknown(why.code)
        if isinstance(said, Refused | Unknown):
            return said
        number = said.get(reference)
        if isinstance(number, int) and number > 0:
            return Confirmed(str(number))
        return Unknown("no-reference")


def _fault(said: Said) -> tuple[str, str]:
    error = said.get("error")
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code", ""))[:40], str(error.get("text", ""))[:200]
