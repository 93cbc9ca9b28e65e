"""Whose a login is and whether it can be taken over: decisions, without a database or a server."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from brokerage.trading.importing.lines import How, Line, Options, Verdict
from brokerage.trading.settings import Server, TradingProduct, TradingSettings
from stoa.kernel import currencies
from stoa.kernel.refusals import Invalid

LEAST: Final = timedelta(days=2)
"""So much history is always taken: what a server tells late must not look new."""


class Known(msgspec.Struct, frozen=True):
    """What the books know of the logins asked about. `closed` are clients whose profile is closed."""

    ours: frozenset[int]
    opening: frozenset[str]
    by_external: Mapping[str, UUID]
    by_reference: Mapping[str, UUID]
    by_email: Mapping[str, UUID]
    closed: frozenset[UUID]


def judged(line: Line, known: Known, settings: TradingSettings, server: Server,
           options: Options) -> Line:  # fmt: skip
    """What becomes of a login that was read."""
    if line.login in known.ours:
        return _ends(line, Verdict.OURS)
    if line.external and line.external in known.opening:
        return _ends(line, Verdict.REFUSED, "opening")
    if not currencies.known(line.currency):
        return _ends(line, Verdict.REFUSED, "currency-unknown")
    product = product_for(settings, server, options, line.currency)
    if product is None:
        return _ends(line, Verdict.REFUSED, "currency-not-offered")
    found, how = _client(line, known)
    chosen = msgspec.structs.replace(line, product=product.code, client=found, how=how)
    if found is not None:
        if found in known.closed:
            return _ends(chosen, Verdict.REFUSED, "client-closed")
        return _ends(chosen, Verdict.MAKE)
    return _of_nobody(chosen, options)


def _client(line: Line, known: Known) -> tuple[UUID | None, How]:
    """Our own id first, then the client's reference, then the address."""
    for table, word, how in (
        (known.by_external, line.external, How.EXTERNAL),
        (known.by_reference, line.external.upper(), How.REFERENCE),
        (known.by_email, line.email.lower(), How.EMAIL),
    ):
        if word and word in table:
            return table[word], how
    return None, How.NONE


def _of_nobody(line: Line, options: Options) -> Line:
    if options.unmatched == "leave":
        return _ends(line, Verdict.NOBODY)
    if not line.email:
        return _ends(line, Verdict.REFUSED, "no-email")
    if options.unmatched == "client" and not options.country:
        return _ends(line, Verdict.REFUSED, "no-country")
    how = How.NEW_CLIENT if options.unmatched == "client" else How.NEW_LEAD
    return _ends(msgspec.structs.replace(line, how=how), Verdict.MAKE)


def _ends(line: Line, verdict: Verdict, why: str = "") -> Line:
    return msgspec.structs.replace(line, verdict=verdict, why=why)


def product_for(
    settings: TradingSettings, server: Server, options: Options, currency: str
) -> TradingProduct | None:
    """The product asked for, else the server's first, that is kept in the currency."""
    for product in settings.products:
        if product.server != server.code or currency not in product.currencies:
            continue
        if not options.product or product.code == options.product:
            return product
    return None


def names_of(name: str) -> tuple[str, str]:
    """First and last; one word is both."""
    first, _, last = name.strip().partition(" ")
    return first, last.strip() or first


def start(options: Options, now: datetime) -> datetime:
    """Where history begins. Raises Invalid for a day that is none, or lies ahead."""
    latest = now - LEAST
    if not options.since:
        return latest
    try:
        day = datetime.fromisoformat(options.since).replace(tzinfo=UTC)
    except ValueError as why:
        raise Invalid("This is not a day. Write it as 2026-03-31.", field="since") from why
    if day > now:
        raise Invalid("This day has not come yet.", field="since")
    return min(day, latest)
