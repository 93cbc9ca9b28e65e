"""Secrets of connections: written at the desk, used at once, never shown again."""

from stoa.vault import credentials
from support.people import make_staff
from support.web import signed_in

HERE = "/desk/settings/connections"


async def at_the_desk(house, tenant, *permissions):
    async with house.door.open(tenant) as work:
        person, _ = await make_staff(work, permissions)
    return await signed_in(house, tenant, person, "desk")


async def test_a_secret_is_kept_and_only_its_end_is_shown(house, borealis):
    desk = await at_the_desk(house, borealis, "settings:all:view", "settings:secrets:edit")
    before = await desk.get(HERE)
    assert "A secret is missing" in before.text
    assert "/hooks/alpha/" in before.text

    answer = await desk.post(HERE, {"alpha.api_key": "sk_test_0123456789", "alpha.webhook": ""})

    assert answer.status_code == 204
    shown = (await desk.get(HERE)).text
    assert "••••6789" in shown
    assert "sk_test_0123456789" not in shown
    async with house.door.open(borealis) as work:
        assert await credentials.read(work, "alpha.api_key") == "sk_test_0123456789"
        assert await credentials.version(work, "alpha.webhook") == 0


async def test_only_secrets_of_what_is_connected_can_be_written(house, borealis):
    desk = await at_the_desk(house, borealis, "settings:all:view", "settings:secrets:edit")
    await desk.get(HERE)

    assert (await desk.post(HERE, {"identity.oidc": "abcdefgh"})).status_code == 404
    assert (await desk.post(HERE, {"alpha.api_key": " "})).status_code == 422


async def test_who_may_only_look_writes_nothing(house, borealis):
    desk = await at_the_desk(house, borealis, "settings:all:view", "settings:all:edit")
    shown = await desk.get(HERE)
    assert ">Keep<" not in shown.text

    answer = await desk.post(HERE, {"alpha.api_key": "sk_test_other"})

    assert answer.status_code == 403
