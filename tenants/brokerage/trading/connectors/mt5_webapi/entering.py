"""The login of either wire: a challenge each way, so that both sides prove the password."""

import secrets
from collections.abc import Mapping
from typing import Final

from brokerage.trading.connectors.mt5_webapi import login, retcodes
from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from brokerage.trading.connectors.mt5_webapi.link import Talk
from stoa.connectors.trouble import Unreachable

_LOGIN_S: Final = 10.0


async def enter(talk: Talk, asked: Mapping[str, str | int], password: str) -> tuple[bytes, Answer]:
    """The password's hash and the last answer, once both sides have proved themselves.

    Raises:
        Unreachable: with the server's code; none of our commands was sent.
        NoAnswer: it fell silent on the way.
    """
    hashed = login.password_hash(password)
    start = await talk.exchange("AUTH_START", asked, "", _LOGIN_S)
    challenge = random_of(start, "SRV_RAND")
    ours = secrets.token_bytes(16)
    proof = login.challenge_answer(hashed, challenge)
    answer = await talk.exchange(
        "AUTH_ANSWER", {"SRV_RAND_ANSWER": proof, "CLI_RAND": ours.hex()}, "", _LOGIN_S
    )
    _require_done(answer)
    if not login.proves(hashed, ours, answer.params.get("CLI_RAND_ANSWER", "")):
        raise _not_let_in(retcodes.BAD_SERVER)
    return hashed, answer


def random_of(answer: Answer, name: str) -> bytes:
    """The random bytes of a challenge. Raises Unreachable where there are none."""
    _require_done(answer)
    try:
        found = bytes.fromhex(answer.params.get(name, ""))
    except ValueError as why:
        raise _not_let_in(retcodes.BAD_SERVER) from why
    if not found:
        raise _not_let_in(retcodes.BAD_SERVER)
    return found


def _require_done(answer: Answer) -> None:
    if answer.retcode != retcodes.DONE:
        raise _not_let_in(answer.retcode)


def _not_let_in(retcode: int | None) -> Unreachable:
    known = retcodes.REFUSALS.get(retcode) if retcode is not None else None
    return Unreachable(
        "The trading server did not let us in: {reason}.",
        code=retcodes.code_name(retcode),
        reason=known[1] if known else retcodes.code_name(retcode),
    )
