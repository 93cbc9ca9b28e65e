"""Stored files over HTTP: asked for each time, never run, never guessed."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from stoa.files import store
from stoa.files.inspection import disposition
from stoa.files.model import StoredFile
from stoa.files.store import Sheet
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.web import access

BRAND: Final = "brand.picture"
"""The kind of logos and icons, which every visitor sees."""
_SHOWN_AS_THEY_ARE: Final = frozenset({"image/jpeg", "image/png", "application/pdf"})


def answer(
    content: bytes, media_type: str, name: str, *, inline: bool = False, cached_s: int = 0
) -> Response[bytes]:
    """The bytes, in headers that let no browser make anything else of them."""
    shown = inline and media_type in _SHOWN_AS_THEY_ARE
    cache = f"public, max-age={cached_s}, immutable" if cached_s else "no-store, private"
    return Response(
        content,
        media_type=media_type if media_type in _SHOWN_AS_THEY_ARE else "application/octet-stream",
        headers={
            "content-disposition": disposition(name, inline=shown),
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "cache-control": cache,
        },
    )


def picture(sheet: Sheet, name: str) -> Response[bytes]:
    """A page of a document, for an `<img>` of ours."""
    return answer(sheet.content, sheet.media_type, name, inline=True)


async def whole(work: Work, file: StoredFile, *, inline: bool = False) -> Response[bytes]:
    """The document as a download. The caller has asked for the permission."""
    content = await store.read(work, file)
    return answer(content, file.media_type, store.name(work, file), inline=inline)


@get("/brand/{file:uuid}", access=access.public("a brand's logo is on every page"))
async def brand(
    request: Request[Any, Any, Any], work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[bytes]:
    """A logo or icon; anything else that is stored does not exist here."""
    del request
    row = await store.find(work, file)
    if row.kind != BRAND:
        raise NotFound
    sheet = await store.sheet(work, row, 1) if row.pages else None
    content = sheet.content if sheet else await store.read(work, row)
    media_type = sheet.media_type if sheet else row.media_type
    shown = answer(content, media_type, "logo", inline=True, cached_s=86_400)
    # Letters show it too, and whoever reads them in a browser reads them at another site.
    shown.headers["cross-origin-resource-policy"] = "cross-origin"
    return shown
