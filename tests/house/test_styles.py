"""A class is dressed in one style file: two that share a name undo one another."""

import re
from collections import defaultdict

from stoa.kernel import where

BARE = re.compile(r"^((?:\.[a-zA-Z][\w-]*\s*,\s*)*\.[a-zA-Z][\w-]*)\s*\{", re.MULTILINE)


def test_no_class_is_dressed_in_two_files():
    """Forms drawn as a tree once took the name of the partners' tree, which was cut off by it."""
    found = defaultdict(set)
    sources = sorted((where.themes() / "default/static/src").glob("*.css"))
    for source in sources:
        for rule in BARE.finditer(source.read_text()):
            for name in rule[1].split(","):
                found[name.strip()].add(source.name)

    assert len(found) > 300, "the style files were not read"
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
