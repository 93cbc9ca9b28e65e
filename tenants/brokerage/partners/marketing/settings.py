"""Banners and landing pages that introducers may use, and the hosts that links may lead to."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,38}$")]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2}$")]
Host = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$")]


class Landing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page that a link may lead to: a path of the broker's own site here, or an address elsewhere."""

    code: Name
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    url: Annotated[str, Meta(max_length=500)]
    language: Language = "en"


class Banner(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture of ours, its size in pixels, and the landing page it leads to ("" is the first page).

    One that has ended is shown on to nobody new; what is embedded somewhere stays.
    """

    code: Name
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    file: UUID
    width: Annotated[int, Meta(ge=1, le=5000)]
    height: Annotated[int, Meta(ge=1, le=5000)]
    language: Language = "en"
    landing: str = ""
    ended_at: datetime | None = None


def local(url: str) -> bool:
    """Whether it is a path of our own site."""
    return url.startswith("/") and not url.startswith(("//", "/\\")) and "\\" not in url


def allowed(url: str, hosts: tuple[str, ...]) -> bool:
    """A path of our own, or https at one of the listed hosts, without a user or a port."""
    if any(ord(sign) < 33 for sign in url) or "\\" in url:
        return False
    if local(url):
        return True
    try:
        parts = urlsplit(url)
        plain = parts.port is None and parts.username is None and parts.password is None
    except ValueError:
        return False
    return parts.scheme == "https" and plain and (parts.hostname or "") in hosts


class MarketingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    hosts: tuple[Host, ...] = ()
    """Besides the broker's own site: where landing pages may be."""
    landings: tuple[Landing, ...] = ()
    banners: Annotated[tuple[Banner, ...], Meta(max_length=200)] = ()

    def __post_init__(self) -> None:
        pages = [one.code for one in self.landings]
        pictures = [one.code for one in self.banners]
        if len(set(pages)) != len(pages) or len(set(pictures)) != len(pictures):
            raise Unfit("two pages or two banners share a code")
        for page in self.landings:
            if not allowed(page.url, self.hosts):
                raise Unfit("the page {code} is at none of the listed hosts", code=page.code)
        for picture in self.banners:
            if picture.landing and picture.landing not in pages:
                raise Unfit("the banner {code} leads to no listed page", code=picture.code)

    def landing(self, code: str) -> Landing | None:
        return next((one for one in self.landings if one.code == code), None)

    def banner(self, code: str) -> Banner | None:
        return next((one for one in self.banners if one.code == code), None)
