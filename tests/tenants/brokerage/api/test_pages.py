"""The settings pages: a secret is shown once, everything else can be seen again."""

import re

import pytest
from sqlalchemy import select

from stoa.identity.api_clients import ApiClient
from stoa.webhooks import endpoints
from stoa.webhooks.model import WebhookEndpoint
from support.people import make_staff
from support.web import signed_in

from .conftest import at

HOME = "/desk/settings/api"


@pytest.fixture
def desk(house, aurora):
    async def of(*held):
        async with house.door.open(aurora, purpose="test") as work:
            person, _ = await make_staff(work, held or ("Owner",))
        return await signed_in(house, aurora, person, "desk")

    return of


async def test_a_key_is_made_shown_once_used_and_revoked(house, aurora, desk):
    browser = await desk()
    await browser.get(HOME)

    made = await browser.post(
        HOME,
        {"name": "Website", "days": "90", "scopes": ["clients:all:view"], "allowed_ips": ""},
    )
    client_id = re.search(r"ak_[\w-]+", made.text)[0]
    secret = re.search(r"sk_[\w-]{43}", made.text)[0]
    listed = await browser.get(HOME)
    caller = at(house, aurora)
    token = await caller.ask_token(client_id=client_id, client_secret=secret)
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.first(select(ApiClient).where(ApiClient.client_id == client_id))
    gone = await browser.post(f"{HOME}/keys/{row.id}/revoke")
    again = await caller.ask_token(client_id=client_id, client_secret=secret)

    assert made.status_code == 200
    assert client_id in listed.text
    assert secret not in listed.text
    assert (token.status_code, gone.status_code, again.status_code) == (200, 204, 401)


async def test_a_key_without_permissions_or_with_a_wrong_address_is_refused(desk):
    browser = await desk()
    await browser.get(HOME)

    none = await browser.post(HOME, {"name": "Empty", "days": "90"})
    unknown = await browser.post(
        HOME, {"name": "Odd", "days": "90", "scopes": ["settings:all:edit"]}
    )
    address = await browser.post(
        HOME,
        {"name": "X", "days": "9", "scopes": ["clients:all:view"], "allowed_ips": "example.com"},
    )

    assert {none.status_code, unknown.status_code, address.status_code} == {422}
    assert address.json()["field"] == "allowed_ips"


async def test_who_may_only_look_sees_no_way_to_change(desk):
    browser = await desk("api:clients:view", "api:webhooks:view")

    keys = await browser.get(HOME)
    hooks = await browser.get(f"{HOME}/webhooks")
    refused = await browser.post(HOME, {"name": "X", "days": "9", "scopes": ["clients:all:view"]})

    assert (keys.status_code, hooks.status_code) == (200, 200)
    assert "key-new" not in keys.text
    assert "endpoint-new" not in hooks.text
    assert refused.status_code == 403


async def test_endpoints_inside_our_network_are_refused(house, aurora, desk):
    browser = await desk()
    await browser.get(f"{HOME}/webhooks")

    for url in (
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://user:pass@93.184.215.14/",
        "https://93.184.215.14:8443/",
        "file:///etc/passwd",
    ):
        answer = await browser.post(f"{HOME}/webhooks", {"url": url})
        assert answer.status_code == 422, url
        assert answer.json()["code"] == "address-blocked", url


async def test_the_endpoint_pages_work_from_adding_to_removing(house, aurora, desk):
    browser = await desk()
    await browser.get(f"{HOME}/webhooks")
    added = await browser.post(
        f"{HOME}/webhooks",
        {"url": "https://93.184.215.14/hooks", "label": "Hub", "kinds": ["client.registered"]},
    )
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.first(select(WebhookEndpoint).where(WebhookEndpoint.label == "Hub"))
    path = f"{HOME}/webhooks/{row.id}"

    shown = await browser.get(f"{HOME}/webhooks")
    steps = [
        await browser.post(f"{path}/{step}", data)
        for step, data in (
            ("test", {}),
            ("pause", {}),
            ("resume", {}),
            ("kinds", {"kinds": ["transfer.done"]}),
            ("replay", {}),
        )
    ]
    renewed = await browser.post(f"{path}/renew")
    removed = await browser.post(f"{path}/remove")

    assert re.search(r"whsec_[\w+/=]{44}", added.text)
    assert "whsec_" not in shown.text
    assert {one.status_code for one in steps} == {204}
    assert "whsec_" in renewed.text
    assert removed.status_code == 204
    async with house.door.open(aurora, purpose="test") as work:
        assert not [one for one in await endpoints.all_of(work) if one.id == row.id]


async def test_catalogue_and_log_are_drawn(house, aurora, desk):
    browser = await desk()

    events = await browser.get(f"{HOME}/events")
    log = await browser.get(f"{HOME}/deliveries")

    assert events.status_code == log.status_code == 200
    assert "client.registered" in events.text
