"""A file of fees as text or workbook: one line each, all of it or nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.partners.fees.booking import Fact
from brokerage.partners.objecting import sheets
from brokerage.trading.model import TradingAccount
from stoa.files import tabular
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

MOST: Final = 5_000
COLUMNS: Final = ("kind", "reference", "client", "login", "amount", "currency", "time")
_NEEDED: Final = frozenset(COLUMNS) - {"client", "login"}


async def read(work: Work, content: bytes) -> list[Fact]:
    """Whose a fee is, is told by `client` (our id) or by `login` (a trading account's number).

    Raises Invalid naming the line; nothing is guessed.
    """
    rows, separator = tabular.rows(content)
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if not set(header) >= _NEEDED or not {"client", "login"} & set(header):
        raise Invalid(
            "The first line must name the columns: {columns}.",
            field="file",
            columns=", ".join(COLUMNS),
        )
    lines = [
        (number, {name: cell.strip() for name, cell in zip(header, cells, strict=False)})
        for number, cells in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    if not lines or len(lines) > MOST:
        raise Invalid("A file has 1 to {n} lines.", field="file", n=MOST)
    owners = await _owners(work, [told.get("login", "") for _, told in lines])
    return [_fact(number, told, separator, owners) for number, told in lines]


async def _owners(work: Work, logins: Sequence[str]) -> dict[int, list[tuple[UUID, UUID]]]:
    wanted = [int(one) for one in logins if one.isascii() and one.isdigit() and len(one) < 19]
    found: dict[int, list[tuple[UUID, UUID]]] = {}
    if wanted:
        for row in await work.table(
            select(TradingAccount.login, TradingAccount.client, TradingAccount.id).where(
                TradingAccount.login.in_(wanted), TradingAccount.kind == "live"
            )
        ):
            found.setdefault(row.login, []).append((row.client, row.id))
    return found


def _fact(
    line: int, told: dict[str, str], separator: str, owners: dict[int, list[tuple[UUID, UUID]]]
) -> Fact:
    amount = sheets.number(told["amount"], separator)
    if amount is None:
        raise Invalid("Line {line}: the amount is not a number.", field="file", line=line)
    try:
        at = datetime.fromisoformat(told["time"])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError as why:
        raise Invalid(
            "Line {line}: write the time as 2026-10-05T14:30:00Z.", field="file", line=line
        ) from why
    client, account = _owner(line, told, owners)
    return Fact(
        kind=told["kind"].casefold(),
        reference=told["reference"],
        client=client,
        amount=amount,
        currency=told["currency"].upper(),
        at=at,
        account=account,
    )


def _owner(
    line: int, told: dict[str, str], owners: dict[int, list[tuple[UUID, UUID]]]
) -> tuple[UUID, UUID | None]:
    if named := told.get("client", ""):
        try:
            return UUID(named), None
        except ValueError as why:
            raise Invalid("Line {line}: this is no client.", field="file", line=line) from why
    login = told.get("login", "")
    held = owners.get(int(login), []) if login.isascii() and login.isdigit() else []
    if len(held) != 1:
        raise Invalid(
            "Line {line}: this number is of no live account, or of several.",
            field="file",
            line=line,
        )
    return held[0]
