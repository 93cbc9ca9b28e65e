"""A provider's settlement file: CSV in the provider's own columns, read by the tenant's mapping."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from brokerage.recon.reading import figures
from brokerage.recon.settings import Settlement
from brokerage.recon.values import Fault, Line, Read, Statement, Unreadable
from stoa.kernel import currencies
from stoa.theming.texts import N_

MOST_LINES: Final = 200_000
MOST_FAULTS: Final = 500
_LONGEST_CELL: Final = 2_000
_MOST_COLUMNS: Final = 120
_NUMBER: Final = re.compile(r"[+-]?\d{1,16}(?:\.\d{1,18})?", re.ASCII)


@dataclass(slots=True)
class _Row:
    """One row's cells by the mapping's words."""

    line: int
    cells: dict[str, str]


def read(text: str, mapping: Settlement, *, most: int = MOST_LINES) -> Read:
    """Every row as a line. Raises Unreadable when it is no such file; rows' faults are told."""
    rows, places = _table(text, mapping)
    made = Read("settlement")
    found: dict[str, Statement] = {}
    seen: dict[str, int] = {}
    count = 0
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > most:
                raise Unreadable(N_("This file has more than {most} lines. Split it."), most=most)
            _take(
                made, found, seen, _row(cells, places, rows.line_num + mapping.skip_lines), mapping
            )
            if len(made.faults) > MOST_FAULTS:
                break
    except csv.Error as why:
        raise Unreadable(
            N_("Line {line} cannot be read. Is a quote missing?"), line=rows.line_num
        ) from why
    if not count:
        raise Unreadable(N_("This file has no rows."))
    made.statements = list(found.values())
    return made


def headings(text: str, mapping: Settlement) -> list[str]:
    """The first line's cells, to choose columns from."""
    separator = _separator(text, mapping)
    return [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=separator), [])]


def _separator(text: str, mapping: Settlement) -> str:
    if mapping.separator != "auto":
        return {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}[mapping.separator]
    first = text.split("\n", 1)[0][:8000]
    return max(",;\t|", key=first.count)


def _table(text: str, mapping: Settlement) -> tuple[Any, dict[str, int]]:
    body = text.lstrip("\r\n").split("\n", mapping.skip_lines)[-1] if mapping.skip_lines else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=_separator(body, mapping))
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
    except csv.Error as why:
        raise Unreadable(N_("Line {line} cannot be read. Is a quote missing?"), line=1) from why
    if len(header) > _MOST_COLUMNS:
        raise Unreadable(N_("This file has too many columns."), line=1)
    wanted = {name: column for name, column in mapping.columns.named() if column}
    missing = [column for column in wanted.values() if column.strip().casefold() not in header]
    if missing:
        raise Unreadable(
            N_(
                "The first line has no column {column}. Compare the mapping of this provider with the "
                "file."
            ),
            line=1,
            column=missing[0],
        )
    return reader, {name: header.index(one.strip().casefold()) for name, one in wanted.items()}


def _row(cells: Sequence[str], places: dict[str, int], line: int) -> _Row:
    return _Row(
        line,
        {
            name: cells[at].strip()[:_LONGEST_CELL] if at < len(cells) else ""
            for name, at in places.items()
        },
    )


def _take(
    made: Read,
    found: dict[str, Statement],
    seen: dict[str, int],
    row: _Row,
    mapping: Settlement,
) -> None:
    line = _line(made, row, mapping)
    if line is None:
        return
    if line.key in seen:
        made.faults.append(
            Fault(row.line, N_("Line {other} has the same id."), {"other": seen[line.key]})
        )
        return
    seen[line.key] = row.line
    known = found.get(line.currency)
    if known is None:
        known = found[line.currency] = Statement(
            account=mapping.psp, currency=line.currency, since=line.at, until=line.at
        )
    known.since = min(known.since, line.at)
    known.until = max(known.until, line.at + timedelta(seconds=1))
    known.lines.append(line)


def _line(made: Read, row: _Row, mapping: Settlement) -> Line | None:
    def fault(sentence: str, **places: Any) -> None:
        made.faults.append(Fault(row.line, sentence, places))

    said = row.cells.get("kind", "")
    kind = mapping.kind_of(said)
    if kind is None:
        fault(N_("“{word}” is no kind of movement the mapping knows."), word=said[:60])
        return None
    if kind == "ignore":
        return None
    currency = (row.cells.get("currency") or mapping.currency).upper()
    if not currencies.known(currency):
        fault(N_("“{word}” is no currency we carry."), word=currency[:12])
        return None
    gross = _number(row.cells.get("gross", ""), mapping, currency)
    if gross is None and not row.cells.get("gross") and kind == "fee":
        gross = Decimal(0)
    fee = _number(row.cells["fee"], mapping, currency) if row.cells.get("fee") else Decimal(0)
    if gross is None or fee is None:
        fault(N_("“{word}” is no amount."), word=(row.cells.get("gross") or "")[:40])
        return None
    if not figures.fits(gross, currency) or not figures.fits(fee, currency):
        fault(N_("{amount} {currency} is no amount of a currency we carry."),
              amount=str(gross), currency=currency)  # fmt: skip
        return None
    at = _moment(row.cells.get("at", ""), mapping)
    if at is None:
        fault(N_("“{word}” is no date as the mapping has it."), word=row.cells.get("at", "")[:40])
        return None
    own = row.cells.get("id", "")
    if not own:
        fault(N_("This line has no id."))
        return None
    return Line(
        line=row.line,
        entry=f"{kind}|{own}"[:120],
        key=f"{kind}|{own}"[:150],
        kind=kind,
        amount=_signed(gross, kind, mapping),
        fee=abs(fee),
        currency=currency,
        at=at,
        reference=figures.tidy(row.cells.get("reference", ""), 120),
        provider_id=figures.tidy(row.cells.get("payment", "") or own, 120),
        text=figures.tidy(row.cells.get("text", ""), 200),
    )


def _signed(gross: Decimal, kind: str, mapping: Settlement) -> Decimal:
    """Plus is money we now have at the provider."""
    if mapping.sign == "signed":
        return gross
    if mapping.sign == "inverted":
        return -gross
    return abs(gross) if kind in {"payment", "reversal"} else -abs(gross)


def _number(text: str, mapping: Settlement, currency: str) -> Decimal | None:
    plain = text.replace("\u00a0", "").replace(" ", "").replace("\u2212", "-").replace("'", "")
    if mapping.decimal == "comma":
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    if not _NUMBER.fullmatch(plain):
        return None
    value = Decimal(plain)
    return value.scaleb(-currencies.exponent(currency)) if mapping.minor_units else value


def _moment(text: str, mapping: Settlement) -> datetime | None:
    if mapping.date_format == "unix":
        return datetime.fromtimestamp(int(text), UTC) if re.fullmatch(r"\d{9,11}", text) else None
    if mapping.date_format == "iso":
        return figures.moment(text, mapping.time_zone)
    try:
        made = datetime.strptime(text, mapping.pattern)  # noqa: DTZ007 - the zone is the mapping's
    except ValueError:
        return None
    return made.replace(tzinfo=ZoneInfo(mapping.time_zone)).astimezone(UTC)
