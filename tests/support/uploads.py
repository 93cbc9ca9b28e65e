"""Uploads good and bad, made here byte by byte."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont


def bill(width: int = 1240, height: int = 1754, *, size: int = 24, seed: int = 1) -> Image.Image:
    """A page of text such as a utility bill."""
    dice = random.Random(seed)
    page = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for line in range(int((height - 160) / (size * 1.5))):
        words = (
            "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=dice.randint(2, 9)))
            for _ in range(10)
        )
        pen.text((80, 80 + line * int(size * 1.5)), " ".join(words), fill="black", font=font)
    return page


def encoded(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def with_place(picture: Image.Image, *, orientation: int = 1) -> bytes:
    """A JPEG that tells where and with what it was taken, as phones write it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCameraMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 10.0, 0.0), 3: "E", 4: (33.0, 22.0, 0.0)})
    return encoded(picture, exif=exif.tobytes(), comment=b"canary-comment")


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes whose header promises any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def jpeg_claiming(content: bytes, width: int, height: int) -> bytes:
    """The same JPEG with another size in its frame header."""
    at = content.index(b"\xff\xc0")
    return content[: at + 5] + struct.pack(">HH", height, width) + content[at + 9 :]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil\n")
    return out.getvalue()


def pdf(*objects: str | bytes, trailer: str = "") -> bytes:
    """A PDF of the given objects, numbered from 1; the first is the catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, each in enumerate(objects, 1):
        places.append(out.tell())
        body = each.encode() if isinstance(each, str) else each
        out.write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010d} 00000 n \n" for place in places).encode())
    size = len(objects) + 1
    out.write(f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def stream(text: str, facts: str = "") -> str:
    return f"<< {facts} /Length {len(text)} >>\nstream\n{text}\nendstream"


def written_pdf(pages: int = 1, *, catalogue: str = "", box: str = "0 0 595 842") -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects: list[str] = [
        f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n in range(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>"
        )
        objects.append(stream(f"BT /F 24 Tf 72 700 Td (Electricity bill, page {n + 1}) Tj ET"))
    return pdf(*objects)


def laughing_pdf(depth: int = 12, each: int = 10) -> bytes:
    """Each drawing draws the next ten times: ten to the twelfth strokes on one page."""
    first = 5
    forms: Iterable[str] = (
        stream(
            "/X Do " * each if n < depth - 1 else "0 0 m 500 500 l S",
            "/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources "
            f"<< /XObject << /X {first + n + 1} 0 R >> >>",
        )
        for n in range(depth)
    )
    return pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        f"/Resources << /XObject << /X {first} 0 R >> >> >>",
        stream("/X Do " * each),
        *forms,
    )
