"""The inbox of each audience, and leaving campaigns, over HTTP."""

from stoa.identity.model import Person
from stoa.notices import notices, unsubscribing
from support.people import make_client_login, make_staff
from support.web import signed_in, visitor


async def test_a_client_reads_their_own_notices_and_the_bell_counts_them(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        other, _ = await make_client_login(work)
        await notices.tell(work, person.id, "{amount} arrived", path="/deposit", amount="10 EUR")
        await notices.tell(work, other.id, "A secret of another client")
    browser = await signed_in(house, aurora, person, "room")

    page = await browser.get("/notices")

    assert "10 EUR arrived" in page.text and "secret of another" not in page.text
    assert "1 unread message" in page.text
    assert (await browser.post("/notices/read")).status_code == 204
    assert "1 unread message" not in (await browser.get("/notices")).text


async def test_staff_have_an_inbox_too_and_an_empty_one_says_what_will_be_there(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_staff(work, ("Support",))
    browser = await signed_in(house, aurora, person, "desk")

    page = await browser.get("/desk/notices")

    assert page.status_code == 200 and "it is written here" in page.text


async def test_a_notice_writes_no_markup(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        await notices.tell(work, person.id, "Hello {who}", who="<img src=x onerror=alert(1)>")
    browser = await signed_in(house, aurora, person, "room")

    page = await browser.get("/notices")

    assert "<img src=x" not in page.text and "&lt;img src=x" in page.text


async def test_looking_at_an_unsubscribe_page_changes_nothing_and_one_press_does(house, aurora):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        message = await notices.mail(
            work, person.id, "campaign", campaign=person.id, subject="S", body="B", action=""
        )
        path = unsubscribing.path(work, message)
    stranger = visitor(house, aurora)

    assert (await stranger.get(path)).status_code == 200
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, person.id)).campaigns_off_at is None
    # As a mail program presses it: no page of ours, no session, no token.
    pressed = await stranger.http.post(path, data={"List-Unsubscribe": "One-Click"})
    again = await stranger.http.post(path, data={"List-Unsubscribe": "One-Click"})

    assert (pressed.status_code, again.status_code) == (200, 200)
    async with house.door.open(aurora) as work:
        assert (await work.get(Person, person.id)).campaigns_off_at is not None
    assert (await stranger.http.post(f"{path}0")).status_code == 404


async def test_the_link_of_one_tenant_unsubscribes_nobody_at_another(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        person, _ = await make_client_login(work)
        message = await notices.mail(
            work, person.id, "campaign", campaign=person.id, subject="S", body="B", action=""
        )
        path = unsubscribing.path(work, message)

    assert (await visitor(house, borealis).http.post(path)).status_code == 404


async def test_a_number_that_nobody_has_read_grows_instead_of_a_second_line(house, aurora):
    async def told(count, people):
        async with house.door.open(aurora) as work:
            await notices.tell_all(
                work, people, "{count} new things", path="/desk/x", adding="count", count=count
            )

    async def lines(person):
        async with house.door.open(aurora) as work:
            return [row.params["count"] for row in await notices.newest(work, person.id)]

    async with house.door.open(aurora) as work:
        one, _ = await make_staff(work, ("Support",))
        two, _ = await make_staff(work, ("Support",))
    await told(2, [one.id, two.id])
    await told(3, [one.id, two.id])
    assert await lines(one) == await lines(two) == [5]

    async with house.door.open(aurora) as work:
        await notices.read(work, one.id)
    await told(4, [one.id, two.id])
    assert await lines(one) == [4, 5], "what was read is a thing of the past"
    assert await lines(two) == [9]
