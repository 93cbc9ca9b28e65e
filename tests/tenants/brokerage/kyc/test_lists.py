"""Lists of the installation: taken in once, read back as they were, never an older one."""

import os
from datetime import date, timedelta

import click
import pytest
from click.testing import CliRunner

from brokerage.screening import cli, ofac, store
from stoa.kernel.refusals import Invalid
from support.verification import SDN, listed


async def test_every_version_is_read_back_as_it_was(house):
    await listed(house)
    async with house.door.platform(purpose="test") as work:
        first = await store.newest(work, "ofac-sdn")
    changed = SDN.replace(b'"SDNTK"', b'"SDNTK] [SDGT"').replace(
        b"HARMLESS TRADING 7", b"RENAMED 7"
    )
    await listed(house, changed)

    async with house.door.platform(purpose="test") as work:
        second = await store.newest(work, "ofac-sdn")
        before = await store.entries(work, "ofac-sdn", first.number)
        after = await store.entries(work, "ofac-sdn", second.number)

    published = {entry.digest for entry in ofac.parse(sdn=SDN, published=date(2026, 1, 1)).entries}
    assert {entry.digest for entry in before} == published
    assert second.number == first.number + 1 and second.altered == 2 and second.added == 0
    assert len({entry.digest for entry in after} - published) == 2
    await listed(house)


async def test_the_same_files_again_change_nothing_and_an_older_list_is_refused(house):
    await listed(house)
    async with house.door.platform(purpose="test") as work:
        now = await store.newest(work, "ofac-sdn")

    again, told = await cli.bring_in(house.door, ofac.parse(sdn=SDN, published=now.published))
    older = ofac.parse(sdn=SDN + b"\r\n", published=now.published - timedelta(days=30))

    assert again is None and told == 0
    with pytest.raises(Invalid, match="in use"):
        await cli.bring_in(house.door, older)


def test_a_folder_is_read_with_the_day_its_file_was_changed(tmp_path):
    file = tmp_path / "sdn.csv"
    file.write_bytes(SDN)
    os.utime(file, (1_780_000_000, 1_780_000_000))

    listing = cli.read(tmp_path, None)

    assert listing.published == date(2026, 5, 28) and len(listing.entries) == 42


def test_a_folder_without_the_list_is_refused_in_words(tmp_path):
    with pytest.raises(click.ClickException, match=r"no sdn\.csv"):
        cli.read(tmp_path, None)

    told = CliRunner().invoke(cli.lists, ["import", str(tmp_path)])

    assert told.exit_code == 1 and "there is no sdn.csv" in told.output


async def test_a_tenant_whose_list_is_not_loaded_has_its_cases_looked_at(house):
    found, absent = await store.current(("ofac-sdn", "un-consolidated"))

    assert [index.code for index in found] == ["ofac-sdn"] and absent == ["un-consolidated"]
