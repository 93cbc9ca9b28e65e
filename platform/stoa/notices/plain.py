"""The plain text of a letter, from the same template as its markup, so that the two never differ."""

import re
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset({"p", "h1", "h2", "h3", "tr", "table", "div", "ul", "ol", "li", "body"})
_SILENT: Final = frozenset({"head", "style", "script", "title"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent = 0
        self._hidden: list[str] = []
        self._href = ""
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        if self._hidden:
            if tag == self._hidden[0]:
                self._hidden.append(tag)
            return
        if "display:none" in (facts.get("style") or "").replace(" ", ""):
            self._hidden = [tag]
            return
        if tag == "br":
            self.said.append("\n")
        elif tag == "tr":
            self._cells = 0
        elif tag == "td":
            self.said.append(": " if self._cells else "")
            self._cells += 1
        elif tag == "li":
            self.said.append("\n- ")
        elif tag == "a":
            self._href = facts.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        if self._hidden:
            if tag == self._hidden[0]:
                self._hidden.pop()
            return
        if tag == "a" and self._href:
            if not self._href.startswith("mailto:"):
                self.said.append(f":\n{self._href}")
            self._href = ""
        if tag == "tr":
            self.said.append("\n")
        elif tag in _BLOCKS:
            self.said.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._silent or self._hidden:
            return
        text = re.sub(r"\s+", " ", data)
        if text.strip() or (self.said and not self.said[-1].endswith(("\n", " "))):
            self.said.append(text)


def plain(markup: str) -> str:
    """Readable text: paragraphs apart, rows as `label: value`, each link's address on its own line."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.said).split("\n")]
    lines = [line for line in lines if line != ":"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def one_line(text: str) -> str:
    """Safe for a header: no control character, no line break, no markup."""
    bare = re.sub(r"<[^>]*>", "", text)
    cleaned = "".join(c if c.isprintable() or c == " " else " " for c in bare)
    return " ".join(cleaned.split())[:200]
