import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stoa.files import inspection
from stoa.files.inspection import Kind
from stoa.kernel.refusals import Invalid, Refusal, TooLarge
from support import uploads as samples

PHOTO = samples.encoded(Image.new("RGB", (640, 480), "teal"))


@pytest.mark.parametrize(
    ("content", "kind", "size"),
    [
        (PHOTO, Kind.JPEG, (640, 480)),
        (samples.encoded(Image.new("RGB", (64, 48)), "PNG"), Kind.PNG, (64, 48)),
        (samples.encoded(Image.new("RGB", (64, 48)), "WEBP"), Kind.WEBP, (64, 48)),
        (samples.encoded(Image.new("RGB", (64, 48)), "WEBP", lossless=True), Kind.WEBP, (64, 48)),
        (samples.encoded(Image.new("RGBA", (64, 48)), "WEBP"), Kind.WEBP, (64, 48)),
        (
            samples.encoded(Image.new("RGB", (640, 480)), "JPEG", progressive=True),
            Kind.JPEG,
            (640, 480),
        ),
        (samples.written_pdf(), Kind.PDF, (0, 0)),
    ],
)
def test_a_file_is_known_by_its_bytes_whatever_it_is_called(
    content: bytes, kind: Kind, size: tuple[int, int]
) -> None:
    seen = inspection.inspect(content, "holiday.exe")

    assert (seen.kind, (seen.width, seen.height), seen.size) == (kind, size, len(content))
    assert seen.media_type == inspection.MEDIA_TYPES[kind]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "Web pages and drawings"),
        (b"\xef\xbb\xbf \r\n<!DOCTYPE html><script>alert(1)</script>", "Web pages and drawings"),
        (b"<?xml version='1.0'?><x/>", "Web pages and drawings"),
        (samples.zipped(), "Archives"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "save|Save the document as PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 doc", "Office files"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "Most Compatible"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00", "Save it as JPEG or PNG"),
        (b"GIF89a", "Save it as JPEG or PNG"),
        (b"MZ\x90\x00", "do not know"),
        (b"hello", "do not know"),
        (b"GIF89a;%PDF-1.4", "Save it as JPEG or PNG"),
    ],
)
def test_what_is_not_taken_is_refused_with_words_that_help(content: bytes, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        inspection.inspect(content, "passport.jpg")

    assert (refused.value.code, refused.value.field) == ("file-kind", "file")


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", samples.zipped(), b"hello"]
)
def test_where_only_pictures_are_taken_nobody_is_told_to_send_a_pdf(content: bytes) -> None:
    """A drawing (SVG) brought as a logo was refused with "Upload a photo or a PDF"."""
    with pytest.raises(Invalid) as refused:
        inspection.inspect(content, "logo.svg", accept=inspection.IMAGES)

    assert str(refused.value) == "Upload one of these: JPEG, PNG, WEBP."


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Invalid, match="empty"):
        inspection.inspect(b"")


def test_a_file_over_the_limit_is_refused_with_both_figures() -> None:
    with pytest.raises(TooLarge, match="has 16 MB, at most 15 MB"):
        inspection.inspect(PHOTO + b"\0" * inspection.MOST_BYTES)


@pytest.mark.parametrize(
    "content",
    [
        samples.png_claiming(50_000, 50_000),
        samples.png_claiming(8_000, 5_001),
        samples.png_claiming(30_001, 1),
        samples.jpeg_claiming(PHOTO, 60_000, 60_000),
    ],
)
def test_a_picture_that_promises_too_many_points_is_refused_by_its_header(content: bytes) -> None:
    with pytest.raises(TooLarge, match="points"):
        inspection.inspect(content)


@pytest.mark.parametrize(
    "content",
    [
        PHOTO + samples.zipped(),
        PHOTO + b"<script>alert(1)</script>",
        PHOTO[:2] + b"\xff\xfe\x00\x0f<!DOCTYPE html>"[:17] + PHOTO[2:],
        samples.encoded(Image.new("RGB", (9, 9)), "JPEG", comment=b"%PDF-1.7 app.alert(1)"),
        samples.encoded(Image.new("RGB", (9, 9)), "JPEG", comment=b"<?php system($x); ?>"),
        samples.written_pdf() + samples.zipped(),
    ],
)
def test_a_file_that_is_two_things_at_once_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="something besides the document"):
        inspection.inspect(content)


def test_harmless_bytes_after_the_picture_as_phones_leave_them_are_taken() -> None:
    assert inspection.inspect(PHOTO + b"\0\0\0\x18ftypmp42" + b"\0" * 500).kind is Kind.JPEG


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\xff\xff1234",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WEBPVP9X" + b"\0" * 30,
        samples.png_claiming(0, 10),
        b"%PDF-1.7\n" + b"x" * 100,
    ],
)
def test_half_a_file_is_refused_as_broken(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        inspection.inspect(content)

    assert refused.value.code == "file-broken"


def test_a_form_that_takes_pictures_only_refuses_a_pdf_and_names_what_it_takes() -> None:
    with pytest.raises(Invalid, match="JPEG, PNG, WEBP"):
        inspection.inspect(samples.written_pdf(), accept=inspection.IMAGES)


@given(st.binary(max_size=300), st.integers(0, len(PHOTO)))
def test_no_bytes_make_the_inspection_fail_other_than_by_refusing(noise: bytes, at: int) -> None:
    for content in (noise, PHOTO[:at] + noise + PHOTO[at:], PHOTO[:at]):
        try:
            seen = inspection.inspect(content)
        except Refusal:
            continue
        assert seen.width * seen.height <= inspection.MOST_PIXELS


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("passport.jpg", "passport.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\bill.pdf", "bill.pdf"),
        ("inv\u202egpj.exe", "invgpj.exe"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie: x=1.pdf"),
        ("nul\x00.pdf", "nul .pdf"),
        ("", "document"),
        ("...", "document"),
        ("فاتورة الكهرباء.pdf", "فاتورة الكهرباء.pdf"),
        ("re\u0301sume\u0301.pdf", "résumé.pdf"),
    ],
)
def test_a_name_is_shown_without_path_or_trick(given_name: str, shown: str) -> None:
    assert inspection.display_name(given_name) == shown


def test_a_long_name_keeps_its_ending() -> None:
    shown = inspection.display_name("x" * 5000 + ".pdf")

    assert len(shown) == inspection.LONGEST_NAME
    assert shown.endswith("….pdf")


@given(st.text(max_size=300))
def test_any_name_gives_a_header_of_one_ascii_line(name: str) -> None:
    header = inspection.disposition(name)

    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.startswith("attachment; filename=")
    assert "/" not in inspection.display_name(name)
