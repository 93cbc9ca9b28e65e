"""A provider's settlement file over its own record; told to, it leaves things out or invents some."""

import csv
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.common.wire import Answer, Asked

FEE = Decimal("0.014")


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement of a merchant's balance: `amount` in major units, plus came in."""

    id: str
    payment: str
    ours: str
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    fee: Decimal = Decimal(0)


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)


def fee_of(amount: Decimal, places: int) -> Decimal:
    """What this provider keeps of a payment: 1.4 percent."""
    return (amount * FEE).quantize(Decimal(1).scaleb(-places))


def wanted(asked: Asked, moved: Sequence[Moved]) -> list[Moved]:
    """The rows of one file: `since` and `until` (ISO), without those in `omit`, and `extra`.

    `omit` names ids or our references, `extra` amounts such as `12.50:EUR`: how a file lies.
    """
    query = asked.query
    since = datetime.fromisoformat(query["since"]) if query.get("since") else None
    until = datetime.fromisoformat(query["until"]) if query.get("until") else None
    omitted = {one for one in query.get("omit", "").split(",") if one}
    kept = [
        one
        for one in moved
        if not ({one.id, one.payment, one.ours} & omitted)
        and (since is None or one.at >= since)
        and (until is None or one.at < until)
    ]
    last = max((one.at for one in kept), default=moment(0) if until is None else until)
    for told in filter(None, query.get("extra", "").split(",")):
        amount, _, currency = told.partition(":")
        name = f"x_{secrets.token_hex(8)}"
        kept.append(Moved(name, name, "", "payment", Decimal(amount), currency.upper(), last))
    return sorted(kept, key=lambda one: (one.at, one.id))


def as_csv(header: Sequence[str], rows: Sequence[Sequence[object]], separator: str) -> Answer:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(header)
    writer.writerows(rows)
    return Answer(200, out.getvalue().encode(), (("content-type", "text/csv; charset=utf-8"),))
