"""A file of a list says what its page says: words in the reader's language, never stored codes.

Files kept `card` and `awaiting` where the page said "Card" and "Waits for you". A list is in by its
address alone; machines read codes, times, amounts and references from columns of their own.
"""

import re
from datetime import datetime

import pytest

from stoa.theming import texts
from stoa.web.reader import LANGUAGE_COOKIE
from support import lists

from .test_queries_of_pages import Stage, pages, stage

__all__ = ["stage"]

CODE = re.compile(r"[a-z]+(?:[-_ ][a-z]+)*")
PLAIN = re.compile(r"-?\d+(?:\.\d+)?")
WORDS = {"status", "word", "said", "flag", "text", "strong"}
FIGURES = {"money", "pnl", "num", "percent"}
LATIN = re.compile(r"[A-Za-z]")
NAMES = {"English", "Crypto", "test"}
"""Said in its own words to every reader; what a broker called a route, and a device its maker."""
WRITTEN = {"a gesture", "a test", "test", "work"}
"""What tests wrote themselves: the reasons of a change, the purpose of their own work."""
TIMES = {"when", "date"}


async def every(stage: Stage, language: str) -> list[tuple[str, str, str]]:
    """(address, page, file) of every list that lets itself be exported."""
    found: dict[str, tuple[str, str, str]] = {}
    for who, path, _ in pages(stage):
        who.http.cookies.set(LANGUAGE_COOKIE, language)
        page = await who.get(path)
        assert page.status_code < 400, (path, page.text[:200])
        file, told = lists.file_of(page.text), lists.shown(page.text)
        if file and told and told[1] and told[0] not in found:
            answer = await who.get(file)
            assert answer.status_code == 200, (file, answer.text[:200])
            if "csv" in answer.headers["content-type"]:
                found[told[0]] = (path, page.text, answer.text)
    return list(found.values())


@pytest.mark.parametrize("language", ["ar", "es"])
async def test_a_file_says_what_its_page_says(stage, language):
    wrong: list[str] = []
    seen: set[str] = set()
    words = {told for forms in texts.catalog(language).forms.values() for told in forms} | WRITTEN
    for path, page, file in await every(stage, language):
        for cell, said in lists.pairs(page, file):
            seen.add(cell.kind)
            if cell.kind in WORDS and said.removeprefix("'") != cell.shown:
                wrong.append(f"{path} {cell.key}: {said!r} where the page says {cell.shown!r}")
            if cell.kind in WORDS and CODE.fullmatch(said) and said not in words:
                wrong.append(f"{path} {cell.key}: {said!r} is a code")
            if cell.kind in FIGURES and said and not PLAIN.fullmatch(said):
                wrong.append(f"{path} {cell.key}: {said!r} is no plain number")
            if cell.kind in TIMES and said:
                datetime.fromisoformat(said)

    assert not wrong, "\n".join(sorted(set(wrong)))
    assert seen >= {"status", "word", "flag", "money", "pnl", "num", "when", "person"}


async def test_an_arabic_page_says_nothing_in_english_that_has_words_in_arabic(stage):
    """Language choices, categories of an analyst and roles stood there under English names."""
    forms = texts.catalog("ar").forms
    english = {one for one, told in forms.items() if LATIN.match(one) and told[0] != one} - NAMES
    wrong: set[str] = set()
    for who, path, _ in pages(stage):
        who.http.cookies.set(LANGUAGE_COOKIE, "ar")
        page = await who.get(path)
        if "<html" in page.text:
            wrong |= {f"{path}: {one}" for one in lists.said(page.text) & english}

    assert not wrong, "\n".join(sorted(wrong))
