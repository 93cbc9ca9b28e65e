"""The KYC stand-in: applicants, documents, verdicts and how they are steered."""

import hashlib
import hmac
import time

import pytest

from sandbox.sumsub.images import Unreadable, look
from sandbox.sumsub.signing import digest, request_mark
from support.checkers import Checker, photo
from support.patience import until
from support.standins import Listener, Standin


async def reviewed(checker: Checker, applicant: str) -> dict[str, object]:
    async def done() -> bool:
        return (await checker.status(applicant))["reviewStatus"] == "completed"

    await until(done)
    return (await checker.status(applicant))["reviewResult"]


async def judged(checker: Checker, last_name: str, name: str = "passport.jpg") -> dict[str, object]:
    applicant = (await checker.applicant(last_name))["id"]
    assert (await checker.upload(applicant, photo(), name)).status_code == 200
    assert (await checker.submit(applicant)).json() == {"ok": 1}
    return await reviewed(checker, applicant)


def test_a_requests_signature_equals_what_openssl_computes() -> None:
    mark = request_mark(
        "appsecret",
        "1700000000",
        "post",
        "/resources/applicants?levelName=basic",
        b'{"externalUserId":"u1"}',
    )

    assert mark == "6b50bfb70a61706d8de3f7aa53f9ad3005e55c3c66939f0d99d60045db1e8964"


@pytest.mark.parametrize(
    ("how", "mark"),
    [
        ("HMAC_SHA1_HEX", "902cb103b4b512ce848a28facf378855679182aa"),
        (
            "HMAC_SHA256_HEX",
            "9fa55e62b217c74c9806d069c0f8f3d313a6a017cc99538444cc08304834932c",
        ),
        (
            "HMAC_SHA512_HEX",
            (
                "cd14638d998fa84c9111810953a04d4d91a007d4c3ee61a42adc5a36875e7082"
                "444448bef0605af3d1cfbcc51436b7035c57e38afd3ecbc904d165ca62623f08"
            ),
        ),
    ],
)
def test_a_callbacks_digest_equals_what_openssl_computes(how: str, mark: str) -> None:
    merchant = {"webhook_secret": "hooksecret", "digest_alg": how}

    headers = digest(merchant, b'{"type":"applicantReviewed"}')

    assert headers == {"x-payload-digest": mark, "x-payload-digest-alg": how}


async def test_a_clean_applicant_is_green_and_told_so(checker: Checker) -> None:
    applicant = await checker.applicant()
    upload = await checker.upload(applicant["id"], photo())
    await checker.submit(applicant["id"])

    pending, reviewed = await checker.hooks.wait(2)

    assert upload.headers["x-image-id"].isdigit()
    assert pending["type"] == "applicantPending"
    assert reviewed["type"] == "applicantReviewed"
    assert reviewed["applicantId"] == applicant["id"]
    assert reviewed["externalUserId"] == applicant["externalUserId"]
    assert reviewed["levelName"] == "basic"
    assert reviewed["reviewResult"] == {"reviewAnswer": "GREEN"}
    asked = checker.hooks.got[-1]
    mark = hmac.new(checker.secret.encode(), asked.content, hashlib.sha256).hexdigest()
    assert asked.headers["x-payload-digest"] == mark
    assert asked.headers["x-payload-digest-alg"] == "HMAC_SHA256_HEX"


@pytest.mark.parametrize(
    ("last_name", "file", "kind", "label"),
    [
        ("Blur", "passport.jpg", "RETRY", "BAD_PHOTO"),
        ("Ericsson", "passport-blurry.jpg", "RETRY", "BAD_PHOTO"),
        ("Ericsson", "my_expired_passport.jpg", "RETRY", "DOCUMENT_EXPIRED"),
        ("Ericsson", "screenshot 1.jpg", "RETRY", "SCREENSHOTS"),
        ("Forged", "passport.jpg", "FINAL", "FORGERY"),
        ("Sanctioned", "passport.jpg", "FINAL", "SANCTIONS"),
    ],
)
async def test_a_word_steers_the_verdict(
    checker: Checker, last_name: str, file: str, kind: str, label: str
) -> None:
    result = await judged(checker, last_name, file)

    assert result["reviewAnswer"] == "RED"
    assert result["reviewRejectType"] == kind
    assert label in result["rejectLabels"]  # type: ignore[operator]


async def test_a_word_inside_another_does_not_steer(checker: Checker) -> None:
    assert await judged(checker, "Blurton") == {"reviewAnswer": "GREEN"}


async def test_a_blurred_photo_is_asked_for_again_and_the_next_one_may_pass(
    checker: Checker,
) -> None:
    applicant = (await checker.applicant())["id"]
    await checker.upload(applicant, photo(blurred=True))
    await checker.submit(applicant)
    first = await reviewed(checker, applicant)

    await checker.upload(applicant, photo())
    await checker.submit(applicant)
    await checker.hooks.wait(4)
    second = await reviewed(checker, applicant)

    assert first["rejectLabels"] == ["BAD_PHOTO", "UNSATISFACTORY_PHOTOS"]
    assert second == {"reviewAnswer": "GREEN"}
    assert (await checker.status(applicant))["attemptCnt"] == 2


async def test_the_young_are_rejected_finally_and_cannot_try_again(checker: Checker) -> None:
    applicant = (await checker.applicant(dob=f"{time.gmtime().tm_year - 17}-01-01"))["id"]
    await checker.upload(applicant, photo())
    await checker.submit(applicant)

    result = await reviewed(checker, applicant)

    assert result["rejectLabels"] == ["AGE_REQUIREMENT_MISMATCH"]
    assert (await checker.upload(applicant, photo())).status_code == 409
    assert (await checker.submit(applicant)).status_code == 409


async def test_some_wait_for_a_person_who_decides(checker: Checker) -> None:
    applicant = await checker.applicant("Hold")
    await checker.upload(applicant["id"], photo())
    await checker.submit(applicant["id"])
    assert (await checker.hooks.wait(2))[1]["type"] == "applicantOnHold"

    await checker.at.control(
        "decide",
        externalUserId=applicant["externalUserId"],
        answer="RED",
        rejectType="FINAL",
        labels=["FORGERY"],
    )

    told = (await checker.hooks.wait(3))[2]
    assert told["reviewResult"]["reviewRejectType"] == "FINAL"


async def test_without_a_document_nothing_is_reviewed(checker: Checker) -> None:
    applicant = (await checker.applicant())["id"]

    empty = await checker.submit(applicant)
    await checker.upload(applicant, photo(), idDocType="SELFIE")
    selfie = await checker.submit(applicant)

    assert (empty.status_code, selfie.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty-file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported-file-format"),
        (photo()[:500], "corrupted-file"),
    ],
)
async def test_what_is_no_document_is_refused(checker: Checker, content: bytes, name: str) -> None:
    applicant = (await checker.applicant())["id"]

    answer = await checker.upload(applicant, content)

    assert answer.status_code == 400
    assert answer.json()["errorName"] == name


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_sharpness_is_seen_in_every_kind_of_picture(kind: str) -> None:
    assert look(photo(kind=kind)).blurred is False
    assert look(photo(kind=kind, blurred=True)).blurred is True


def test_a_pdf_is_taken_without_judging_it() -> None:
    assert look(b"%PDF-1.7 ...").blurred is False
    with pytest.raises(Unreadable):
        look(b"GIF89a")


@pytest.mark.parametrize(
    "change",
    [
        {"x-app-access-sig": "0" * 64},
        {"x-app-access-ts": "1500000000"},
        {"x-app-access-ts": "soon"},
        {"x-app-token": "sbx:nobody"},
        {"x-app-access-sig": ""},
    ],
)
async def test_a_request_without_its_proof_is_refused(
    checker: Checker, change: dict[str, str]
) -> None:
    answer = await checker.send("GET", "/resources/applicants/x/one", b"", change)

    assert answer.status_code == 401
    assert answer.json()["code"] == 401


async def test_a_signature_covers_query_and_body(checker: Checker) -> None:
    at = str(int(time.time()))
    mark = request_mark(checker.key, at, "POST", "/resources/applicants?levelName=basic", b"{}")
    proof = {"x-app-token": checker.token, "x-app-access-ts": at, "x-app-access-sig": mark}

    other_query = await checker.at.http.post(
        "/resources/applicants?levelName=vip", content=b"{}", headers=proof
    )
    other_body = await checker.at.http.post(
        "/resources/applicants?levelName=basic", content=b'{"a":1}', headers=proof
    )

    assert (other_query.status_code, other_body.status_code) == (401, 401)


async def test_one_user_is_one_applicant_and_found_by_its_name(checker: Checker) -> None:
    applicant = await checker.applicant()
    user = applicant["externalUserId"]

    given = {"externalUserId": user}
    again = await checker.call("POST", "/resources/applicants?levelName=basic", given)
    found = await checker.call("GET", f"/resources/applicants/-;externalUserId={user}/one")

    assert again.status_code == 409
    assert applicant["id"] in again.json()["description"]
    assert found.json()["id"] == applicant["id"]


async def test_another_merchants_applicant_does_not_exist(checker: Checker) -> None:
    other = await Checker(checker.at, checker.hooks).open()
    applicant = (await other.applicant())["id"]

    answer = await checker.call("GET", f"/resources/applicants/{applicant}/one")

    assert answer.status_code == 404


async def test_a_callback_may_name_another_applicant(checker: Checker) -> None:
    other = await checker.applicant()
    await checker.fault("callback_other_reference", on="applicantReviewed")

    applicant = await checker.applicant()
    await checker.upload(applicant["id"], photo())
    await checker.submit(applicant["id"])
    told = (await checker.hooks.wait(2))[1]

    assert told["applicantId"] == applicant["id"]
    assert told["externalUserId"] == other["externalUserId"]


async def test_a_callback_may_tell_the_opposite_of_the_verdict(checker: Checker) -> None:
    await checker.fault("callback_mutated_verdict", on="applicantReviewed")

    result = await judged(checker, "Forged")
    told = (await checker.hooks.wait(2))[1]

    assert result["reviewAnswer"] == "RED"
    assert told["reviewResult"] == {"reviewAnswer": "GREEN"}


async def test_a_review_under_way_ends_after_kill_and_restart(
    own: Standin, hooks: Listener
) -> None:
    own.options = ("--settle-s", "0.6")
    await own.stop()
    await own.start()
    checker = await Checker(own, hooks).open()
    applicant = (await checker.applicant())["id"]
    await checker.upload(applicant, photo())
    await checker.submit(applicant)

    await own.kill_and_restart()

    assert await reviewed(checker, applicant) == {"reviewAnswer": "GREEN"}
    assert (await own.truth())["applicants"][0]["images"][0]["blurred"] is False
