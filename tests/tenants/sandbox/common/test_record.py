"""The record of a stand-in: whole lines, one process, no half steps, no torn tails."""

import asyncio
import json
from pathlib import Path

import pytest

from sandbox.common.book import Book
from sandbox.common.journal import Journal


async def opened(folder: Path) -> Book:
    book = Book(Journal(folder / "journal.jsonl"))
    book.read_back()
    return book


async def test_rows_come_back_as_they_were_last_written(tmp_path: Path) -> None:
    book = await opened(tmp_path)
    book.put("made", "things", {"id": "a", "size": 1})
    book.change("grew", "things", "a", size=2)
    book.put("made", "things", {"id": "b", "size": 9})
    book.drop("gone", "things", "b")
    await book.journal.close()

    again = await opened(tmp_path)

    assert again.table("things") == {"a": {"id": "a", "size": 2}}
    assert again.lines == 4
    await again.journal.close()


async def test_what_is_written_together_is_one_line(tmp_path: Path) -> None:
    book = await opened(tmp_path)
    with book.together():
        book.put("paid", "payments", {"id": "p"})
        book.put("told", "events", {"id": "e"})
    await book.journal.close()

    lines = (tmp_path / "journal.jsonl").read_text().splitlines()

    assert len(lines) == 1
    assert json.loads(lines[0])["did"] == ["paid", "told"]


@pytest.mark.parametrize("torn", ['{"n":2,"did":["x"],"put":[["things"', '{"n":2', "\x00\x00"])
async def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: str) -> None:
    book = await opened(tmp_path)
    book.put("made", "things", {"id": "a"})
    await book.journal.close()
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write(torn)

    again = await opened(tmp_path)
    again.put("made", "things", {"id": "b"})
    await again.journal.close()

    last = await opened(tmp_path)
    assert list(last.table("things")) == ["a", "b"]
    await last.journal.close()


async def test_damage_in_the_middle_stops_the_start(tmp_path: Path) -> None:
    book = await opened(tmp_path)
    for key in "abc":
        book.put("made", "things", {"id": key})
    await book.journal.close()
    path = tmp_path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"broken\n' + lines[2])

    with pytest.raises(SystemExit, match="damaged"):
        await opened(tmp_path)


async def test_a_second_process_is_turned_away(tmp_path: Path) -> None:
    book = await opened(tmp_path)

    with pytest.raises(SystemExit, match="in use"):
        Journal(tmp_path / "journal.jsonl")

    await book.journal.close()


async def test_many_writers_share_the_wait_for_the_disk(tmp_path: Path) -> None:
    book = await opened(tmp_path)

    async def write(number: int) -> None:
        book.put("made", "things", {"id": str(number)})
        await book.journal.settled()
        assert f'"{number}"' in (tmp_path / "journal.jsonl").read_text()

    await asyncio.gather(*(write(number) for number in range(200)))
    await book.journal.close()


async def test_a_later_change_does_not_creep_into_an_earlier_line(tmp_path: Path) -> None:
    book = await opened(tmp_path)
    row = {"id": "a", "size": 1}
    with book.together():
        book.put("made", "things", row)
        row["size"] = 99
    await book.journal.close()

    line = json.loads((tmp_path / "journal.jsonl").read_text())
    assert line["put"] == [["things", "a", {"id": "a", "size": 1}]]
