"""The icon sprite: only the shapes that templates and Python sources name."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from stoa.kernel import where
from stoa.theming import statuses, themes

# `icon("wallet")`, `icon="wallet"`, `"icon": "wallet"`, `icon: 'wallet'`.
_NAMED: Final = re.compile(r"""\b(?:icon|draw)["']?\s*[=:(]\s*["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")
_EITHER: Final = re.compile(
    r"""\b(?:icon|draw)\([^()]*?\b(?:if|or|get)\b[^()]*(?:\([^()]*\))?[^()]*\)"""
)
_QUOTED: Final = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")
_INSIDE: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_GROUND: Final = re.compile(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


# Classes whose positional arguments may name an icon: what modules hand to pages.
_CARRIERS: Final = frozenset({"NavItem", "Status", "Bulk", "Card", "Item", "Tab", "Need", "Moment"})
_WORDS: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def used(found: Iterable[themes.Theme]) -> tuple[str, ...]:
    """Every icon name written anywhere in the product."""
    names = set(statuses.icons())
    for path in _sources(found):
        text = path.read_text(encoding="utf-8")
        names.update(_NAMED.findall(text))
        for choice in _EITHER.findall(text):
            names.update(_QUOTED.findall(choice))
        if path.suffix == ".py":
            names.update(_carried(text))
    return tuple(sorted(names))


def _carried(text: str) -> Iterator[str]:
    """Icons handed on by position, `NavItem("desk", …, "users")`, or kept in a table of icons."""
    if not any(word in text for word in (*_CARRIERS, "ICON")):
        return
    for node in ast.walk(ast.parse(text)):
        for part in _told(node):
            if isinstance(part, ast.Constant) and _WORDS.fullmatch(str(part.value)):
                yield str(part.value)


def _told(node: ast.AST) -> Iterable[ast.AST]:
    if isinstance(node, ast.Call) and _last(node.func) in _CARRIERS:
        return node.args
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    return ast.walk(node) if any("ICON" in _last(one) for one in targets) else ()


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def named(found: Iterable[themes.Theme]) -> tuple[str, ...]:
    """Icon names written plainly, leaving out words that only stand near an icon's choice."""
    names = set(statuses.icons())
    for path in _sources(found):
        names.update(_NAMED.findall(path.read_text(encoding="utf-8")))
    return tuple(sorted(names))


def drawn(package: Path, names: Iterable[str]) -> str:
    """The sprite: one `<symbol>` per named icon that exists."""
    symbols: list[str] = []
    for name in names:
        path = package / "icons" / "outline" / f"{name}.svg"
        if not path.is_file():
            continue
        inside = _INSIDE.search(path.read_text(encoding="utf-8"))
        shape = _GROUND.sub("", inside.group(1)) if inside else ""
        shape = re.sub(r"\s*\n\s*", "", shape)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shape}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'


def unknown(package: Path, found: Iterable[themes.Theme]) -> tuple[str, ...]:
    """Names written in the product that the icon package does not have."""
    folder = package / "icons" / "outline"
    return tuple(name for name in named(found) if not (folder / f"{name}.svg").is_file())


def _sources(found: Iterable[themes.Theme]) -> Iterable[Path]:
    for theme in found:
        yield from sorted(theme.templates.rglob("*.html"))
    root = where.checkout()
    if root is not None:
        for source in (root / "platform", root / "tenants"):
            yield from sorted(source.rglob("*.py"))
