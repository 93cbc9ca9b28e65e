"""Open a picture or a PDF and make it anew. Only ever runs in the worker's own process."""

import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import pypdfium2
import pypdfium2.raw
from PIL import Image, ImageOps, UnidentifiedImageError

from stoa.files import legibility
from stoa.files.inspection import MOST_PIXELS, Kind
from stoa.files.prepared import Order, Page, Prepared, Refused, Reply
from stoa.kernel.saying import N_

QUALITY: Final = 87
THUMBNAIL: Final = 320
DOTS_PER_POINT: Final = 200 / 72
MOST_PAGE_PIXELS: Final = 7_000_000
BROKEN: Final = Refused(
    N_("We could not open this file. Save it again and upload the new copy."),
    "file-broken",
)
LOCKED: Final = Refused(
    N_("This PDF is locked with a password. Save a copy without one and upload that."),
    "file-locked",
)
EMPTY: Final = Refused(
    N_("This PDF has no pages. Save it again and upload the new copy."),
    "file-broken",
)

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
Breath = Callable[[], None]


def prepare(order: Order, *, page_done: Breath = lambda: None) -> Reply:
    """Make the document anew; `page_done` is called after each page, so that long ones get time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _pdf(order, page_done) if order.kind is Kind.PDF else _picture(order)
        except (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError):
            return BROKEN
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
            return Refused("This file is too large to open. Send a smaller one.", "file-too-large")


def _picture(order: Order) -> Reply:
    with Image.open(io.BytesIO(order.content), formats=(order.kind.upper(),)) as opened:
        if order.kind is Kind.JPEG:
            # Decodes at a fraction of the size where that is enough; 40 megapixels then take 30 MB.
            opened.draft(None, (order.longest_side, order.longest_side))
        opened.load()
        alpha = order.keep_alpha and opened.has_transparency_data
        picture = _plain(_shrunk(opened, order.longest_side), alpha=alpha)
    page = _page(picture)
    return Prepared(page.content, page.media_type, (page,), _thumbnail(picture))


def _shrunk(opened: Image.Image, side: int) -> Image.Image:
    picture = opened
    if opened.mode == "P":
        picture = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    elif opened.mode.startswith("I"):
        # Sixteen bits a point: scans; the lower eight are noise.
        picture = opened.convert("I").point(lambda depth: depth * (1 / 256)).convert("L")
    if max(picture.size) > side:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _plain(picture: Image.Image, *, alpha: bool) -> Image.Image:
    """Only the points: a new picture that never saw the old one's metadata."""
    if alpha:
        shown = picture.convert("RGBA")
    elif picture.has_transparency_data:
        over = picture.convert("RGBA")
        shown = Image.new("RGB", over.size, "white")
        shown.paste(over, mask=over.getchannel("A"))
    else:
        shown = picture.convert("RGB")
    bare = Image.new(shown.mode, shown.size)
    bare.paste(shown)
    return bare


def _pdf(order: Order, page_done: Breath) -> Reply:
    try:
        pdf = pypdfium2.PdfDocument(order.content)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD
        return LOCKED if locked else BROKEN
    count = len(pdf)
    if not count:
        return EMPTY
    if count > order.most_pages:
        return Refused(
            "The PDF has {pages} pages, at most {most} are taken. Send only the pages that show "
            "what we asked for.",
            "file-too-long",
            {"pages": count, "most": order.most_pages},
        )
    pdf.init_forms()
    try:
        thumbnail, pages = b"", list[Page]()
        for picture in _rendered(pdf, order):
            thumbnail = thumbnail or _thumbnail(picture)
            pages.append(_page(picture))
            page_done()
    except pypdfium2.PdfiumError:
        return BROKEN
    return Prepared(flat_pdf(pages), "application/pdf", tuple(pages), thumbnail)


def _rendered(pdf: Any, order: Order) -> Iterator[Image.Image]:
    for number in range(len(pdf)):
        page = pdf[number]
        width, height = page.get_size()
        if width < 1 or height < 1:
            raise ValueError("a page without size")
        scale = min(
            DOTS_PER_POINT,
            order.longest_side / max(width, height),
            (MOST_PAGE_PIXELS / (width * height)) ** 0.5,
        )
        bitmap = page.render(scale=scale, rev_byteorder=True)
        yield bitmap.to_pil().convert("RGB")
        bitmap.close()
        page.close()


def _page(picture: Image.Image) -> Page:
    alpha = picture.mode == "RGBA"
    out = io.BytesIO()
    if alpha:
        picture.save(out, "PNG", optimize=False)
    else:
        picture.save(out, "JPEG", quality=QUALITY)
    return Page(
        content=out.getvalue(),
        media_type="image/png" if alpha else "image/jpeg",
        width=picture.width,
        height=picture.height,
        legibility=legibility.measure(picture),
    )


def _thumbnail(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    _plain(small, alpha=False).save(out, "JPEG", quality=80)
    return out.getvalue()


def flat_pdf(pages: list[Page]) -> bytes:
    """A PDF of nothing but pictures, one a page, written by us: no script, link, form or file."""
    kids = " ".join(f"{3 + 3 * n} 0 R" for n in range(len(pages)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    for n, page in enumerate(pages):
        width, height = (round(side / DOTS_PER_POINT, 2) for side in (page.width, page.height))
        draw = f"q {width} 0 0 {height} 0 0 cm /P Do Q".encode()
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {4 + 3 * n} "
            f"0 R /Resources << /XObject << /P {5 + 3 * n} 0 R >> >> >>".encode()
        )
        parts.append(_stream("", draw))
        parts.append(
            _stream(
                f"/Type /XObject /Subtype /Image /Width {page.width} /Height {page.height} "
                "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode ",
                page.content,
            )
        )
    return _assembled(parts)


def _stream(facts: str, content: bytes) -> bytes:
    head = f"<< {facts}/Length {len(content)} >>\nstream\n".encode()
    return b"".join((head, content, b"\nendstream"))


def _assembled(parts: list[bytes]) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places: list[int] = []
    for number, part in enumerate(parts, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + part + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n".encode())
    for place in places:
        out.write(f"{place:010d} 00000 n \n".encode())
    out.write(f"trailer\n<< /Size {len(parts) + 1} /Root 1 0 R >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()
