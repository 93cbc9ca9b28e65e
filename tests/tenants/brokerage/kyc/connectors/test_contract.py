"""What every verification connector keeps to, over ALL; and Sumsub against its own description."""

import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from brokerage.kyc.connector import Document, KycConnector, Paper, Person, Side, State
from brokerage.kyc.connectors import ALL, named
from brokerage.kyc.connectors.manual import Manual
from brokerage.kyc.connectors.sumsub import Settings, Sumsub, calls, shapes
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Forged
from stoa.kernel.refusals import NotFound, Unavailable
from support.outside import Asked, Outside, Told, outside

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOOK = "the-webhook's-own-secret"
SECRETS = {
    "sumsub.app_token": "sbx:token",
    "sumsub.secret_key": "app-secret",
    "sumsub.webhook": HOOK,
}
EVERY = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.code)
ANN = Person(
    reference="c-1",
    first_name="Ann",
    last_name="Ó Briain",
    born=date(1990, 5, 1),
    country="IE",
    nationality="GB",
    email="ann@example.com",
)
PASSPORT = Document(
    paper=Paper.PASSPORT,
    side=Side.FRONT,
    country="IE",
    file_name='pass"port\r\nX: y.jpg',
    media_type="image/jpeg",
    content=b"\xff\xd8 bytes \r\n--",
)


@asynccontextmanager
async def sumsub(
    answering: Callable[[Asked], Told], **settings: Any
) -> AsyncGenerator[tuple[Sumsub, Outside]]:
    async with outside(answering) as world:
        lines = Lines(Egress({world.place}), limits=Limits(in_a_row=99))
        told = msgspec.convert({"base_url": world.url} | settings, Settings)
        yield Sumsub(told, Keyring(SECRETS), lines.of("t", "sumsub")), world
        await lines.egress.aclose()


@asynccontextmanager
async def quiet(kind: type[KycConnector], **secrets: Any) -> AsyncGenerator[KycConnector]:
    lines = Lines(Egress())
    told = msgspec.convert({}, kind.settings_type)
    yield kind(told, Keyring(SECRETS | secrets), lines.of("t", kind.code))
    await lines.egress.aclose()


def applicant(status: str = "init", **result: Any) -> dict[str, Any]:
    review = {
        "reviewStatus": status,
        "levelName": "basic-kyc-level",
        "attemptCnt": 2,
        "reviewDate": "2026-01-01 00:00:00+0000",
    }
    if result:
        review["reviewResult"] = result
    return {"id": "a1", "externalUserId": "c-1", "review": review}


def callback(kind: str = "applicantReviewed", **fields: Any) -> bytes:
    body = {
        "applicantId": "a1",
        "externalUserId": "c-1",
        "clientId": "client1",
        "type": kind,
        "reviewStatus": "completed",
        "reviewResult": {"reviewAnswer": "GREEN"},
        "createdAtMs": "2026-01-01 00:00:00.123",
    }
    return json.dumps(body | fields).encode()


def proof(raw: bytes, secret: str = HOOK, how: str = "HMAC_SHA256_HEX") -> list[tuple[str, str]]:
    digest = {"HMAC_SHA1_HEX": "sha1", "HMAC_SHA256_HEX": "sha256", "HMAC_SHA512_HEX": "sha512"}
    mac = hmac.new(secret.encode(), raw, digest.get(how, "sha256")).hexdigest()
    return [("X-Payload-Digest-Alg", how), ("X-Payload-Digest", mac)]


@EVERY
def test_a_connector_states_what_it_is(kind: type[KycConnector]) -> None:
    assert named(kind.code) is kind
    assert kind.label
    able = kind.capabilities
    assert able.papers >= {Paper.PASSPORT, Paper.PROOF_OF_ADDRESS}
    assert "image/jpeg" in able.media_types
    assert able.callbacks == able.automatic


@EVERY
@pytest.mark.parametrize("raw", [b"", b"{}", b"null", callback()])
async def test_a_callback_without_proof_is_refused(kind: type[KycConnector], raw: bytes) -> None:
    async with quiet(kind) as connector:
        with pytest.raises(Forged):
            connector.parse_callback(raw, [], NOW)


async def test_our_own_officers_decide_by_themselves() -> None:
    async with quiet(Manual) as connector:
        made = await connector.create_applicant(ANN)
        added = await connector.add_document("c-1", PASSPORT)
        asked = await connector.submit("c-1")
        result = await connector.fetch_result("c-1")

        assert made == asked == await connector.reopen("c-1") == Confirmed("c-1")
        assert isinstance(added, Confirmed)
        assert result.state is State.IN_REVIEW
        assert (await connector.test_connection())[0].fine
    with pytest.raises(NotFound):
        named("nobody")


def test_requests_are_signed_over_time_method_target_and_body() -> None:
    """openssl dgst -sha256 -hmac app-secret over the text `1767225600POST/resources/x?y=1{"a":1}`."""
    headers = calls.sign(
        "post",
        "/resources/x?y=1",
        b'{"a":1}',
        secret="app-secret",
        token="sbx:token",
        at=1767225600,
    )

    assert (
        headers["x-app-access-sig"]
        == "75c7a105642aa3a06e60085a390b24a31be9ea2f07a8b7745494d18f8b0b8001"
    )
    assert (headers["x-app-token"], headers["x-app-access-ts"]) == ("sbx:token", "1767225600")


async def test_an_applicant_is_made_with_countries_of_three_letters() -> None:
    async with sumsub(lambda _: Told(201, json=applicant())) as (connector, world):
        outcome = await connector.create_applicant(ANN)

        (asked,) = world.asked
        assert outcome == Confirmed("a1")
        assert asked.target == "/resources/applicants?levelName=basic-kyc-level"
        fixed = asked.json()["fixedInfo"]
        assert (fixed["country"], fixed["nationality"], fixed["dob"]) == (
            "IRL",
            "GBR",
            "1990-05-01",
        )
        at = asked.headers["x-app-access-ts"]
        message = f"{at}POST{asked.target}".encode() + asked.body
        due = hmac.new(b"app-secret", message, hashlib.sha256).hexdigest()
        assert asked.headers["x-app-access-sig"] == due


async def test_an_applicant_asked_for_twice_is_the_one_that_exists() -> None:
    def answering(asked: Asked) -> Told:
        if asked.method == "POST":
            return Told(409, json={"description": "already exists: a1"})
        return Told(json=applicant())

    async with sumsub(answering) as (connector, world):
        assert await connector.create_applicant(ANN, "other level") == Confirmed("a1")
        assert world.asked[0].query["levelName"] == "other level"
        assert world.asked[1].target == "/resources/applicants/-;externalUserId=c-1/one"


async def test_a_document_travels_whole_and_its_name_harmless() -> None:
    answer = Told(json={}, headers={"X-Image-Id": "77"})
    async with sumsub(lambda _: answer) as (connector, world):
        assert await connector.add_document("a/1", PASSPORT) == Confirmed("77")

        (asked,) = world.asked
        assert asked.path == "/resources/applicants/a%2F1/info/idDoc"
        boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
        _, about, file, end = asked.body.split(b"--" + boundary)
        assert end == b"--\r\n"
        told = json.loads(about.partition(b"\r\n\r\n")[2])
        assert told == {"idDocType": "PASSPORT", "country": "IRL", "idDocSubType": "FRONT_SIDE"}
        head, _, content = file.partition(b"\r\n\r\n")
        assert content == PASSPORT.content + b"\r\n"
        assert b'filename="pass_port__X_ y.jpg"' in head


async def test_what_the_provider_would_not_read_is_not_sent() -> None:
    async with sumsub(lambda _: Told(json={})) as (connector, world):
        for wrong in (
            msgspec.structs.replace(PASSPORT, media_type="text/html"),
            msgspec.structs.replace(PASSPORT, content=b""),
            msgspec.structs.replace(PASSPORT, content=b"x" * (10 * 1024 * 1024 + 1)),
        ):
            assert isinstance(await connector.add_document("a1", wrong), Refused)
        assert world.asked == []


async def test_refusals_and_silence_are_told_apart() -> None:
    for told, due, technical in (
        (Told(400, json={"description": "bad", "errorName": "x"}), Refused, False),
        (Told(401, json={}), Refused, True),
        (Told(500, json={}), Unknown, None),
        (Told(raw=b"x" * 50, cut=True), Unknown, None),
        (Told(json=[]), Unknown, None),
    ):
        async with sumsub(lambda _, told=told: told) as (connector, _):
            outcome = await connector.create_applicant(ANN)
        assert isinstance(outcome, due)
        if isinstance(outcome, Refused):
            assert outcome.technical is technical


async def test_asking_for_a_review_that_runs_already_is_fine() -> None:
    for status, due in (("pending", Confirmed), ("completed", Refused)):

        def answering(asked: Asked, status: str = status) -> Told:
            if asked.method == "POST":
                return Told(409, json={"description": "in progress"})
            result = {"reviewAnswer": "RED", "reviewRejectType": "FINAL"}
            return Told(json=applicant(status, **(result if status == "completed" else {})))

        async with sumsub(answering) as (connector, _):
            assert isinstance(await connector.submit("a1"), due)


@pytest.mark.parametrize(
    ("status", "result", "state"),
    [
        ("init", {}, State.DRAFT),
        ("pending", {}, State.SUBMITTED),
        ("queued", {}, State.IN_REVIEW),
        ("prechecked", {}, State.IN_REVIEW),
        ("onHold", {}, State.IN_REVIEW),
        ("brandNew", {}, State.IN_REVIEW),
        ("completed", {"reviewAnswer": "GREEN"}, State.APPROVED),
        ("completed", {"reviewAnswer": "RED", "reviewRejectType": "RETRY"}, State.REJECTED_RETRY),
        ("completed", {"reviewAnswer": "RED", "rejectType": "FINAL"}, State.REJECTED_FINAL),
        ("completed", {"reviewAnswer": "RED"}, State.IN_REVIEW),
        ("completed", {"reviewAnswer": "PURPLE"}, State.IN_REVIEW),
        ("completed", {}, State.IN_REVIEW),
        ("pending", {"reviewAnswer": "GREEN"}, State.SUBMITTED),
    ],
)
async def test_reviews_become_neutral_states(
    status: str, result: dict[str, str], state: State
) -> None:
    async with sumsub(lambda _: Told(json=applicant(status, **result))) as (connector, _):
        read = await connector.fetch_result("a1")

    assert (read.state, read.our_id, read.attempt) == (state, "c-1", 2)
    assert read.answered == NOW


async def test_a_rejection_says_why_to_staff_and_what_to_tell() -> None:
    told = applicant(
        "completed",
        reviewAnswer="RED",
        reviewRejectType="RETRY",
        rejectLabels=["BAD_PHOTO", 7, ""],
        moderationComment="for staff",
        clientComment="for the client",
    )
    async with sumsub(lambda _: Told(json=told)) as (connector, _):
        read = await connector.fetch_result("a1")

    assert read.labels == ("BAD_PHOTO",)
    assert (read.because, read.tell) == ("for staff", "for the client")
    assert json.loads(read.raw) == told


async def test_an_applicant_that_is_not_there_differs_from_silence() -> None:
    async with sumsub(lambda _: Told(404, json={})) as (connector, _):
        with pytest.raises(NotFound):
            await connector.fetch_result("a1")
        assert all(check.fine for check in await connector.test_connection())
    async with sumsub(lambda _: Told(503, json={})) as (connector, _):
        with pytest.raises(Unavailable):
            await connector.fetch_result("a1")
    async with sumsub(lambda _: Told(401, json={})) as (connector, _):
        assert not (await connector.test_connection())[0].fine


@pytest.mark.parametrize("how", ["HMAC_SHA256_HEX", "HMAC_SHA512_HEX"])
async def test_a_signed_callback_is_read(how: str) -> None:
    raw = callback()
    async with quiet(Sumsub) as connector:
        (event,) = connector.parse_callback(raw, proof(raw, how=how), NOW)

    assert (event.applicant, event.our_id, event.state) == ("a1", "c-1", State.APPROVED)
    assert event.at == NOW.replace(microsecond=123000)
    assert event.provider_event_id == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize(
    ("headers", "raw"),
    [
        (proof(callback(), "app-secret"), callback()),
        (proof(callback(), ""), callback()),
        (proof(callback(), "another tenant's"), callback()),
        (proof(callback(), how="HMAC_SHA1_HEX"), callback()),
        (proof(callback(), how="NONE"), callback()),
        (proof(callback())[:1], callback()),
        (proof(callback())[1:], callback()),
        ([*proof(callback()), proof(callback())[1]], callback()),
        ([*proof(callback()), ("x-payload-digest-alg", "HMAC_SHA1_HEX")], callback()),
        (proof(callback()), callback() + b" "),
        (proof(callback()), callback().replace(b"GREEN", b"PINK!")),
        (proof(callback()), json.dumps(json.loads(callback()), indent=1).encode()),
        ([("X-Payload-Digest-Alg", "HMAC_SHA256_HEX"), ("X-Payload-Digest", "")], callback()),
    ],
)
async def test_a_forged_callback_is_refused(headers: list[tuple[str, str]], raw: bytes) -> None:
    async with quiet(Sumsub) as connector:
        with pytest.raises(Forged):
            connector.parse_callback(raw, headers, NOW)


async def test_no_secret_means_no_callbacks_and_two_count_while_rotating() -> None:
    raw = callback()
    for held in ("", [], [""]):
        async with quiet(Sumsub, **{"sumsub.webhook": held}) as connector:
            for secret in ("", HOOK):
                with pytest.raises(Forged):
                    connector.parse_callback(raw, proof(raw, secret), NOW)
    async with quiet(Sumsub, **{"sumsub.webhook": ["newer", HOOK]}) as connector:
        for secret in ("newer", HOOK):
            assert connector.parse_callback(raw, proof(raw, secret), NOW)


async def test_a_genuine_callback_of_another_client_is_refused() -> None:
    raw = callback(clientId="client2")
    async with sumsub(lambda _: Told(json={}), client="client1") as (connector, _):
        with pytest.raises(Forged):
            connector.parse_callback(raw, proof(raw), NOW)


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (callback("applicantPending", reviewStatus="pending"), State.SUBMITTED),
        (callback("applicantOnHold", reviewStatus="onHold"), State.IN_REVIEW),
        (callback("applicantReset", reviewStatus="init"), State.DRAFT),
        (callback("applicantCreated"), None),
        (callback("videoIdentStatusChanged"), None),
        (callback(type=7), None),
        (b"[]", None),
        (b"\xff", None),
        (b"", None),
    ],
)
async def test_other_callbacks_are_kept_with_the_state_they_tell(
    raw: bytes, state: State | None
) -> None:
    async with quiet(Sumsub) as connector:
        (event,) = connector.parse_callback(raw, proof(raw), NOW)

    assert event.state is state


def test_countries_become_three_letters() -> None:
    told = {"DE": "DEU", "RO": "ROU", "CD": "COD", "MM": "MMR", "XK": "XKX", "fr": "FRA", "": ""}

    assert {two: shapes.country(two) for two in told} == told
