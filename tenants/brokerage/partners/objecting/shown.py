"""An objection as a page shows it: sums by cause, differing deals a page at a time, what was said."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from litestar import Request

from brokerage.partners.model import Objection
from brokerage.partners.objecting import causes
from brokerage.partners.wordings import Said
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

A_PAGE: Final = 50
learn(
    {
        "objection open": Status(N_("We look into it"), Tone.MOVING),
        "objection agreed": Status(N_("Agreed"), Tone.DONE),
        "objection refused": Status(N_("Not agreed"), Tone.STOPPED),
        "objection withdrawn": Status(N_("Taken back"), Tone.WAITING),
    }
)
MOMENTS: Final[dict[str, tuple[str, str]]] = {
    "raised": (N_("Raised"), "moving"),
    "said": (N_("A word"), "waiting"),
    "agreed": (N_("Agreed: added to the rewards"), "done"),
    "refused": (N_("Not agreed"), "stopped"),
    "withdrawn": (N_("Taken back by the partner"), "waiting"),
}


def page_of(request: Request[Any, Any, Any]) -> int:
    """The asked page of lines, from 1."""
    asked = str(request.query_params.get("page", "1"))
    return max(int(asked), 1) if asked.isdigit() and len(asked) < 6 else 1


def of(row: Objection, *, page: int, desk: bool) -> dict[str, Any]:
    """`desk`: with what only staff may read, such as whose client it is and who answered."""
    pages = max((len(row.lines) + A_PAGE - 1) // A_PAGE, 1)
    here = min(page, pages)
    first = (here - 1) * A_PAGE
    kinds = causes.DESK_KINDS if desk else causes.KINDS
    return {
        "difference": row.claimed - row.ours,
        "counted": [
            {
                "label": kinds.get(one["cause"], one["cause"]),
                "count": one["count"],
                "difference": Decimal(one["difference"]),
                "same": one["cause"] == "same",
            }
            for one in row.counted
        ],
        "lines": [
            _line(at, line, desk)
            for at, line in enumerate(row.lines[first : first + A_PAGE], first)
        ],
        "page": here,
        "pages": pages,
        "kept": len(row.lines),
        "story": [_moment(one, desk) for one in row.story],
    }


def _line(at: int, line: dict[str, Any], desk: bool) -> dict[str, Any]:
    difference = causes.difference(line)
    kinds, says = (causes.DESK_KINDS, causes.DESK_SAYS) if desk else (causes.KINDS, causes.SAYS)
    return {
        "at": at,
        "deal": line["deal"],
        "reward": line["reward"],
        "symbol": line["symbol"],
        "theirs": Decimal(line["theirs"]) if line["theirs"] is not None else None,
        "ours": Decimal(line["ours"]) if line["ours"] is not None else None,
        "difference": difference,
        "cause": kinds.get(line["cause"], line["cause"]),
        "says": says.get(line["cause"], ""),
        "places": {k: Said(v) if k == "why" else v for k, v in line["places"].items()},
        "inside": line["inside"] if desk else "",
        "may_adjust": bool(line["reward"]) and difference > 0,
    }


def _moment(one: dict[str, Any], desk: bool) -> dict[str, Any]:
    title, tone = MOMENTS.get(one["what"], (one["what"], "waiting"))
    by = one.get("by")
    return {
        "at": datetime.fromisoformat(one["at"]),
        "title": title,
        "tone": tone,
        "text": one["says"],
        "who": one["who"],
        "by": UUID(by) if desk and by else None,
    }
