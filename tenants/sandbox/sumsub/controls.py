"""The KYC stand-in's own controls: a decision by hand, and the truth for tests."""

from typing import TYPE_CHECKING

from sandbox.common.book import Row
from sandbox.common.wire import Answer, Asked, as_json, done
from sandbox.sumsub import errors, verdicts
from sandbox.sumsub.shapes import whole
from sandbox.sumsub.verdicts import Verdict

if TYPE_CHECKING:
    from sandbox.sumsub.api import Sumsub

BY_HAND = (
    ("Approve", {"answer": "GREEN"}),
    ("Ask again", {"answer": "RED", "rejectType": "RETRY", "label": "BAD_PHOTO"}),
    ("Reject", {"answer": "RED", "rejectType": "FINAL", "label": "FORGERY"}),
)


class Controls:
    def __init__(self, sumsub: "Sumsub") -> None:
        self._of = sumsub
        sumsub.on("POST", "/_sandbox/decide", self.decide)

    def decide(self, asked: Asked) -> Answer:
        """Decide at once, for tests and people.

        {applicantId or externalUserId, answer: GREEN or RED, rejectType, labels, comment}
        """
        given = asked.document()
        key, user = given.get("applicantId"), given.get("externalUserId")
        for row in self._of.book.table("applicants").values():
            if row["id"] == key or (row["externalUserId"] == user and not key):
                return done(
                    asked, "Decided", whole(self._of.applicants.decide(row, as_verdict(given)))
                )
        return as_json({"error": "no such applicant"}, 404)


def as_verdict(given: Row) -> Verdict:
    """A verdict as a test, a person or the published sandbox call writes it."""
    answer = str(given.get("answer") or given.get("reviewAnswer") or "GREEN").upper()
    if answer not in ("GREEN", "RED"):
        raise errors.refused(400, "reviewAnswer is GREEN or RED")
    if answer == "GREEN":
        return Verdict()
    kind = str(given.get("rejectType") or given.get("reviewRejectType") or verdicts.RETRY).upper()
    label = given.get("label")
    labels = [label] if label else given.get("labels") or given.get("rejectLabels") or ["BAD_PHOTO"]
    comment = str(given.get("comment") or given.get("moderationComment") or "")
    return Verdict("RED", kind, tuple(map(str, labels)), comment)


def truth(sumsub: "Sumsub", merchant: str) -> Row:
    """Every applicant with the last verdict that was really given."""
    rows = sumsub.book.table("applicants").values()
    return {
        "applicants": [
            {
                "id": row["id"],
                "merchant": row["_merchant"],
                "reference": row["externalUserId"],
                "status": row["review"]["reviewStatus"],
                "result": row["review"].get("reviewResult"),
                "attempts": row["review"]["attemptCnt"],
                "images": row["_images"],
                "fixedInfo": row["fixedInfo"],
            }
            for row in rows
            if merchant in ("", row["_merchant"])
        ]
    }


def recent(sumsub: "Sumsub", count: int) -> list[Row]:
    rows = list(sumsub.book.table("applicants").values())[-count:]
    return [
        {
            "at": row["_at"],
            "what": _name(row),
            "id": row["id"],
            "amount": "",
            "status": _status(row["review"]),
            "link": "",
            "acts": [
                {
                    "says": says,
                    "path": "/_sandbox/decide",
                    "fields": {"applicantId": row["id"], **fields},
                }
                for says, fields in BY_HAND
            ],
        }
        for row in reversed(rows)
    ]


def _name(row: Row) -> str:
    names = (row["fixedInfo"].get("firstName", ""), row["fixedInfo"].get("lastName", ""))
    return " ".join(filter(None, names)) or "Applicant"


def _status(review: Row) -> str:
    result = review.get("reviewResult", {})
    return str(result.get("reviewAnswer") or review["reviewStatus"])
