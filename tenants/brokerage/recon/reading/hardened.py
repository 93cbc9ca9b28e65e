"""XML from outside, read element by element: no entities, no documents types, no other files.

The standard library's expat does the parsing; it is told to refuse every declaration, so there is
nothing to expand and nothing to fetch. Depth, names, text and the number of elements have limits,
and what was handed on is forgotten, so memory follows the largest entry and not the file.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.parsers import expat

from brokerage.recon.values import Unreadable
from stoa.theming.texts import N_

DEEPEST: Final = 40
MOST_ELEMENTS: Final = 6_000_000
LONGEST_TEXT: Final = 20_000
MOST_ATTRIBUTES: Final = 20


class Element:
    """An element without its namespace: tag, attributes, text, children and the line it began."""

    __slots__ = ("attributes", "children", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], line: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.text = ""
        self.children: list[Element] = []
        self.line = line

    def all(self, path: str) -> "Iterator[Element]":
        """Every element at a path such as `NtryDtls/TxDtls`."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def one(self, path: str) -> "Element | None":
        return next(self.all(path), None)

    def said(self, *paths: str) -> str:
        """The text at the first of these paths that has one."""
        for path in paths:
            found = self.one(path)
            if found is not None and found.text.strip():
                return found.text.strip()
        return ""


def read(
    content: bytes, each: frozenset[str], handed: Callable[[Element, Element], None]
) -> tuple[Element, str]:
    """The root and its namespace; `handed` gets each element named in `each`, and its parent.

    Those are not kept. Raises Unreadable with the line, for what is no XML or not plain XML.
    """
    reader = _Reader(each, handed)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as why:
        raise Unreadable(
            N_("Line {line} is not sound XML: the file is damaged or cut off."), line=why.lineno
        ) from why
    except (LookupError, UnicodeError, ValueError) as why:
        raise Unreadable(
            N_("The letters of this file cannot be read. Ask the bank for UTF-8."),
            line=reader.parser.CurrentLineNumber,
        ) from why
    if reader.root is None:
        raise Unreadable(N_("This file is empty."))
    return reader.root, reader.namespace


class _Reader:
    def __init__(self, each: frozenset[str], handed: Callable[[Element, Element], None]) -> None:
        self.each, self.handed = each, handed
        self.open: list[Element] = []
        self.root: Element | None = None
        self.namespace = ""
        self.count = 0
        self.parser: Any = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        for name in (
            "StartDoctypeDeclHandler",
            "EntityDeclHandler",
            "UnparsedEntityDeclHandler",
            "NotationDeclHandler",
            "AttlistDeclHandler",
            "ElementDeclHandler",
            "ExternalEntityRefHandler",
            "SkippedEntityHandler",
        ):
            setattr(self.parser, name, self.refuse)

    def refuse(self, *_: object) -> None:
        raise Unreadable(
            N_(
                "Line {line} declares something. A statement needs no declarations; this file is "
                "refused."
            ),
            line=self.parser.CurrentLineNumber,
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        self.count += 1
        line = self.parser.CurrentLineNumber
        too_much = (
            len(self.open) >= DEEPEST
            or self.count > MOST_ELEMENTS
            or len(attributes) > MOST_ATTRIBUTES
        )
        if too_much:
            raise Unreadable(
                N_("Line {line}: this file holds more than a statement may."), line=line
            )
        made = Element(tag, attributes, line)
        if self.open:
            self.open[-1].children.append(made)
        else:
            self.root, self.namespace = made, space
        self.open.append(made)

    def text(self, more: str) -> None:
        here = self.open[-1]
        if len(here.text) + len(more) > LONGEST_TEXT:
            raise Unreadable(
                N_("Line {line}: a text is longer than a statement may have."),
                line=self.parser.CurrentLineNumber,
            )
        here.text += more

    def end(self, _name: str) -> None:
        done = self.open.pop()
        if done.tag in self.each and self.open:
            self.open[-1].children.pop()
            self.handed(done, self.open[-1])
