"""A visitor joins in the browser: step by step, proven by a code, telling nobody who has an account."""

import re

from sqlalchemy import func, select

from brokerage.clients.model import Client
from stoa.identity import people
from stoa.identity.model import Person
from stoa.notices.model import Message
from stoa.notices.notices import LINK
from support.clients import a_client

from .people import PASSWORD


async def answered(browser, email: str, **more) -> object:
    """All questions up to the password, answered."""
    await browser.get("/register")
    for step, answers in (
        ("country", {"country": more.get("country", "ES")}),
        ("name", {"first_name": "Nuria", "last_name": "Vidal"}),
        ("email", {"email": email}),
        ("phone", {"phone": "+34 612 345 678"}),
    ):
        page = await browser.get(f"/register/{step}")
        assert page.status_code == 200, (step, page.text[:300])
        answer = await browser.post(f"/register/{step}", answers)
        if answer.status_code != 204:
            return answer
    page = await browser.get("/register/password")
    versions = re.search(r'name="versions" value="([^"]+)"', page.text)[1]
    return await browser.post(
        "/register/password", {"password": PASSWORD, "accept": "true", "versions": versions}
    )


async def letter(house, aurora, email: str) -> tuple[str, str, str]:
    """The newest letter to an address: template, link and code."""
    async with house.door.open(aurora, purpose="test") as work:
        person = await people.by_email(work, "client", email)
        row = await work.first(
            select(Message).where(Message.person == person.id).order_by(Message.id.desc())
        )
        link = work.unseal(row.id, LINK, row.link_sealed) or ""
        return row.template, link.partition("#")[0], link.partition("#")[2]


async def test_a_visitor_joins_by_a_partners_link_and_is_signed_in_by_the_code(
    someone, house, aurora
):
    browser = someone()
    await browser.get("/r/GOLD7?c=june")

    joined = await answered(browser, "nuria@example.com")

    assert joined.headers["hx-redirect"] == "/register/check"
    assert (await browser.get("/profile")).status_code == 303
    check = await browser.get("/register/check")
    assert "nuria@example.com" in check.text
    _, _, code = await letter(house, aurora, "nuria@example.com")
    wrong = await browser.post("/register/check", {"code": "123" if code != "123" else "321"})
    assert wrong.status_code == 422 and wrong.json()["field"] == "code"
    right = await browser.post("/register/check", {"code": code})
    assert right.headers["hx-redirect"] == "/welcome"
    assert "Nuria" in (await browser.get("/welcome")).text
    async with house.door.open(aurora, purpose="test") as work:
        person = await people.by_email(work, "client", "nuria@example.com")
        row = await work.get(Client, person.id)
        assert (row.source, row.campaign, row.state) == ("partner", "june", "active")
        assert row.visitor is not None


async def test_the_link_of_the_letter_wants_a_press_and_works_once(someone, house, aurora):
    browser = someone()
    await answered(browser, "press@example.com")
    _, path, _ = await letter(house, aurora, "press@example.com")

    for _ in range(3):
        assert (await browser.get(path)).status_code == 200
    async with house.door.open(aurora, purpose="test") as work:
        person = await people.by_email(work, "client", "press@example.com")
        assert person.email_verified_at is None
    assert (await browser.post(path)).headers["hx-redirect"] == "/welcome"
    assert (await browser.post(path)).status_code in {400, 404, 410}


async def test_the_link_opened_elsewhere_confirms_but_signs_nobody_in(someone, house, aurora):
    await answered(someone(), "elsewhere@example.com")
    _, path, _ = await letter(house, aurora, "elsewhere@example.com")
    other = someone()
    await other.get(path)

    assert (await other.post(path)).headers["hx-redirect"] == "/"

    assert (await other.get("/profile")).status_code == 303


async def test_a_link_that_is_over_says_so_before_it_is_pressed(someone, house, aurora):
    browser, elsewhere = someone(), someone()
    await answered(browser, "cora@example.com")
    _, link, _ = await letter(house, aurora, "cora@example.com")

    cut = await elsewhere.get(link[:-4])
    waiting = await browser.get(link[:-4])
    await elsewhere.post(link, {})
    used = await elsewhere.get(link)

    for answer, status in ((cut, 404), (waiting, 404), (used, 410)):
        assert answer.status_code == status
        assert "This link does not work" in answer.text
        assert "Confirm the address" not in answer.text
    assert 'href="/sign-in?next=/verify-email"' in cut.text
    assert 'href="/register/check"' in waiting.text
    assert "It was used already" in used.text


async def test_a_taken_address_is_answered_exactly_as_a_new_one(someone, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        await a_client(work, email="taken@example.com")
    new, taken = someone(), someone()

    first = await answered(new, "fresh@example.com")
    second = await answered(taken, "taken@example.com")

    assert first.status_code == second.status_code
    assert first.headers["hx-redirect"] == second.headers["hx-redirect"]
    sizes = [len(browser.http.cookies["joining"]) for browser in (new, taken)]
    assert sizes[0] == sizes[1]
    one, two = await new.get("/register/check"), await taken.get("/register/check")
    plain = [re.sub(r"fresh|taken", "", page.text) for page in (one, two)]
    plain = [re.sub(r'nonce="[^"]*"|[0-9a-f]{32,}|[0-9a-f-]{36}', "", text) for text in plain]
    assert plain[0] == plain[1]
    wrong = [await b.post("/register/check", {"code": "999"}) for b in (new, taken)]
    assert wrong[0].status_code == wrong[1].status_code == 422
    assert (await letter(house, aurora, "taken@example.com"))[0] == "already_registered"


async def test_the_sixth_wrong_code_is_refused_alike_for_all(someone, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        await a_client(work, email="held@example.com")
    new, taken = someone(), someone()
    await answered(new, "sixth@example.com")
    await answered(taken, "held@example.com")

    answers = []
    for browser in (new, taken):
        for _ in range(5):
            assert (await browser.post("/register/check", {"code": "1"})).status_code == 422
        answers.append(await browser.post("/register/check", {"code": "1"}))

    assert [answer.status_code for answer in answers] == [429, 429]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


async def test_faults_are_told_beside_their_field_and_nothing_is_stored(someone, house, aurora):
    browser = someone()
    async with house.door.open(aurora, purpose="test") as work:
        before = await work.value(select(func.count()).select_from(Person))

    blocked = await answered(browser, "x@example.com", country="IR")
    disposable = await answered(browser, "x@mailinator.com")

    assert blocked.status_code == 422 and blocked.json()["field"] == "country"
    assert disposable.status_code == 422 and disposable.json()["field"] == "email"
    async with house.door.open(aurora, purpose="test") as work:
        assert await work.value(select(func.count()).select_from(Person)) == before


async def test_answers_are_kept_and_questions_cannot_be_skipped(someone):
    browser = someone()
    assert (await browser.get("/register/password")).headers["location"] == "/register/country"
    await browser.get("/register/country")
    await browser.post("/register/country", {"country": "ES"})
    await browser.get("/register/name")
    await browser.post("/register/name", {"first_name": "Núria", "last_name": "O'Neill"})

    page = await browser.get("/register/name")

    assert "Núria" in page.text and "O&#39;Neill" in page.text
    assert (await browser.get("/register")).headers["location"] == "/register/email"


async def test_a_draft_opens_only_in_the_browser_it_was_written_in(someone):
    browser, thief = someone(), someone()
    await browser.get("/register/country")
    await browser.post("/register/country", {"country": "ES"})
    await thief.get("/register/country")

    thief.http.cookies.set("joining", browser.http.cookies["joining"])

    assert (await thief.get("/register")).headers["location"] == "/register/country"


async def test_joining_asks_for_the_pages_own_token(someone):
    browser = someone()
    await browser.get("/register/country")
    browser.csrf = "0" * 64

    answer = await browser.post("/register/country", {"country": "ES"})

    assert answer.status_code == 400


async def test_a_broker_that_takes_nobody_says_so(someone, house, aurora):
    import msgspec

    from brokerage.clients.settings import ClientSettings
    from stoa.tenancy import settings

    async with house.door.open(aurora, purpose="test") as work:
        was = work.settings(ClientSettings)
        await settings.put(work, "clients", msgspec.structs.replace(was, open=False), why="test")
    try:
        browser = someone()
        assert (await browser.get("/register")).status_code == 503
        assert "/register" not in (await browser.get("/")).text.split("<main")[1]
    finally:
        async with house.door.open(aurora, purpose="test") as work:
            await settings.put(work, "clients", was, why="test over")
