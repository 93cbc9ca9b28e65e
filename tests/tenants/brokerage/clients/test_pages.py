"""Every page of this floor answers, in every language, and says what it should."""

import pytest

from support.clients import a_client


@pytest.mark.parametrize("language", ["en", "es", "ar"])
async def test_a_visitor_sees_the_landing_page_and_the_way_in(someone, language):
    browser = someone()

    page = await browser.get("/", headers={"accept-language": language})

    assert page.status_code == 200
    assert "/register" in page.text and "/sign-in" in page.text
    assert f'lang="{language}"' in page.text
    for code in ("terms", "risk-warning", "privacy"):
        assert (await browser.get(f"/legal/{code}")).status_code == 200
    assert (await browser.get("/legal/none")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/profile", "/welcome"])
async def test_a_client_sees_their_own_pages(room, path):
    browser, _ = await room()

    page = await browser.get(path)

    assert page.status_code == 200, page.text[:400]
    assert len(page.content) < 100_000


@pytest.mark.parametrize(
    "path",
    ["/desk", "/desk/clients", "/desk/search", "/desk/search?q=lopez", "/desk/clients?format=csv"],
)
async def test_staff_see_the_pages_of_the_desk(desk, path):
    browser = await desk()

    page = await browser.get(path)

    assert page.status_code == 200, page.text[:400]
    assert len(page.content) < 100_000


@pytest.mark.parametrize("tail", ["", "/overview", "/audit"])
async def test_one_client_is_on_one_page(desk, house, aurora, tail):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work, phone="612345678")
    browser = await desk()

    page = await browser.get(f"/desk/clients/{row.id}{tail}")

    assert page.status_code == 200, page.text[:400]
    assert "612345678" not in page.text and "@example.com" not in page.text


@pytest.mark.parametrize(
    ("path", "home"), [("/no-such-page", 'href="/"'), ("/desk/no-such-page", 'href="/desk"')]
)
async def test_a_wrong_address_answers_in_the_readers_language_and_light(someone, path, home):
    browser = someone()
    browser.http.cookies.set("language", "ar")
    browser.http.cookies.set("mode", "dark")

    page = await browser.get(path)

    assert page.status_code == 404
    assert (
        'lang="ar"' in page.text
        and 'dir="rtl"' in page.text
        and 'data-bs-theme="dark"' in page.text
    )
    assert "We could not find" not in page.text
    assert home in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/desk/withdrawals?asked_from=0001-01-01&asked_to=9999-12-31",
        "/desk/deals?at_from=9999-12-31&at_to=0001-01-01",
    ],
)
async def test_a_calendars_ends_narrow_a_list_as_any_day_does(desk, path):
    assert (await (await desk()).get(path)).status_code == 200


async def test_a_sign_that_no_text_can_hold_is_refused_and_not_a_fault_of_ours(desk):
    page = await (await desk()).get("/desk/search", params={"q": "x\0y"})

    assert page.status_code == 422
    assert "sign" in page.text


async def test_a_reference_is_found_without_its_dashes_as_it_is_told_by_telephone(
    desk, house, aurora
):
    async with house.door.open(aurora, purpose="test") as work:
        row = await a_client(work)
    browser = await desk()
    for typed in (row.reference, row.reference.replace("-", "").lower()):
        page = await browser.get("/desk/search", params={"q": typed})
        assert f"/desk/clients/{row.id}" in page.text, typed
