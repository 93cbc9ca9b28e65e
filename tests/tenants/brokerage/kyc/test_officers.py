"""Officers: one case in one pair of hands, hits decided once, four eyes where it counts."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.kyc.model import KycCase, KycProposal
from brokerage.screening.model import Screening, ScreeningHit
from support.verification import SDN, applicant, drained, listed, officer, settled

BORIS = {
    "first_name": "Boris Igorevich",
    "last_name": "Kazantsev",
    "birth_date": "1971-05-12",
    "nationality": "RU",
}


async def rows(house, tenant, statement):
    async with house.door.open(tenant, purpose="test") as work:
        return list(await work.rows(statement))


async def hits_of(house, tenant, client):
    return await rows(
        house,
        tenant,
        select(ScreeningHit).where(ScreeningHit.client == client).order_by(ScreeningHit.id),
    )


async def in_queue(house, tenant, **other):
    """A client whose papers an officer has to look at."""
    who = await applicant(house, tenant)
    await who.all_of_it(**other)
    await settled(house, tenant, who, "review")
    return who, await who.case()


async def test_a_listed_name_reaches_the_queue_with_its_score_and_reasons(house, aurora, lists):
    boris, case = await in_queue(house, aurora, **BORIS)
    olga = await officer(house, aurora)

    queue = await olga.get("/desk/kyc")
    page = await olga.get(f"/desk/kyc/{case.id}")

    assert "screening" in case.failed
    assert f"/desk/kyc/{case.id}" in queue.text and "Sanctions lists" in queue.text
    assert "KAZANTSEV, Boris Igorevich" in page.text and "SDGT" in page.text
    [hit] = await hits_of(house, aurora, boris.id)
    assert hit.score >= 90
    # A list that arrived meanwhile has everybody screened again: the first is the one asked for.
    [one, *_] = await rows(
        house,
        aurora,
        select(Screening).where(Screening.client == boris.id).order_by(Screening.id),
    )
    assert one.engine == "stoa-names/1" and one.lists[0]["listing"] == "ofac-sdn"
    replay = await olga.get(f"/desk/kyc/screenings/{one.id}?again=1")
    assert "the answer is the same" in replay.text
    told = await boris.web.get("/verify")
    assert "list" not in told.text.split("<main")[1].split("</main")[0].lower()


async def test_a_hit_closed_as_false_stays_closed_until_the_entry_changes(house, aurora, lists):
    boris, case = await in_queue(house, aurora, **BORIS)
    olga = await officer(house, aurora)
    [hit] = await hits_of(house, aurora, boris.id)
    early = await olga.post(f"/desk/kyc/{case.id}/approve", {"reason": "looks fine"})
    assert early.status_code == 409

    answer = await olga.post(
        f"/desk/kyc/hits/{hit.id}", {"match": "false", "reason": "another passport and town"}
    )
    assert answer.status_code == 204
    assert "screening" not in (await boris.case()).failed
    assert (await olga.post(f"/desk/kyc/{case.id}/approve")).status_code == 204
    assert await boris.level() == "verified"

    await listed(house, SDN + b'180,"NOBODY, New","individual","SDGT"' + b",-0- " * 8 + b"\r\n")
    await drained(house, aurora)
    assert [one.state for one in await hits_of(house, aurora, boris.id)] == ["false"]

    changed = SDN.replace(b"SDGT", b"SDGT] [IRGC")
    await listed(house, changed)
    await drained(house, aurora)
    found = await hits_of(house, aurora, boris.id)
    assert sorted(one.state for one in found) == ["gone", "open"]
    await listed(house)


async def test_a_new_list_alerts_only_for_those_it_touches(house, aurora, lists):
    quiet, _ = await in_queue(house, aurora)
    named, _case = await in_queue(
        house, aurora, first_name="Zofia", last_name="Brandysowa", birth_date="1980-02-01"
    )
    olga = await officer(house, aurora)
    for one in (quiet, named):
        assert (await olga.post(f"/desk/kyc/{(await one.case()).id}/approve")).status_code == 204

    line = (
        b'190,"BRANDYSOWA, Zofia","individual","SDGT"' + b",-0- " * 7 + b',"DOB 01 Feb 1980."\r\n'
    )
    await listed(house, SDN + line)
    await drained(house, aurora)

    [hit] = await hits_of(house, aurora, named.id)
    assert hit.state == "open"
    assert await hits_of(house, aurora, quiet.id) == []
    from brokerage.kyc import cases

    async with house.door.open(aurora, purpose="test") as work:
        held = await cases.limits(work, named.id)
        free = await cases.limits(work, quiet.id)
    assert held.extra and held.extra_over is not None and not free.extra
    await olga.post(f"/desk/kyc/hits/{hit.id}", {"match": "false", "reason": "born elsewhere"})
    async with house.door.open(aurora, purpose="test") as work:
        assert not (await cases.limits(work, named.id)).extra
    await listed(house)


async def test_a_claimed_case_is_a_colleagues_until_the_claim_lapses(house, aurora, lists):
    _, case = await in_queue(house, aurora)
    olga, omar = await officer(house, aurora), await officer(house, aurora, name="Omar Officer")
    assert (await olga.post(f"/desk/kyc/{case.id}/claim")).status_code == 204

    refused = await omar.post(f"/desk/kyc/{case.id}/approve")
    page = await omar.get(f"/desk/kyc/{case.id}")
    assert refused.status_code == 409 and "Olga Officer" in refused.json()["detail"]
    assert "Olga Officer has this case in hand" in page.text
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.lock(KycCase, case.id)
        row.claimed_until -= timedelta(minutes=30)

    assert (await omar.post(f"/desk/kyc/{case.id}/approve")).status_code == 204


async def test_the_next_case_is_the_most_urgent_one_that_nobody_has(house, borealis, lists):
    _first, a = await in_queue(house, borealis)
    _second, b = await in_queue(house, borealis)
    olga = await officer(house, borealis)
    omar = await officer(house, borealis, name="Omar Officer")

    one = await olga.post("/desk/kyc/next")
    two = await omar.post("/desk/kyc/next")

    assert one.headers["hx-redirect"] == f"/desk/kyc/{a.id}"
    assert two.headers["hx-redirect"] == f"/desk/kyc/{b.id}"
    done = await olga.post(f"/desk/kyc/{a.id}/approve")
    assert done.headers["hx-redirect"] == "/desk/kyc"


async def test_a_failed_check_takes_two_officers(house, aurora, lists):
    maria, case = await in_queue(house, aurora)
    olga, omar = await officer(house, aurora), await officer(house, aurora, name="Omar Officer")
    async with house.door.open(aurora, purpose="test") as work:
        from brokerage.kyc import cases, checks
        from brokerage.kyc.rules import Check, Outcome

        row = await work.lock(KycCase, case.id)
        failed = Check("document", Outcome.FAILED, "FORGERY")
        await checks.put(work, row, failed, checks.PROVIDER)
        await cases.settle(work, case.id)

    asked = await olga.post(f"/desk/kyc/{case.id}/approve", {"reason": "seen the original"})
    assert asked.status_code == 204
    assert (await maria.case()).state == "review"
    [proposal] = await rows(house, aurora, select(KycProposal).where(KycProposal.case == case.id))
    alone = await olga.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})
    agreed = await omar.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})
    twice = await omar.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})

    assert (alone.status_code, agreed.status_code, twice.status_code) == (403, 204, 409)
    done = await maria.case()
    assert done.state == "approved"
    document = next(c for c in done.decision["checks"] if c["code"] == "document")
    assert document["machine"] == "failed" and document["source"] == "officer"


async def test_risk_goes_up_at_once_and_down_with_a_second_officer(house, aurora, lists):
    maria, case = await in_queue(house, aurora)
    olga, omar = await officer(house, aurora), await officer(house, aurora, name="Omar Officer")
    up = await olga.post(f"/desk/kyc/{case.id}/risk", {"band": "high", "reason": "cash business"})
    assert up.status_code == 204 and (await maria.case()).risk_band == "high"

    down = await olga.post(f"/desk/kyc/{case.id}/risk", {"band": "low", "reason": "papers seen"})

    assert down.status_code == 204 and (await maria.case()).risk_band == "high"
    [proposal] = await rows(house, aurora, select(KycProposal).where(KycProposal.case == case.id))
    await omar.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})
    assert (await maria.case()).risk_band == "low"
    why = await olga.get(f"/desk/kyc/{case.id}/risk")
    assert "Expected deposits" in why.text


async def test_a_bill_refused_by_an_officer_is_told_in_the_clients_language(house, aurora, lists):
    maria, case = await in_queue(house, aurora)
    olga = await officer(house, aurora)

    answer = await olga.post(
        f"/desk/kyc/{case.id}/ask", {"kind": "address", "code": "too-old", "reason": "of 2024"}
    )

    assert answer.status_code == 204
    assert (await maria.case()).state == "asked"
    shown = await maria.web.get("/verify/documents")
    assert "older than we may accept" in shown.text and "of 2024" not in shown.text
    first = (await maria.case()).due_at
    await maria.upload("address")
    assert (await maria.submit()).status_code == 204
    again = await maria.case()
    assert again.attempt == 2 and again.due_at >= first


async def test_a_rejected_client_reads_a_neutral_sentence_and_may_be_looked_at_again(
    house, aurora, lists
):
    maria, case = await in_queue(house, aurora)
    olga, omar = await officer(house, aurora), await officer(house, aurora, name="Omar Officer")

    unsaid = await olga.post(f"/desk/kyc/{case.id}/reject", {"code": "not-eligible"})
    await olga.post(
        f"/desk/kyc/{case.id}/reject", {"code": "not-eligible", "reason": "on a press list"}
    )

    assert unsaid.status_code == 422
    shown = await maria.web.get("/verify")
    assert "We cannot open an account for you" in shown.text and "press" not in shown.text
    await olga.post(f"/desk/kyc/{case.id}/reopen", {"reason": "new facts"})
    [proposal] = await rows(house, aurora, select(KycProposal).where(KycProposal.case == case.id))
    await omar.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})
    assert (await maria.case()).state == "review"


async def test_the_lines_of_a_passport_are_compared_with_what_was_told(house, aurora, lists):
    from brokerage.kyc.model import KycDocument

    _anna, case = await in_queue(
        house,
        aurora,
        first_name="Anna Maria",
        last_name="Eriksson",
        birth_date="1974-08-12",
        nationality="SE",
    )
    olga = await officer(house, aurora)
    [paper] = await rows(
        house,
        aurora,
        select(KycDocument).where(KycDocument.case == case.id, KycDocument.kind == "identity"),
    )
    lines = (
        "P<SWEERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36SWE7408122F3204159ZE184226B<<<<<10"
    )

    broken = await olga.post(f"/desk/kyc/documents/{paper.id}/zone", {"zone": "nonsense"})
    answer = await olga.post(f"/desk/kyc/documents/{paper.id}/zone", {"zone": lines})

    assert broken.status_code == 422
    assert answer.status_code == 204
    page = await olga.get(f"/desk/kyc/{case.id}")
    assert "ERIKSSON" in page.text.upper() and "Details on the document" in page.text


@pytest.mark.parametrize(
    "permissions, status",
    [(("clients:all:view",), 403), (("kyc:cases:view",), 200)],
)
async def test_who_may_only_look_decides_nothing(house, aurora, lists, permissions, status):
    _maria, case = await in_queue(house, aurora)
    reader = await officer(house, aurora, *permissions)

    page = await reader.get(f"/desk/kyc/{case.id}")
    decided = await reader.post(f"/desk/kyc/{case.id}/approve")

    assert page.status_code == status
    assert decided.status_code == 403
    assert "Sanctions" not in page.text and "Calle Mayor" not in page.text


async def test_another_tenants_officer_finds_none_of_it(house, aurora, borealis, lists):
    from brokerage.kyc.model import KycDocument

    maria, case = await in_queue(house, aurora)
    [paper, *_] = await rows(house, aurora, select(KycDocument).where(KycDocument.case == case.id))
    olga, stranger = await officer(house, aurora), await officer(house, borealis)
    other = await applicant(house, aurora)

    assert (await olga.get(f"/desk/kyc/documents/{paper.id}/1")).status_code == 200
    foreign = [
        await stranger.get(f"/desk/kyc/{case.id}"),
        await stranger.get(f"/desk/kyc/documents/{paper.id}/1"),
        await stranger.get(f"/desk/kyc/documents/{paper.id}/file"),
        await stranger.get(f"/desk/clients/{maria.id}/kyc"),
        await other.web.get(f"/verify/paper/{paper.id}"),
    ]
    assert [one.status_code for one in foreign] == [404] * 5
    assert (await maria.web.get(f"/verify/paper/{paper.id}")).status_code == 200


async def test_a_confirmed_match_takes_a_verified_clients_rights_until_it_is_cleared(
    house, aurora, lists
):
    boris, case = await in_queue(house, aurora, **BORIS)
    olga, omar = await officer(house, aurora), await officer(house, aurora, name="Omar Officer")
    [hit] = await hits_of(house, aurora, boris.id)
    await olga.post(f"/desk/kyc/hits/{hit.id}", {"match": "false", "reason": "not the same"})
    await olga.post(f"/desk/kyc/{case.id}/approve", {"reason": "fine"})
    assert await boris.level() == "verified"
    changed = SDN.replace(b"Passport 750123456", b"Passport 750123457")
    await listed(house, changed)
    await drained(house, aurora)
    [again] = [one for one in await hits_of(house, aurora, boris.id) if one.state == "open"]

    await olga.post(f"/desk/kyc/hits/{again.id}", {"match": "true", "reason": "same passport"})
    assert await boris.level() == "registered"
    await olga.post(f"/desk/kyc/hits/{again.id}", {"match": "false", "reason": "court papers"})
    assert await boris.level() == "registered"
    [proposal] = await rows(house, aurora, select(KycProposal).where(KycProposal.case == case.id))
    await omar.post(f"/desk/kyc/proposals/{proposal.id}", {"agreed": "yes"})

    assert await boris.level() == "verified"
    await listed(house)
