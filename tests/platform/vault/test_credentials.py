"""Secrets a tenant gave us: written once, used, renewed, never shown."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from stoa.kernel.refusals import Invalid, Unavailable
from stoa.vault import credentials


async def test_a_secret_comes_back_to_who_uses_it_and_to_nobody_else(work):
    await credentials.put(work, "psp.alpha.key", "canary-secret-1234")

    assert await credentials.read(work, "psp.alpha.key") == "canary-secret-1234"
    stored = await work.value(text("select string_agg(secret::text, '') from secret"))
    assert "canary" not in stored
    shown = (await credentials.known(work, ["psp.alpha.key", "none"]))["psp.alpha.key"]
    assert (shown.masked, shown.version) == ("••••1234", 1)


async def test_a_new_version_is_the_one_in_use_and_the_last_still_checks_signatures(work):
    assert await credentials.put(work, "k", "first-secret") == 1
    assert await credentials.put(work, "k", "first-secret") == 1
    assert await credentials.put(work, "k", "second-secret") == 2

    assert await credentials.read(work, "k") == "second-secret"
    assert await credentials.read(work, "k", version=1) == "first-secret"
    assert await credentials.both(work, "k") == ["second-secret", "first-secret"]
    assert await credentials.version(work, "k") == 2


async def test_old_versions_go(work):
    for number in range(8):
        await credentials.put(work, "k", f"secret number {number}")

    with pytest.raises(Unavailable):
        await credentials.read(work, "k", version=3)
    assert await credentials.read(work, "k", version=4) == "secret number 3"


async def test_a_short_secret_shows_nothing_of_itself(work):
    await credentials.put(work, "pin", "1234")

    assert (await credentials.known(work, ["pin"]))["pin"].last_four == ""


async def test_a_missing_secret_says_so(work):
    with pytest.raises(Unavailable, match="not set"):
        await credentials.read(work, "nothing")
    for bad in ("", "x" * 20_000):
        with pytest.raises(Invalid):
            await credentials.put(work, "bad", bad)


async def test_a_forgotten_secret_is_gone_and_the_audit_knows_no_value(house, aurora):
    async with house.door.open(aurora) as work:
        await credentials.put(work, "gone", "canary-gone-secret")
    async with house.door.open(aurora) as work:
        await credentials.forget(work, "gone")
        assert await credentials.version(work, "gone") == 0
        audit = await work.value(text("select string_agg(changes::text, '') from audit_entry"))
        assert "canary" not in audit


async def test_two_writers_at_once_make_two_versions_or_one_is_told(house, aurora):
    async def one(value: str) -> int | None:
        try:
            async with house.door.open(aurora) as work:
                return await credentials.put(work, "race", value)
        except IntegrityError:
            return None

    versions = await asyncio.gather(*(one(f"value number {n}") for n in range(5)))

    kept = [version for version in versions if version is not None]
    assert len(set(kept)) == len(kept) >= 1


async def test_a_secret_of_one_tenant_does_not_open_at_another(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        await credentials.put(work, "mine", "only-aurora-knows")
    async with house.door.open(borealis) as work:
        with pytest.raises(Unavailable):
            await credentials.read(work, "mine")
