"""Callbacks: taken once, believed never, and only about whom they are bound to."""

import hashlib
import hmac
import json

from sqlalchemy import select

from brokerage.kyc import hooks
from brokerage.kyc.model import KycCallback
from support.forging import forged
from support.patience import until
from support.verification import applicant, drained, settled
from support.web import visitor


async def callbacks(house, tenant, **where):
    async with house.door.open(tenant, purpose="test") as work:
        rows = await work.rows(select(KycCallback).filter_by(**where).order_by(KycCallback.id))
        return list(rows)


def signed(body: dict) -> tuple[bytes, dict[str, str]]:
    raw = json.dumps(body).encode()
    mark = hmac.new(b"the-webhooks-own-secret", raw, hashlib.sha256).hexdigest()
    return raw, {
        "x-payload-digest": mark,
        "x-payload-digest-alg": "HMAC_SHA256_HEX",
        "content-type": "application/json",
    }


async def path(house, tenant) -> str:
    async with house.door.open(tenant, purpose="test") as work:
        return hooks.path(work, "sumsub")


async def test_a_callback_that_comes_many_times_is_kept_once(house, aurora, sumsub):
    await sumsub.at.control("faults", callback_duplicate={"times": 5})
    maria = await applicant(house, aurora)

    await maria.all_of_it()
    await settled(house, aurora, maria, "approved")
    await until(lambda: sumsub.called >= 8)

    case = await maria.case()
    kept = await callbacks(house, aurora, our_id=str(case.id))
    kinds = [row.kind for row in kept if row.state != "ignored"]
    assert sorted(kinds) == ["applicantPending", "applicantReviewed"]
    assert case.attempt == 1


async def test_a_forged_or_unsigned_callback_is_refused_and_nothing_of_it_is_kept(
    house, aurora, sumsub
):
    where = await path(house, aurora)
    body = {"applicantId": "forged-one", "type": "applicantReviewed", "reviewStatus": "completed"}
    raw, headers = signed(body)
    stranger = visitor(house, aurora).http

    answers = [
        await stranger.post(where, content=raw, headers={"content-type": "application/json"}),
        await stranger.post(where, content=raw + b" ", headers=headers),
        await stranger.post(
            where, content=raw, headers=headers | {"x-payload-digest-alg": "HMAC_SHA1_HEX"}
        ),
    ]
    unknown = await stranger.post(forged(where), content=raw, headers=headers)

    assert [one.status_code for one in answers] == [401, 401, 401]
    assert unknown.status_code == 404
    assert await callbacks(house, aurora, applicant="forged-one") == []


async def test_a_result_for_another_applicant_is_set_aside(house, aurora, sumsub):
    """A genuine signature under a body that swaps two people changes neither of them."""
    ours, other = await applicant(house, aurora), await applicant(house, aurora)
    await sumsub.at.control("faults", callback_lost={"times": 100})
    await ours.all_of_it(first_name="Silent")
    await other.all_of_it(first_name="Silent")
    await drained(house, aurora)
    mine, theirs = await ours.case(), await other.case()
    raw, headers = signed(
        {
            "applicantId": theirs.applicant,
            "externalUserId": str(mine.id),
            "clientId": "aurora",
            "type": "applicantReviewed",
            "reviewStatus": "completed",
            "reviewResult": {"reviewAnswer": "GREEN"},
        }
    )

    answer = await visitor(house, aurora).http.post(
        await path(house, aurora), content=raw, headers=headers
    )
    await drained(house, aurora)

    assert answer.status_code == 202
    [row] = await callbacks(house, aurora, applicant=theirs.applicant)
    assert row.state == "quarantined" and "another person" in row.because
    assert (await ours.case()).state == (await other.case()).state == "checking"


async def test_a_callback_only_wakes_us_its_verdict_is_not_believed(house, aurora, sumsub):
    maria = await applicant(house, aurora)
    await maria.all_of_it(first_name="Silent")
    await drained(house, aurora)
    case = await maria.case()
    raw, headers = signed(
        {
            "applicantId": case.applicant,
            "externalUserId": str(case.id),
            "clientId": "aurora",
            "type": "applicantReviewed",
            "reviewStatus": "completed",
            "reviewResult": {"reviewAnswer": "GREEN"},
        }
    )

    await visitor(house, aurora).http.post(await path(house, aurora), content=raw, headers=headers)
    await drained(house, aurora)

    assert (await maria.case()).state == "checking"


async def test_a_tenants_callback_address_is_not_another_tenants(house, aurora, borealis, sumsub):
    raw, headers = signed({"applicantId": "x", "clientId": "aurora", "type": "applicantReviewed"})

    answer = await visitor(house, borealis).http.post(
        await path(house, aurora), content=raw, headers=headers
    )

    assert answer.status_code == 404
