"""Fees that partners earn from, told by a broker's other systems: once, by their own scope."""

import secrets

import pytest

from brokerage.clients import clients
from brokerage.partners.permissions import Partners
from stoa.kernel.ids import uuid7

PATH = "/api/v1/partner-fees"
BOTH = (str(Partners.VIEW), str(Partners.FEES))


@pytest.fixture
async def body(house, aurora):
    async with house.door.open(aurora, purpose="test") as work:
        row = await clients.register(
            work,
            email=f"{secrets.token_hex(6)}@example.com",
            first_name="Ines",
            last_name="Duarte",
            country="ES",
        )
        at = work.now.isoformat()
    return {
        "kind": "prop",
        "reference": secrets.token_hex(6),
        "client": str(row.id),
        "amount": "99.50",
        "currency": "USD",
        "at": at,
    }


async def test_a_fee_is_told_once_under_any_key(system, body):
    mine = await system(*BOTH)

    first = await mine.post(PATH, body, key="a-key-of-mine")
    replayed = await mine.post(PATH, body, key="a-key-of-mine")
    again = await mine.post(PATH, body)
    other = await mine.post(PATH, body | {"amount": "100"})

    assert first.status_code == 201, first.text
    assert replayed.json() == first.json() and replayed.headers["idempotent-replay"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert other.status_code == 409 and other.json()["code"] == "reference-used"
    read = await mine.get(f"{PATH}/{first.json()['id']}")
    assert read.json() == first.json() and read.json()["amount"] == "99.50"
    assert read.json()["counted"] is True and read.json()["earned"] == "0"


async def test_a_fee_is_given_back_once_and_only_with_the_scope(system, body):
    mine, reader = await system(*BOTH), await system(str(Partners.VIEW))
    fee = (await mine.post(PATH, body)).json()["id"]

    assert (await reader.post(PATH, body)).status_code == 403
    assert (await reader.post(f"{PATH}/{fee}/undo", {"reason": "refund"})).status_code == 403
    undone = await mine.post(f"{PATH}/{fee}/undo", {"reason": "refund"})
    assert undone.status_code == 200 and undone.json()["undone_at"]
    assert (await mine.post(f"{PATH}/{fee}/undo", {"reason": "refund"})).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "1e3"},
        {"amount": "-1"},
        {"kind": "bribe"},
        {"at": "2026-01-01T00:00:00"},
        {"client": str(uuid7())},
        {"more": 1},
        {"reference": ""},
    ],
)
async def test_what_is_wrong_is_refused_by_its_field(system, body, wrong):
    mine = await system(*BOTH)

    answer = await mine.post(PATH, body | wrong)

    assert answer.status_code in (404, 422), answer.text
    assert "Nothing was" in answer.json()["detail"] or answer.json()["fields"]


async def test_another_brokers_client_is_not_known(house, system, body, borealis):
    theirs = await system(*BOTH, tenant=borealis)

    assert (await theirs.post(PATH, body)).status_code == 404
