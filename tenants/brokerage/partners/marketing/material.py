"""Adding and ending banners and landing pages; where a click on one of them leads."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from brokerage.partners.marketing.settings import (
    Banner,
    Landing,
    MarketingSettings,
    allowed,
)
from brokerage.partners.permissions import Partners
from stoa.files import store
from stoa.files.inspection import Inspected
from stoa.files.prepared import Prepared
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.work import Work

SLICE: Final = "marketing"
KIND: Final = "partner.banner"
SIDE_MOST: Final = 2000
"""Pixels of a banner's longer side: the largest that any page shows, twice as fine."""
FIRST_PAGE: Final = "/"


async def _put(work: Work, why: str, **changed: Any) -> None:
    """A new version, checked as one whole. Raises Invalid."""
    mine = work.settings(MarketingSettings)
    try:
        told = msgspec.to_builtins(msgspec.structs.replace(mine, **changed))
        value = msgspec.convert(told, MarketingSettings, strict=False)
    except (msgspec.ValidationError, ValueError) as fault:
        raise Invalid("{problem}. Nothing was changed.", problem=str(fault)) from fault
    await settings.put(work, SLICE, value, why=why)


async def add_banner(
    work: Work,
    *,
    code: str,
    title: str,
    language: str,
    landing: str,
    seen: Inspected,
    made: Prepared,
) -> Banner:
    """Keep a picture that was made anew. Raises Invalid, Conflict for a code that is taken."""
    work.require(Partners.EDIT)
    mine = work.settings(MarketingSettings)
    if mine.banner(code) is not None:
        raise Conflict("There is a banner with this code already. Nothing was changed.")
    if landing and mine.landing(landing) is None:
        raise Invalid("Choose one of the listed pages.", field="landing")
    page = made.pages[0]
    file = await store.store_prepared(work, None, KIND, seen, made)
    row = Banner(
        code=code,
        title=title.strip(),
        file=file.id,
        width=page.width,
        height=page.height,
        language=language,
        landing=landing,
    )
    await _put(work, f"Banner {code} added", banners=(*mine.banners, row))
    return row


async def end_banner(work: Work, code: str) -> None:
    """Partners see it no more; where it is embedded it is shown and counted on."""
    work.require(Partners.EDIT)
    mine = work.settings(MarketingSettings)
    row = mine.banner(code)
    if row is None:
        raise NotFound
    if row.ended_at is not None:
        raise Conflict("This banner ended before. Nothing was changed.")
    banners = tuple(
        msgspec.structs.replace(one, ended_at=work.now) if one is row else one
        for one in mine.banners
    )
    await _put(work, f"Banner {code} ended", banners=banners)


async def add_landing(work: Work, *, code: str, title: str, url: str, language: str) -> None:
    """A page that links may lead to. Raises Invalid for an address at a host that is not listed."""
    work.require(Partners.EDIT)
    mine = work.settings(MarketingSettings)
    if mine.landing(code) is not None:
        raise Conflict("There is a page with this code already. Nothing was changed.")
    if not allowed(url.strip(), mine.hosts):
        raise Invalid(
            "Links lead to our own site, or by https to one of: {hosts}. Nothing was changed.",
            field="url",
            hosts=", ".join(mine.hosts) or "–",
        )
    row = Landing(code=code, title=title.strip(), url=url.strip(), language=language)
    await _put(work, f"Page {code} added", landings=(*mine.landings, row))


async def remove_landing(work: Work, code: str) -> None:
    """Links to it lead to the first page from now on. Raises Conflict while a banner leads there."""
    work.require(Partners.EDIT)
    mine = work.settings(MarketingSettings)
    if mine.landing(code) is None:
        raise NotFound
    if any(one.landing == code and one.ended_at is None for one in mine.banners):
        raise Conflict("A banner leads to this page. End the banner first. Nothing was changed.")
    landings = tuple(one for one in mine.landings if one.code != code)
    banners = tuple(
        msgspec.structs.replace(one, landing="") if one.landing == code else one
        for one in mine.banners
    )
    await _put(work, f"Page {code} removed", landings=landings, banners=banners)


async def set_hosts(work: Work, hosts: tuple[str, ...]) -> None:
    """Where landing pages may be besides our own site. Raises Invalid."""
    work.require(Partners.EDIT)
    await _put(work, "Hosts of landing pages", hosts=hosts)


async def led(work: Work, query: Mapping[str, str]) -> tuple[str | None, str]:
    """What a click names as its source, and where it leads: nowhere but to what is listed."""
    mine = work.settings(MarketingSettings)
    banner = mine.banner(str(query.get("b", "")))
    page = mine.landing(banner.landing if banner is not None else str(query.get("to", "")))
    source = None
    if banner is not None:
        source = f"banner:{banner.code}"
    elif page is not None:
        source = f"page:{page.code}"
    return source, page.url if page is not None else FIRST_PAGE
