"""Proving an address: the right code opens the room, wrong ones run out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from brokerage.clients import verification
from brokerage.clients.events import EmailVerified
from brokerage.clients.model import State
from brokerage.clients.verification import Verdict
from stoa.identity.model import Person
from stoa.kernel.refusals import Conflict, Gone, TooMany
from stoa.notices.model import Message
from stoa.notices.notices import LINK
from support.clients import a_client


async def sent(work, client) -> tuple[str, str]:
    """The newest letter's link and code."""
    letter = await work.first(
        select(Message).where(Message.person == client).order_by(Message.id.desc())
    )
    path, _, code = work.unseal(letter.id, LINK, letter.link_sealed).partition("#")
    assert code not in str(letter.params)
    return path.rsplit("/", 1)[-1], code


async def test_the_right_code_confirms_and_opens_the_room(work):
    row = await a_client(work)
    await verification.send(work, row.id)
    _, code = await sent(work, row.id)

    assert await verification.attempt(work, row.id, f" {code[:3]} {code[3:]}") is Verdict.RIGHT

    assert row.state == State.ACTIVE
    assert (await work.get(Person, row.id)).email_verified_at == work.now
    assert EmailVerified(client=row.id) in work.told
    assert await verification.attempt(work, row.id, code) is Verdict.WRONG


async def test_the_sixth_try_is_blocked_even_with_the_right_code(work):
    row = await a_client(work)
    await verification.send(work, row.id)
    _, code = await sent(work, row.id)
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        assert await verification.attempt(work, row.id, wrong) is Verdict.WRONG

    assert await verification.attempt(work, row.id, code) is Verdict.BLOCKED
    with pytest.raises(TooMany, match="15 minutes"):
        await verification.send(work, row.id)
    work.now += timedelta(minutes=16)
    assert await verification.attempt(work, row.id, code) is not Verdict.RIGHT
    await verification.send(work, row.id)
    _, fresh = await sent(work, row.id)
    assert await verification.attempt(work, row.id, fresh) is Verdict.RIGHT


async def test_a_newer_letter_stops_the_older_code(work):
    row = await a_client(work)
    await verification.send(work, row.id)
    link, code = await sent(work, row.id)
    work.now += timedelta(seconds=1)
    await verification.send(work, row.id)
    _, newer = await sent(work, row.id)

    if code != newer:
        assert await verification.attempt(work, row.id, code) is Verdict.WRONG
    with pytest.raises(Gone):
        await verification.by_link(work, link)


async def test_the_link_works_once(work):
    row = await a_client(work)
    await verification.send(work, row.id)
    link, _ = await sent(work, row.id)

    assert (await verification.by_link(work, link)).id == row.id

    with pytest.raises(Gone):
        await verification.by_link(work, link)
    with pytest.raises(Conflict):
        await verification.send(work, row.id)


async def test_a_code_ends(work):
    row = await a_client(work)
    await verification.send(work, row.id)
    _, code = await sent(work, row.id)
    work.now += timedelta(hours=25)

    assert await verification.attempt(work, row.id, code) is Verdict.WRONG
