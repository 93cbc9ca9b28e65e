"""Every sentence that stands under a name of its own is translated, as those in calls are."""

import ast
from pathlib import Path

from stoa.theming import texts

ROOT = Path(__file__).resolve().parents[2]
NOT_FOR_READERS = {"bench", "cli", "commands", "demo", "faults"}
"""Rooms whose words are for who runs the installation."""
NOT_OURS_TO_SAY = {"laws.py", "invariants.py", "oauth.py", "settings.py"}
"""Laws are named to who runs `stoa check money`; OAuth's texts are the protocol's; what settings
hold is the sub-broker's own text in its own languages."""


def sentences():
    """Each sentence among the constants of a module, by file."""
    for root in ("platform/stoa", "tenants/brokerage"):
        for source in sorted((ROOT / root).rglob("*.py")):
            place = source.relative_to(ROOT)
            if NOT_FOR_READERS & set(place.parts) or source.name in NOT_OURS_TO_SAY:
                continue
            for node in ast.parse(source.read_text()).body:
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                    for one in ast.walk(node.value):
                        if isinstance(one, ast.Constant) and _is_sentence(one.value):
                            yield str(place), one.value


def _is_sentence(value):
    return (
        isinstance(value, str)
        and value[:1].isupper()
        and value.endswith(".")
        and value.count(" ") > 2
        and "\n" not in value
    )


def test_sentences_with_a_name_are_translated():
    """What is said of a file that cannot be taken, of limits and of a broken page stayed English."""
    found = list(sentences())

    assert len(found) > 40
    for language in ("es", "ar"):
        say = texts.of(language).gettext
        assert [one for one in found if say(one[1]) == one[1]] == []
