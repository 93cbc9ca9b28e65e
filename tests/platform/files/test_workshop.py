import asyncio
import io
import random
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from stoa.files import imaging, legibility
from stoa.files.inspection import Kind
from stoa.files.prepared import Order, Prepared, Refused, Verdict
from stoa.files.workshop import Workshop
from stoa.kernel.refusals import Invalid, Refusal
from support import uploads as samples
from support.patience import until


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


async def test_a_photo_comes_back_without_place_camera_or_comment(workshop: Workshop) -> None:
    content = samples.with_place(samples.bill(600, 800))
    assert b"SecretCameraMaker" in content

    seen, made = await workshop.prepare(content, "bill.jpg")

    assert (seen.name, made.media_type) == ("bill.jpg", "image/jpeg")
    assert dict(opened(made.document).getexif()) == {}
    for canary in (b"SecretCameraMaker", b"canary-comment", b"Exif"):
        assert canary not in made.document
        assert canary not in made.thumbnail


async def test_a_photo_taken_on_its_side_is_turned_upright(workshop: Workshop) -> None:
    lying = samples.with_place(Image.new("RGB", (800, 600), "teal"), orientation=6)

    _, made = await workshop.prepare(lying)

    assert (made.pages[0].width, made.pages[0].height) == (600, 800)


async def test_a_large_photo_is_made_small_enough_to_show(workshop: Workshop) -> None:
    _, made = await workshop.prepare(samples.encoded(Image.new("RGB", (6000, 4000), "teal")))

    assert max(made.pages[0].width, made.pages[0].height) <= 2600
    assert max(opened(made.thumbnail).size) <= imaging.THUMBNAIL


@pytest.mark.parametrize(
    ("picture", "form"),
    [
        (Image.new("RGBA", (600, 600), (255, 0, 0, 0)), "PNG"),
        (Image.new("P", (600, 600), 3), "PNG"),
        (Image.new("I;16", (600, 600), 40_000), "PNG"),
        (Image.new("1", (600, 600), 1), "PNG"),
        (Image.new("LA", (600, 600), (200, 10)), "PNG"),
        (Image.new("CMYK", (600, 600), (0, 0, 0, 0)), "JPEG"),
        (Image.new("L", (600, 600), 128), "JPEG"),
        (Image.new("RGBA", (600, 600), (0, 0, 255, 90)), "WEBP"),
    ],
)
async def test_every_kind_of_colour_becomes_plain_colour(
    workshop: Workshop, picture: Image.Image, form: str
) -> None:
    _, made = await workshop.prepare(samples.encoded(picture, form))

    assert opened(made.document).mode == "RGB"


async def test_what_shows_through_is_shown_on_white(workshop: Workshop) -> None:
    clear = samples.encoded(Image.new("RGBA", (500, 500), (0, 0, 0, 0)), "PNG")

    _, made = await workshop.prepare(clear)

    assert opened(made.document).getpixel((5, 5)) == (255, 255, 255)


async def test_a_logo_keeps_what_shows_through(workshop: Workshop) -> None:
    clear = samples.encoded(Image.new("RGBA", (500, 200), (9, 9, 9, 0)), "PNG")

    _, made = await workshop.prepare(clear, keep_alpha=True, longest_side=250)

    assert made.media_type == "image/png"
    assert opened(made.document).size == (250, 100)
    assert opened(made.document).getpixel((5, 5))[3] == 0


async def test_a_sixteen_bit_scan_keeps_its_light(workshop: Workshop) -> None:
    scan = samples.encoded(Image.new("I;16", (500, 500), 128 * 256), "PNG")

    _, made = await workshop.prepare(scan)

    assert abs(opened(made.document).getpixel((5, 5))[0] - 128) <= 2


async def test_a_pdf_becomes_pictures_and_a_flat_pdf_of_the_same_pages(workshop: Workshop) -> None:
    script = (
        "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> "
        "/Names << /EmbeddedFiles << /Names [(canary.exe) 3 0 R] >> >>"
    )
    content = samples.written_pdf(3, catalogue=script)

    seen, made = await workshop.prepare(content, "bill.pdf")
    again = pypdfium2.PdfDocument(made.document)

    assert (seen.kind, made.media_type, len(made.pages), len(again)) == (
        Kind.PDF,
        "application/pdf",
        3,
        3,
    )
    for canary in (b"JavaScript", b"canary", b"OpenAction", b"EmbeddedFiles", b"Helvetica"):
        assert canary not in made.document
    assert [round(side) for side in again[0].get_size()] == [595, 842]
    again.close()


async def test_a_pdf_of_more_pages_than_anyone_reads_is_refused(workshop: Workshop) -> None:
    with pytest.raises(Invalid, match="has 21 pages, at most 20"):
        await workshop.prepare(samples.written_pdf(21))


async def test_a_locked_pdf_is_refused_with_what_to_do(workshop: Workshop) -> None:
    key = "00" * 32
    locked = samples.pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [] /Count 0 >>",
        f"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <{key}> /U <{key}> >>",
        trailer="/Encrypt 3 0 R /ID [<00> <00>]",
    )

    with pytest.raises(Invalid, match="without one") as refused:
        await workshop.prepare(locked)

    assert refused.value.code == "file-locked"


@pytest.mark.parametrize(
    "box", ["0 0 1 14400", "0 0 200000 200000", "0 0 0 0", "5 5 5 5", "0 0 -9 -9", "0 0 1e30 1e30"]
)
async def test_a_page_of_any_size_is_drawn_small_or_refused(workshop: Workshop, box: str) -> None:
    try:
        _, made = await workshop.prepare(samples.written_pdf(box=box))
    except Refusal:
        return

    page = made.pages[0]
    assert page.width * page.height <= imaging.MOST_PAGE_PIXELS * 1.01


@pytest.mark.parametrize(
    "content",
    [
        samples.laughing_pdf(),
        samples.pdf("[" * 200_000 + "]" * 200_000),
        samples.pdf(
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"
        ),
        samples.png_claiming(8_000, 5_000),
        samples.jpeg_claiming(samples.encoded(Image.new("RGB", (64, 64))), 6_000, 6_000)[:-400],
    ],
    ids=["laughs", "deep", "its own parent", "short png", "short jpeg"],
)
async def test_a_bomb_is_refused_and_hurts_only_the_process_that_opened_it(
    workshop: Workshop, content: bytes
) -> None:
    with pytest.raises(Invalid):
        await workshop.prepare(content)

    _, made = await workshop.prepare(samples.encoded(Image.new("RGB", (500, 500))))
    assert made.pages


async def test_a_file_that_takes_too_long_is_given_up() -> None:
    hasty = Workshop(wall_s=0)

    with pytest.raises(Invalid, match="too long"):
        await hasty.prepare(samples.encoded(samples.bill()))


async def test_a_request_that_is_cancelled_leaves_no_process_behind(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[asyncio.subprocess.Process] = []
    begin = asyncio.create_subprocess_exec

    async def noted(*argv: Any, **more: Any) -> asyncio.subprocess.Process:
        started.append(await begin(*argv, **more))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    task = asyncio.create_task(workshop.prepare(samples.laughing_pdf()))
    await until(lambda: bool(started))
    assert started[0].returncode is None

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert started[0].returncode is not None


async def test_several_uploads_at_once_all_get_their_turn(workshop: Workshop) -> None:
    content = samples.encoded(Image.new("RGB", (500, 400), "teal"))

    made = await asyncio.gather(*(workshop.prepare(content) for _ in range(5)))

    assert {prepared.document for _, prepared in made} == {made[0][1].document}


def test_any_damage_to_a_file_is_a_reply_and_never_a_crash() -> None:
    dice = random.Random(7)
    for kind, content in (
        (Kind.JPEG, samples.encoded(samples.bill(300, 400))),
        (Kind.PNG, samples.encoded(samples.bill(300, 400), "PNG")),
        (Kind.WEBP, samples.encoded(samples.bill(300, 400), "WEBP")),
        (Kind.PDF, samples.written_pdf(2)),
    ):
        for _ in range(60):
            damaged = bytearray(content)
            for _ in range(dice.randint(1, 8)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)

            reply = imaging.prepare(Order(kind, bytes(damaged)))

            assert isinstance(reply, Prepared | Refused)


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (samples.bill(), Verdict.READABLE),
        (samples.bill().rotate(3, fillcolor=(70, 55, 40)), Verdict.READABLE),
        (samples.bill().filter(ImageFilter.GaussianBlur(1)), Verdict.READABLE),
        (samples.bill().filter(ImageFilter.GaussianBlur(4)), Verdict.BLURRED),
        (samples.bill().filter(ImageFilter.GaussianBlur(10)), Verdict.BLURRED),
        (ImageEnhance.Brightness(samples.bill()).enhance(0.06), Verdict.DARK),
        (Image.blend(samples.bill(), Image.new("RGB", (1240, 1754), "white"), 0.9), Verdict.BRIGHT),
        (Image.new("RGB", (1240, 1754), "white"), Verdict.BLANK),
        (samples.bill().resize((212, 300)), Verdict.SMALL),
    ],
    ids=["plain", "turned", "soft", "blurred", "very blurred", "dark", "washed", "blank", "small"],
)
def test_a_page_nobody_can_read_is_told_with_the_reason(
    page: Image.Image, verdict: Verdict
) -> None:
    assert legibility.measure(page).verdict is verdict


async def test_a_blurred_bill_is_prepared_and_called_unreadable(workshop: Workshop) -> None:
    blurred = samples.bill().filter(ImageFilter.GaussianBlur(6))

    _, made = await workshop.prepare(samples.encoded(blurred), "bill.jpg")

    assert made.verdict is Verdict.BLURRED


def test_an_empty_back_page_does_not_make_a_document_unreadable() -> None:
    reply = imaging.prepare(Order(Kind.PDF, imaging.flat_pdf(_pages(samples.bill(), blank()))))

    assert isinstance(reply, Prepared)
    assert [page.legibility.verdict for page in reply.pages] == [Verdict.READABLE, Verdict.BLANK]
    assert reply.verdict is Verdict.READABLE


def blank() -> Image.Image:
    return Image.new("RGB", (1240, 1754), "white")


def _pages(*pictures: Image.Image) -> list:
    return [
        imaging.prepare(Order(Kind.JPEG, samples.encoded(picture))).pages[0] for picture in pictures
    ]
