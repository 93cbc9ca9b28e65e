"""A name that is nobody's gets an answer that names nobody, in words a person understands."""

import re

import pytest

from stoa.control.words import ACTIONS
from stoa.tenancy import provision
from support.web import visitor

NOBODY = "nobody.example"
TYPED = re.compile(r":\w+}")


@pytest.mark.parametrize(
    ("language", "direction", "said"),
    [
        ("en", "ltr", "There is nothing at this address"),
        ("es-MX,en;q=0.5", "ltr", "No hay nada en esta dirección"),
        ("ar", "rtl", "لا شيء على هذا العنوان"),
        ("xx", "ltr", "There is nothing at this address"),
    ],
)
async def test_a_person_at_an_unknown_name_reads_a_page_in_their_language(
    house, aurora, language, direction, said
):
    browser = visitor(house, None, host=NOBODY)

    page = await browser.get("/sign-in", headers={"accept-language": language})

    assert page.status_code == 421
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'dir="{direction}"' in page.text
    assert said in page.text


async def test_the_page_names_no_tenant_and_loads_nothing(house, aurora):
    page = await visitor(house, None, host=NOBODY).get("/")

    assert not re.search(r"src=|href=|url\(|@import", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in (aurora.slug, aurora.host, "stoa", NOBODY):
        assert name not in page.text.lower()
    assert "set-cookie" not in page.headers


async def test_another_system_gets_a_problem(house, aurora):
    browser = visitor(house, None, host=NOBODY)

    answer = await browser.http.get("/api/v1/clients", headers={"accept": "application/json"})

    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "misdirected"
    assert answer.json()["status"] == 421


async def test_too_large_a_body_is_refused_in_words(house, aurora):
    browser = visitor(house, aurora)

    answer = await browser.http.post("/sign-in", content=b"x" * 1_100_000)

    assert answer.status_code == 413
    assert "Nothing was saved" in answer.json()["detail"]


def test_everything_the_operator_does_has_a_sentence_in_the_audit(house):
    """A route that changes something, and each step of provisioning, is told as a sentence."""
    told = {
        f"{method} {TYPED.sub('}', path)}"
        for module in house.product.modules
        for handler in module.control
        for path in handler.paths
        for method in handler.http_methods - {"GET", "HEAD", "OPTIONS"}
    }
    steps = {f"provision.{step}{end}" for step in provision.STEPS for end in ("", ".failed")}

    assert sorted((told | steps) - set(ACTIONS)) == []
