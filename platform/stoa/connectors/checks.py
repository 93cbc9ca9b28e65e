"""What "test the connection" tells a person: one line per thing that was tried."""

import msgspec

from stoa.kernel.refusals import Refusal


class Check(msgspec.Struct, frozen=True):
    """`what` is an English message id; `text` is what was found, such as a server's name."""

    what: str
    fine: bool
    text: str = ""


def failed(what: str, why: Refusal) -> Check:
    return Check(what, fine=False, text=f"{why.code}: {why}")
