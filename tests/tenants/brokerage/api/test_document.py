"""The published document says what the routes do, no more and no less."""

import re

import pytest

from brokerage.api import reference
from brokerage.api.document import ABOUT, document, scopes
from brokerage.api.offer import OFFERS, PREFIX
from brokerage.product import PRODUCT
from stoa.events.facts import catalogue
from stoa.theming import texts
from stoa.web.access import handlers
from stoa.web.reader import LANGUAGE_COOKIE
from support.web import application, visitor


@pytest.fixture(scope="module")
def told():
    return document()


def routes(house):
    """Every API route of the running application as (method, path, permission)."""
    found = set()
    for handler, path in handlers(application(house)._tenants.routes):
        if path.startswith(PREFIX):
            plain = re.sub(r"{(\w+):\w+}", r"{\1}", path)
            for method in handler.http_methods:
                found.add((str(method), plain, handler.opt["access"].permission))
    return found


def test_the_document_and_the_routes_do_not_drift(house, told):
    written = {
        (method.upper(), path, operation["security"][0]["oauth2"][0])
        for path, methods in told["paths"].items()
        if path.startswith(PREFIX)
        for method, operation in methods.items()
    }

    assert written == routes(house)


def test_operation_ids_are_unique_and_everything_is_explained(told):
    operations = [one for methods in told["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]

    assert len(set(names)) == len(names) == len(OFFERS) + 1
    assert all(one["summary"] and one["tags"] for one in operations)


def refs(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_every_reference_leads_somewhere_and_every_schema_is_used(told):
    known = told["components"]["schemas"]
    used = {ref.rsplit("/", 1)[-1] for ref in refs(told)}

    assert used == set(known)


def test_bodies_refuse_what_they_do_not_know_and_changes_want_a_key(told):
    for path, methods in told["paths"].items():
        operation = methods.get("post")
        if operation is None or not path.startswith(PREFIX):
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = told["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        assert body["additionalProperties"] is False, path
        keys = [one["name"] for one in operation["parameters"] if one["in"] == "header"]
        assert keys == ["Idempotency-Key"], path


def test_no_amount_is_a_number(told):
    for name, schema in told["components"]["schemas"].items():
        for field, part in schema["properties"].items():
            assert part.get("type") != "number", f"{name}.{field}"


def test_every_public_fact_is_described_as_an_event(told):
    public = {kind for kind, fact in catalogue().items() if fact.public}

    assert set(told["webhooks"]) == public


def test_every_scope_is_a_permission_of_staff(told):
    offered = set(
        told["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    )

    assert offered == set(scopes())
    assert offered <= set(PRODUCT.permissions)
    assert not [one for one in offered if one.endswith(":own")]


async def test_the_document_and_the_page_are_served_in_the_brokers_name(house, aurora):
    browser = visitor(house, aurora)

    machine = await browser.http.get("/api/docs/openapi.json")
    contents = await browser.get("/api/docs")
    pages = [await browser.get(f"/api/docs/{one.code}") for one in reference.subjects()]

    assert machine.status_code == 200
    assert machine.json()["info"]["title"] == "Aurora Markets API"
    assert contents.status_code == 200
    assert "Aurora Markets API" in contents.text
    for page in (contents, *pages):
        assert page.status_code == 200
        assert len(page.content) < 100_000
        assert not re.findall(r'(?:src|href)="(https?:)?//', page.text)
    told = "".join(page.text for page in pages)
    for one in OFFERS:
        assert f'id="{one.name}"' in told
        assert f'#{one.name}"' in contents.text
    assert (await browser.get("/api/docs/none")).status_code == 404


@pytest.mark.parametrize("language", ["es", "ar"])
def test_the_reference_is_told_in_every_language(language):
    known = texts.catalog(language).forms
    said = {ABOUT}
    for subject in reference.subjects():
        said.add(subject.name)
        for one in subject.operations:
            said |= {one.about, one.summary if one.path.startswith("/") else ""}
            said |= {field.about for field in (*one.parameters, *one.body, *one.answer)}
            said |= {why for _, why in one.refusals}
    for about in scopes().values():
        said |= set(about.split("; "))

    assert sorted(one for one in said - {""} if one not in known) == []


async def test_a_page_of_the_reference_speaks_the_readers_language(house, aurora):
    browser = visitor(house, aurora)
    browser.http.cookies.set(LANGUAGE_COOKIE, "ar", domain=aurora.host)

    page = await browser.get("/api/docs/clients")

    assert "تسجيل عميل" in page.text and "Register a client" not in page.text
    assert "ينقص المفتاحَ النطاقُ المطلوب." in page.text
