"""Files at rest: sealed, under no name of anyone's, gone with nothing left behind."""

import os
import time

import pytest
from sqlalchemy import select

from stoa.files import serve, store
from stoa.files.model import StoredFile
from stoa.files.workshop import Workshop
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import NotFound, TooLarge
from stoa.vault.keys import KeyProblem
from support.uploads import bill, encoded, with_place, written_pdf
from support.web import visitor

CANARY = b"PASSPORT-L898902C3-CANARY"


def on_disk(tenant) -> dict[str, bytes]:
    root = store.folder(tenant.id)
    return {path.name: path.read_bytes() for path in root.glob("*/*")}


async def test_what_is_stored_is_read_again_and_lies_sealed_on_disk(house, aurora):
    owner = uuid7()
    async with house.door.open(aurora, purpose="test") as work:
        row = await store.store(work, owner, "test.paper", CANARY, "María's bill.pdf", "text/plain")

    held = on_disk(aurora)[str(row.id)]
    assert CANARY not in held and b"CANARY" not in held
    async with house.door.open(aurora, purpose="test") as work:
        found = await store.find(work, row.id)
        assert await store.read(work, found) == CANARY
        assert store.name(work, found) == "María's bill.pdf"
        kept = await work.table(select(StoredFile.name_sealed).where(StoredFile.id == row.id))
        assert b"Mar" not in kept[0].name_sealed


async def test_two_sealed_files_cannot_change_places(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        one = await store.store(work, None, "test.paper", b"one", "1", "text/plain")
        two = await store.store(work, None, "test.paper", b"two", "2", "text/plain")
    folder = store.folder(aurora.id)
    first, second = (folder / str(row.id)[-2:] / str(row.id) for row in (one, two))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)

    async with house.door.open(aurora, purpose="test") as work:
        with pytest.raises(KeyProblem):
            await store.read(work, await store.find(work, one.id))


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "..\\..\\windows",
        "a\r\nset-cookie: x=1",
        "\x00null",
        "x" * 5000,
        "\u202egpj.exe",
        "",
    ],
)
async def test_a_name_is_never_a_path_nor_a_header(house, aurora, name):
    async with house.door.open(aurora, purpose="test") as work:
        row = await store.store(work, None, "test.paper", b"x", name, "image/png")
        answer = await serve.whole(work, row)

    assert str(row.id) in on_disk(aurora)
    told = answer.headers["content-disposition"]
    assert "\r" not in told and "\n" not in told and "/" not in told.replace("''", "")
    assert told.startswith("attachment;") and len(told) < 900


async def test_a_page_of_a_pdf_is_a_picture_and_the_place_of_a_photo_is_gone(house, aurora):
    shop = Workshop()
    seen, made = await shop.prepare(written_pdf(2), "bill.pdf")
    photo, plain = await shop.prepare(with_place(bill(900, 1200)), "photo.jpg")
    async with house.door.open(aurora, purpose="test") as work:
        row = await store.store_prepared(work, None, "test.paper", seen, made)
        other = await store.store_prepared(work, None, "test.paper", photo, plain)
        second = await store.sheet(work, row, 2)
        small = await store.thumbnail(work, row)
        kept = await store.read(work, other)
        whole = await store.read(work, row)
        with pytest.raises(NotFound):
            await store.sheet(work, row, 3)

    assert row.pages == 2 and second.media_type == "image/jpeg"
    assert small.content.startswith(b"\xff\xd8\xff") and whole.startswith(b"%PDF")
    assert b"SecretCameraMaker" not in kept and b"canary-comment" not in kept


async def test_the_answer_lets_no_browser_make_anything_else_of_it(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await store.store(work, None, "test.paper", b"<script>", "x.html", "text/html")
        answer = await serve.whole(work, row, inline=True)

    assert answer.media_type == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_transaction_that_fails_leaves_a_file_that_the_janitor_takes(house, aurora):
    with pytest.raises(RuntimeError):
        async with house.door.open(aurora, purpose="test") as work:
            lost = await store.store(work, None, "test.paper", b"lost", "x", "image/png")
            raise RuntimeError
    async with house.door.open(aurora, purpose="test") as work:
        kept = await store.store(work, None, "test.paper", b"kept", "x", "image/png")
    draft = store.folder(aurora.id) / "tmp" / str(uuid7())
    draft.write_bytes(b"half")
    opener = house.door.opener(aurora, purpose="test")
    await store.sweep(opener)
    assert str(lost.id) in on_disk(aurora)
    long_ago = time.time() - 2 * store.ORPHAN_S
    for path in store.folder(aurora.id).glob("*/*"):
        os.utime(path, (long_ago, long_ago))

    await store.sweep(opener)

    left = on_disk(aurora)
    assert str(kept.id) in left and str(lost.id) not in left and draft.name not in left


async def test_a_forgotten_file_is_gone_once_that_is_committed(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await store.store(work, None, "test.paper", b"gone", "x", "image/png")
    async with house.door.open(aurora, purpose="test") as work:
        await store.forget(work, row.id)
        assert str(row.id) in on_disk(aurora)

    assert str(row.id) not in on_disk(aurora)
    async with house.door.open(aurora, purpose="test") as work:
        with pytest.raises(NotFound):
            await store.find(work, row.id)


async def test_a_tenant_keeps_no_more_than_it_has_room_for(house):
    import msgspec

    from stoa.files.settings import FileSettings
    from stoa.tenancy import settings

    small = await house.tenant()
    async with house.door.open(small, purpose="test") as work:
        value = msgspec.structs.replace(work.settings(FileSettings), room_mb=10)
        await settings.put(work, "files", value, why="test")
    async with house.door.open(small, purpose="test") as work:
        await store.store(work, None, "test.paper", b"x" * 6_000_000, "x", "image/png")
        with pytest.raises(TooLarge):
            await store.store(work, None, "test.paper", b"x" * 6_000_000, "x", "image/png")


async def test_a_logo_is_everyones_and_nothing_else_is(house, aurora, borealis):
    picture = encoded(bill(400, 400), "PNG")
    seen, made = await Workshop().prepare(picture, "logo.png", keep_alpha=True)
    async with house.door.open(aurora, purpose="test") as work:
        logo = await store.store_prepared(work, None, serve.BRAND, seen, made)
        paper = await store.store_prepared(work, None, "kyc.document", seen, made)

    here, there = visitor(house, aurora), visitor(house, borealis)
    shown = await here.get(f"/brand/{logo.id}")
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cross-origin-resource-policy"] == "cross-origin", "letters show it"
    assert (await here.get(f"/brand/{paper.id}")).status_code == 404
    assert (await there.get(f"/brand/{logo.id}")).status_code == 404
