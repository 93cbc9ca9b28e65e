"""The brand's pictures: logos for light and dark ground and the icon, made anew before they are kept."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.files import serve, store
from stoa.files.inspection import IMAGES
from stoa.files.prepared import Page
from stoa.files.taking import sending, taken_apart
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy import settings
from stoa.tenancy.work import Work
from stoa.theming import reasons
from stoa.theming.brand import PICTURES, Brand
from stoa.theming.module import Branding
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/brand"
SHOWN_AS: Final = {
    "logo_light": (N_("Logo"), N_("In the bar and in letters, on light ground.")),
    "logo_dark": (N_("Logo for dark mode"), N_("Without one, the logo above is shown there too.")),
    "icon": (N_("Icon"), N_("A square, for the browser's tab and a phone's first screen.")),
}
SIDE_MOST: Final = 1000
"""Pixels of the longer side: sharp on the finest screens at the size that pages show."""
SMALLEST: Final = 32
UPLOADS_AN_HOUR: Final = 60


class Upload(msgspec.Struct):
    which: Annotated[str, Meta(max_length=20)]
    file: Any = None


def _fits(which: str, picture: Page) -> None:
    """Raises Invalid for what would be shown blurred or out of shape."""
    if min(picture.width, picture.height) < SMALLEST:
        raise Invalid(
            "This picture has {width} × {height} pixels; each side needs {least} to be sharp.",
            field="file",
            width=picture.width,
            height=picture.height,
            least=SMALLEST,
        )
    if which == "icon" and picture.width != picture.height:
        raise Invalid(
            "An icon is square; this picture has {width} × {height} pixels.",
            field="file",
            width=picture.width,
            height=picture.height,
        )


@post(f"{HERE}/pictures", access=access.desk(Branding.EDIT, own_transaction=True))
async def add(request: AnyRequest) -> Response[Any]:
    """The picture is taken apart first; then it is kept and published with the brand as it is."""
    async with sending(request, "brand.picture.begin"):
        form = await forms.read(request, Upload)
    if form.which not in PICTURES:
        raise NotFound
    seen, made = await taken_apart(
        request,
        form.file,
        what="brand.picture",
        most=UPLOADS_AN_HOUR,
        accept=IMAGES,
        keep_alpha=True,
        longest_side=SIDE_MOST,
    )
    _fits(form.which, made.pages[0])
    async with sending(request, "brand.picture") as work:
        file = await store.store_prepared(work, None, serve.BRAND, seen, made)
        await _put(work, form.which, file.id)
    return go(request, HERE, notice=N_("Published."))


@post(HERE + "/pictures/{which:str}/remove", access=access.desk(Branding.EDIT))
async def remove(
    request: AnyRequest, work: NamedDependency[Work], which: FromPath[str]
) -> Response[Any]:
    """Pages show the monogram again. The file stays, since an earlier version may come back."""
    if which not in PICTURES:
        raise NotFound
    await _put(work, which, None)
    return go(request, HERE, notice=N_("Published."))


async def _put(work: Work, which: str, file: Any) -> None:
    changed = msgspec.structs.replace(work.settings(Brand), **{which: file})
    await settings.put(work, "brand", changed, why=reasons.PICTURE)


ALL: Final = [add, remove]
