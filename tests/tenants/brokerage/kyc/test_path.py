"""The whole way of a client, over HTTP and with the provider in a process of its own."""

from stoa.web.reader import LANGUAGE_COOKIE
from support.patience import until
from support.uploads import bill, encoded
from support.verification import applicant, drained, officer, settled


async def test_a_clean_case_approves_itself_and_says_from_what(house, aurora, sumsub):
    maria = await applicant(house, aurora)

    await maria.all_of_it()
    await settled(house, aurora, maria, "approved")

    case = await maria.case()
    assert case.decision["how"] == "rules"
    passed = {check["code"]: check["outcome"] for check in case.decision["checks"]}
    assert set(passed.values()) == {"passed"}
    assert {"document", "screening", "appropriateness", "document-address"} <= set(passed)
    assert await maria.level() == "verified"
    truth = await sumsub.at.truth()
    assert [one["reference"] for one in truth["applicants"]] == [str(case.id)]
    shown = await maria.web.get("/verify")
    assert "You are verified" in shown.text
    olga = await officer(house, aurora)
    olga.http.cookies.set(LANGUAGE_COOKIE, "ar")
    why = await olga.get(f"/desk/kyc/{case.id}/decision")
    assert "قوائم العقوبات" in why.text and "Sanctions lists" not in why.text


async def test_a_blurred_bill_is_told_at_once_and_a_good_one_goes_through(house, aurora, sumsub):
    maria = await applicant(house, aurora)
    await maria.fill()
    await maria.take_test()
    await maria.upload("identity")
    small = bill(900, 1200).resize((110, 147)).resize((900, 1200))

    await maria.upload("address", encoded(small))

    shown = await maria.web.get("/verify/documents")
    assert "The picture is blurred" in shown.text
    await maria.agree()
    refused = await maria.submit()
    assert refused.status_code == 409 and "document-address" in refused.json()["detail"]
    await maria.upload("address")
    assert (await maria.submit()).status_code == 204
    await settled(house, aurora, maria, "approved")


async def test_a_picture_sent_as_it_is_waits_for_a_person_with_only_that_named(
    house, aurora, sumsub
):
    maria = await applicant(house, aurora)
    await maria.fill()
    await maria.take_test()
    await maria.upload("identity")
    small = bill(900, 1200).resize((110, 147)).resize((900, 1200))
    await maria.upload("address", encoded(small))
    await maria.agree()

    await maria.web.post("/verify/upload/address/as-it-is")
    assert (await maria.submit()).status_code == 204
    await settled(house, aurora, maria, "review")

    case = await maria.case()
    assert case.failed == ["document-address"]
    [told] = (await sumsub.at.truth())["applicants"]
    assert len(told["images"]) == 1


async def test_what_the_provider_wants_better_goes_back_with_its_words(house, aurora, sumsub):
    maria = await applicant(house, aurora)
    await maria.fill()
    await maria.take_test()
    await maria.upload("identity", name="screenshot.jpg")
    await maria.upload("address")
    await maria.agree()
    await maria.submit()

    await settled(house, aurora, maria, "asked")

    shown = await maria.web.get("/verify")
    assert "Screenshots are not accepted." in shown.text
    await maria.upload("identity", name="passport.jpg")
    assert (await maria.submit()).status_code == 204
    await settled(house, aurora, maria, "approved")
    [told] = (await sumsub.at.truth())["applicants"]
    assert told["attempts"] == 2


async def test_a_final_no_of_the_provider_is_for_a_person_and_never_told(house, aurora, sumsub):
    maria = await applicant(house, aurora)

    await maria.all_of_it(first_name="Forged")
    await settled(house, aurora, maria, "review")

    case = await maria.case()
    assert case.failed == ["document"]
    shown = await maria.web.get("/verify")
    assert "genuine" not in shown.text and "We are looking at it" in shown.text


async def test_a_silent_provider_is_asked(house, aurora, sumsub):
    from datetime import timedelta

    from brokerage.kyc import jobs
    from brokerage.kyc.model import KycCase

    maria = await applicant(house, aurora)
    await sumsub.at.control("faults", callback_lost={"times": 100})
    await maria.all_of_it()
    await drained(house, aurora)
    case = await maria.case()
    await until(lambda: _decided(sumsub, case))
    assert (await maria.case()).state == "checking"
    async with house.door.open(aurora, purpose="test") as work:
        row = await work.lock(KycCase, case.id)
        row.submitted_at -= timedelta(minutes=3)
        row.polled_at = None

    await jobs.ask_the_silent(house.door.opener(aurora, purpose="test"))

    assert (await maria.case()).state == "approved"


async def _decided(sumsub, case) -> bool:
    told = (await sumsub.at.truth())["applicants"]
    return any(one["reference"] == str(case.id) and one["result"] for one in told)


async def test_a_failed_test_limits_leverage_and_waits_for_a_person(house, aurora, sumsub):
    wrong = {
        "traded": ["never"],
        "other_products": ["none"],
        "learned": ["nowhere"],
        "leverage": ["unsure"],
        "against": ["unsure"],
        "stop_out": ["wrong-credit"],
        "slippage": ["unsure"],
        "overnight": ["unsure"],
    }
    maria = await applicant(house, aurora)
    await maria.fill()

    where = await maria.take_test(wrong)

    shown = await maria.web.get(where)
    assert "1:5" in shown.text
    again = await maria.web.post("/verify/experience/1", {"answer": "weekly"})
    assert again.status_code == 409
    await maria.upload("identity")
    await maria.upload("address")
    await maria.agree()
    assert (await maria.submit()).status_code == 204
    await settled(house, aurora, maria, "review")
    assert (await maria.case()).failed == ["appropriateness"]


async def test_another_country_is_another_jurisdiction_with_the_reason_kept(house, aurora, lists):
    from brokerage.kyc import standing

    maria = await applicant(house, aurora)
    await maria.fill(country="BR", nationality="BR", tax_country="BR")

    case = await maria.case()
    assert case.pack == "offshore"
    async with house.door.open(aurora, purpose="test") as work:
        found = standing.jurisdiction_of(await standing.of(work, maria.id))
    assert [(one.pack, one.fits) for one in found.reasons] == [
        ("eu-retail", False),
        ("offshore", True),
    ]


async def test_who_may_not_be_served_is_refused_without_being_told_why(house, aurora, lists):
    maria = await applicant(house, aurora)
    await maria.web.get("/verify/personal")
    await maria.web.post(
        "/verify/personal/1",
        {"first_name": "María", "last_name": "Ortega", "birth_date": "1990-04-02"},
    )

    refused = await maria.web.post(
        "/verify/personal/2", {"nationality": "KP", "phone": "+34612345678"}
    )

    assert refused.status_code == 403
    told = refused.json()
    told.pop("reference")  # letters by chance, and K and P may be among them
    assert "KP" not in str(told) and "nationality" not in told["detail"]
