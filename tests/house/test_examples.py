"""Every page with a parameter has a chapter of the demo that gives it an example.

Thirty pages of the desk were seen by nobody with data on them, because the demo had no alert, no batch
and no objection. The sheet fails over a running demo where an example is missing; this holds the list
of who makes it complete, so that a new page is thought of on the day it is written.
"""

import importlib
import inspect

import pytest

from brokerage.demo.sheet import examples
from brokerage.demo.sheet.routes import all_routes, match

PAGES = sorted(
    {
        one.template
        for audience in ("desk", "room")
        for one in all_routes(audience)
        if one.audience == audience and not one.plain
    }
)


def test_every_page_with_a_parameter_is_made_by_a_chapter_or_says_why_not():
    assert sorted({*examples.MADE, *examples.NONE}) == PAGES


def test_no_page_is_both_shown_and_excused():
    assert not examples.MADE.keys() & examples.NONE.keys()
    assert all(len(why) > 20 for why in examples.NONE.values())


@pytest.mark.parametrize("chapter", sorted(set(examples.MADE.values())))
def test_the_chapters_that_are_named_are_verbs_of_the_demo(chapter: str) -> None:
    module, verb = chapter.split(".")

    found = getattr(importlib.import_module(f"brokerage.demo.{module}"), verb)

    assert inspect.iscoroutinefunction(found)


def test_an_address_is_an_example_of_its_own_route_alone():
    routes = all_routes("desk")
    alert = "/desk/alerts/0190f0d0-0000-7000-8000-000000000001"

    assert getattr(match(routes, alert), "template", None) == "/desk/alerts/{alert:uuid}"
    assert getattr(match(routes, "/desk/alerts"), "template", None) == "/desk/alerts"
    assert match(routes, "/desk/alerts/none") is None
