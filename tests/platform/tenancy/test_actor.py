"""Who acts: whom a data scope holds back, decided at one place."""

import re
from pathlib import Path

import pytest

from stoa.tenancy.actor import SYSTEM, VISITOR, Actor, Kind

ROOT = Path(__file__).resolve().parents[3]
ASKED = re.compile(r"(actor|reader|work)\.scope [!=]= \"all\"")


@pytest.mark.parametrize(
    ("actor", "sees"),
    [
        (Actor(Kind.STAFF, scope="all"), True),
        (Actor(Kind.STAFF, scope="team", team="north"), False),
        (Actor(Kind.STAFF, scope="own"), False),
        (Actor(Kind.CLIENT, scope="own"), True),
        (Actor(Kind.API), True),
        (SYSTEM, True),
        (VISITOR, True),
    ],
)
def test_only_staff_are_held_to_a_data_scope(actor: Actor, sees: bool) -> None:
    assert actor.sees_all is sees


def test_nobody_asks_the_scope_itself_whether_somebody_sees_everybody() -> None:
    """It stood at nineteen places, in three ways that differed for clients and programs."""
    beside = [
        f"{path.relative_to(ROOT)}:{number}"
        for root in ("platform", "tenants")
        for path in sorted((ROOT / root).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if ASKED.search(line)
    ]

    assert beside == []
