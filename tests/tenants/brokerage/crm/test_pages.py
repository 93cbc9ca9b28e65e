"""Every page of this floor answers, and stays small."""

import re

import pytest

from brokerage.crm import leads, tasks

from .builders import a_campaign, a_client, a_lead, a_tag


@pytest.mark.parametrize(
    "path",
    [
        "/desk/leads",
        "/desk/leads/list",
        "/desk/leads/new",
        "/desk/leads/imports",
        "/desk/tasks",
        "/desk/tasks?state=late",
        "/desk/segments",
        "/desk/segments/new",
        "/desk/campaigns",
        "/desk/campaigns/new",
        "/desk/messages",
        "/desk",
    ],
)
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_staff_see_the_pages(desk, house, aurora, path, language):
    async with house.door.open(aurora, purpose="test") as work:
        await a_lead(work, phone="+34612345678")
    browser = await desk()

    page = await browser.get(path, headers={"accept-language": language})

    assert page.status_code == 200, page.text[:400]
    assert len(page.content) < 150_000
    assert "612345678" not in page.text


async def test_one_of_each_is_on_its_page(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        lead = await a_lead(work)
        client = await a_client(work)
        client.tags = [a_tag()]
        campaign = await a_campaign(work, client.tags[0])
        task = await tasks.open(work, "Call back", rule="test")
    browser = await desk()

    for path in (
        f"/desk/leads/{lead.id}",
        f"/desk/clients/{client.id}/messages",
        f"/desk/segments/{campaign.segment}",
        f"/desk/segments/{campaign.segment}/edit",
        f"/desk/campaigns/{campaign.id}",
        f"/desk/campaigns/{campaign.id}/edit",
        f"/desk/tasks/{task.id}",
    ):
        page = await browser.get(path)
        assert page.status_code == 200, (path, page.text[:400])
        assert "@example.com" not in page.text


async def test_a_lead_with_a_whole_story_is_shown(desk, house, aurora):
    browser = await desk()
    async with house.door.open(aurora, purpose="test") as work:
        lead = await a_lead(work)
        await leads.move(work, lead.id, "contacted")
        await leads.assign(work, lead.id, browser.person.id)
        await leads.assign(work, lead.id, None)
        first = await leads.note(work, lead.id, "Calls back on Monday", kind="call")
        await leads.note(work, lead.id, "Calls back on Tuesday", kind="call", replaces=first.id)

    page = await browser.get(f"/desk/leads/{lead.id}")

    assert page.status_code == 200, page.text[:400]
    assert "Calls back on Tuesday" in page.text
    assert "Before: Calls back on Monday" in page.text


async def test_the_list_of_tasks_shows_what_is_open_until_asked_for_more(desk, house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        await tasks.open(work, "Ring the baker", rule="test")
        finished = await tasks.open(work, "Ring the smith", rule="test")
        finished.state = "done"
    browser = await desk()

    usual = (await browser.get("/desk/tasks")).text
    everything = (await browser.get("/desk/tasks?state=")).text

    assert "Ring the baker" in usual
    assert "Ring the smith" not in usual
    assert "Ring the smith" in everything
    assert 'href="/desk/tasks?state="' in usual.split('class="chips"')[1]


async def test_a_view_is_kept_with_every_sign_of_its_filters_and_can_be_forgotten(
    desk, house, aurora
):
    browser = await desk()
    await browser.get("/desk/tasks")

    kept = await browser.post(
        "/desk/views/tasks?path=/desk/tasks&state=&q=a%26b%3Dc", {"name": "Odd ones"}
    )

    assert kept.headers["hx-redirect"] == "/desk/tasks?state=&q=a%26b%3Dc"
    page = (await browser.get(kept.headers["hx-redirect"])).text
    forget = re.search(r'action="(/desk/views/[^"]+/forget)"', page)
    assert forget is not None
    assert (await browser.post(forget[1])).headers["hx-redirect"] == "/desk/tasks"
    assert "Odd ones" not in (await browser.get("/desk/tasks")).text
