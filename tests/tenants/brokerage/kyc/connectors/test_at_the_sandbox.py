"""The Sumsub connector against the sandbox's verification provider, a process of its own."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from brokerage.kyc.connector import Document, Event, Paper, Person, Result, Side, State
from brokerage.kyc.connectors.sumsub import Settings, Sumsub
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Forged
from support.checkers import Checker, photo
from support.patience import until
from support.standins import Listener, Standin


@pytest.fixture(scope="module")
async def standin(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Standin]:
    running = await Standin("sumsub", tmp_path_factory.mktemp("sumsub")).start()
    yield running
    assert await running.stop() == 0


@pytest.fixture
async def hooks() -> AsyncGenerator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def shop(standin: Standin, hooks: Listener) -> Checker:
    return await Checker(standin, hooks).open()


@pytest.fixture
async def sumsub(standin: Standin, shop: Checker) -> AsyncGenerator[Sumsub]:
    limits = Limits(in_a_row=10_000, error_rate=2)
    lines = Lines(Egress({f"127.0.0.1:{standin.port}"}), limits=limits)
    keys = Keyring(
        {
            "sumsub.app_token": shop.token,
            "sumsub.secret_key": shop.key,
            "sumsub.webhook": shop.secret,
        }
    )
    settings = Settings(base_url=standin.url, client=shop.id)
    yield Sumsub(settings, keys, lines.of("t", "sumsub"))
    await lines.egress.aclose()


def a_person(last_name: str = "Example") -> Person:
    return Person(
        reference=f"c-{uuid4().hex[:10]}",
        first_name="Ann",
        last_name=last_name,
        born=date(1990, 5, 1),
        country="IE",
        email="ann@example.com",
    )


def a_passport() -> Document:
    return Document(
        paper=Paper.PASSPORT,
        side=Side.FRONT,
        country="IE",
        file_name="passport.jpg",
        media_type="image/jpeg",
        content=photo(),
    )


async def submitted(sumsub: Sumsub, person: Person) -> str:
    made = await sumsub.create_applicant(person)
    assert isinstance(made, Confirmed), made
    added = await sumsub.add_document(made.reference, a_passport())
    assert isinstance(added, Confirmed), added
    assert added.reference
    assert await sumsub.submit(made.reference) == Confirmed(made.reference)
    return made.reference


async def decided(sumsub: Sumsub, applicant: str) -> Result:
    async def over() -> bool:
        return (await sumsub.fetch_result(applicant)).state.decided

    await until(over)
    return await sumsub.fetch_result(applicant)


def heard(shop: Checker, sumsub: Sumsub) -> list[Event]:
    found: list[Event] = []
    for one in shop.hooks.got:
        found += sumsub.parse_callback(one.content, list(one.headers.items()), datetime.now(UTC))
    return found


@pytest.mark.parametrize(
    ("name", "state", "label"),
    [
        ("Example", State.APPROVED, ""),
        ("Blurred", State.REJECTED_RETRY, "BAD_PHOTO"),
        ("Expired", State.REJECTED_RETRY, "DOCUMENT_EXPIRED"),
        ("Forged", State.REJECTED_FINAL, "FORGERY"),
    ],
)
async def test_a_person_is_verified_and_the_verdict_is_told(
    shop: Checker, sumsub: Sumsub, name: str, state: State, label: str
) -> None:
    person = a_person(name)
    applicant = await submitted(sumsub, person)

    result = await decided(sumsub, applicant)

    assert (result.state, result.our_id) == (state, person.reference)
    assert label in (result.labels or ("",))
    assert bool(result.tell) == (state is not State.APPROVED)
    assert result.answered is not None

    def told() -> bool:
        return any(event.state is state for event in heard(shop, sumsub))

    await until(told)
    last = next(event for event in heard(shop, sumsub) if event.state is state)
    assert (last.applicant, last.our_id) == (applicant, person.reference)


async def test_a_client_who_must_try_again_can(sumsub: Sumsub) -> None:
    applicant = await submitted(sumsub, a_person("Blurred"))
    assert (await decided(sumsub, applicant)).state is State.REJECTED_RETRY

    assert await sumsub.reopen(applicant) == Confirmed(applicant)
    assert (await sumsub.fetch_result(applicant)).state is State.DRAFT
    again = await sumsub.add_document(applicant, a_passport())

    assert isinstance(again, Confirmed)
    assert await sumsub.submit(applicant) == Confirmed(applicant)


async def test_asking_twice_makes_one_applicant_and_one_review(sumsub: Sumsub) -> None:
    person = a_person("Hold")
    first = await submitted(sumsub, person)

    again = await sumsub.create_applicant(person)

    assert again == Confirmed(first)
    assert await sumsub.submit(first) == Confirmed(first)

    async def held() -> bool:
        return (await sumsub.fetch_result(first)).state is State.IN_REVIEW

    await until(held)


async def test_a_lost_answer_leaves_one_applicant(shop: Checker, sumsub: Sumsub) -> None:
    person = a_person()
    await shop.fault("connection_reset_after_apply")

    lost = await sumsub.create_applicant(person)
    again = await sumsub.create_applicant(person)

    assert isinstance(lost, Unknown)
    assert isinstance(again, Confirmed)
    assert len((await shop.at.truth(shop.id))["applicants"]) == 1


async def test_a_technical_refusal_and_a_review_without_documents(
    shop: Checker, sumsub: Sumsub
) -> None:
    await shop.fault("decline_technical")
    assert isinstance(await sumsub.create_applicant(a_person()), Unknown)
    made = await sumsub.create_applicant(a_person())
    assert isinstance(made, Confirmed)

    empty = await sumsub.submit(made.reference)

    assert isinstance(empty, Refused)
    assert not empty.technical
    assert all(check.fine for check in await sumsub.test_connection())


async def test_of_a_callback_and_its_forgery_only_one_counts(shop: Checker, sumsub: Sumsub) -> None:
    await shop.fault("callback_forged", count=10)
    await submitted(sumsub, a_person())

    def told() -> list[bool]:
        """Of each callback whether it is genuine."""
        found = []
        for one in shop.hooks.got:
            try:
                headers = list(one.headers.items())
                sumsub.parse_callback(one.content, headers, datetime.now(UTC))
                found.append(True)
            except Forged:
                found.append(False)
        return found

    await until(lambda: told().count(True) >= 2 and told().count(False) >= 2)


@pytest.mark.parametrize("how", ["HMAC_SHA1_HEX", "HMAC_SHA512_HEX"])
async def test_only_the_digests_the_tenant_allows_count(
    standin: Standin, hooks: Listener, how: str
) -> None:
    shop = await Checker(standin, hooks).open(digest_alg=how)
    lines = Lines(Egress({f"127.0.0.1:{standin.port}"}))
    keys = Keyring(
        {
            "sumsub.app_token": shop.token,
            "sumsub.secret_key": shop.key,
            "sumsub.webhook": shop.secret,
        }
    )
    sumsub = Sumsub(Settings(base_url=standin.url), keys, lines.of("t", "sumsub"))
    await submitted(sumsub, a_person())
    await until(lambda: len(hooks.got) >= 1)

    if how == "HMAC_SHA1_HEX":
        with pytest.raises(Forged):
            heard(shop, sumsub)
    else:
        assert heard(shop, sumsub)
    await lines.egress.aclose()
