"""Applicants: their data, their documents, and each review of them."""

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.common.book import Row
from sandbox.common.uploads import parts
from sandbox.common.wire import Asked
from sandbox.sumsub import verdicts
from sandbox.sumsub.errors import refused
from sandbox.sumsub.images import Unreadable, look
from sandbox.sumsub.verdicts import Verdict

if TYPE_CHECKING:
    from sandbox.sumsub.api import Sumsub

IDENTITY = ("PASSPORT", "ID_CARD", "DRIVERS", "RESIDENCE_PERMIT")
OTHER = ("SELFIE", "UTILITY_BILL", "BANK_STATEMENT", "PROFILE_IMAGE", "OTHER")
MOST_IMAGES = 50


class Applicants:
    def __init__(self, sumsub: "Sumsub") -> None:
        self._of = sumsub
        # (merchant, externalUserId) to id: one applicant for each of a merchant's users.
        self._names: dict[tuple[str, str], str] = {}
        sumsub.book.watch("applicants", self._name)

    def create(self, merchant: Row, level: str, given: Row) -> Row:
        """Open an applicant.

        Raises:
            Refused: no user or level named (400), or this user is known already (409).
        """
        user = given.get("externalUserId")
        if not isinstance(user, str) or not 0 < len(user) <= 512:
            raise refused(400, "externalUserId is required")
        if not level:
            raise refused(400, "levelName is required")
        if merchant["levels"] and level not in merchant["levels"]:
            raise refused(404, f"Level '{level}' not found")
        known = self._names.get((merchant["id"], user))
        if known is not None:
            raise refused(409, f"Applicant with external user id '{user}' already exists: {known}")
        now = self.stamp()
        row: Row = {
            "id": secrets.token_hex(12),
            "createdAt": now[:19],
            "createdBy": "service-" + merchant["id"],
            "key": secrets.token_hex(6),
            "clientId": merchant["id"],
            "inspectionId": secrets.token_hex(12),
            "externalUserId": user,
            "sourceKey": given.get("sourceKey"),
            "email": given.get("email"),
            "phone": given.get("phone"),
            "lang": given.get("lang"),
            "info": _info(given, "info"),
            "fixedInfo": _info(given, "fixedInfo"),
            "metadata": given.get("metadata") or [],
            "applicantPlatform": "API",
            "requiredIdDocs": {"docSets": [{"idDocSetType": "IDENTITY", "types": list(IDENTITY)}]},
            "review": {
                "reviewId": secrets.token_hex(8),
                "attemptId": secrets.token_hex(8),
                "attemptCnt": 0,
                "levelName": level,
                "createDate": now,
                "reviewStatus": "init",
                "notificationFailureCnt": 0,
                "reprocessing": False,
                "priority": 0,
            },
            "type": given.get("type") or "individual",
            "_merchant": merchant["id"],
            "_images": [],
            "_at": self._of.clock.now(),
        }
        self._of.book.put("applicant.created", "applicants", row)
        self._of.event("applicantCreated", row)
        return row

    def find(self, merchant: Row, key: str) -> Row:
        row = self._of.book.get("applicants", key)
        if row is None or row["_merchant"] != merchant["id"]:
            raise refused(404, f"Applicant not found [{key}]")
        return row

    def by_user(self, merchant: Row, user: str) -> Row:
        return self.find(merchant, self._names.get((merchant["id"], user), user))

    def fix(self, row: Row, given: Row) -> Row:
        """Set what the merchant knows of the applicant."""
        fixed = {**row["fixedInfo"], **_info({"fixedInfo": given}, "fixedInfo")}
        return self._of.book.change("applicant.fixed", "applicants", row["id"], fixedInfo=fixed)

    def add_document(self, row: Row, about: Row, content: bytes, file_name: str) -> Row:
        """Add a document, or one side of it.

        Raises:
            Refused: while a review runs, after a final rejection, or for a file that is no document.
        """
        self._open(row)
        kind = about.get("idDocType")
        if kind not in (*IDENTITY, *OTHER):
            raise refused(400, f"Unknown idDocType {kind}")
        if not isinstance(about.get("country"), str) and kind in IDENTITY:
            raise refused(400, "country is required")
        if len(row["_images"]) >= MOST_IMAGES:
            raise refused(400, "Too many documents", 1001, "too-many-documents")
        seen = {"kind": "", "blurred": False}
        if content:
            try:
                found = look(content)
            except Unreadable as why:
                code = 1005 if "format" in str(why) else 1004
                raise refused(400, "The file cannot be read", code, str(why)) from None
            seen = {"kind": found.kind, "blurred": found.blurred}
        image: Row = {
            "id": str(secrets.randbelow(9 * 10**8) + 10**8),
            "idDocType": kind,
            "idDocSubType": about.get("idDocSubType"),
            "country": about.get("country"),
            "file_name": file_name,
            "size": len(content),
            "active": True,
            **seen,
        }
        self._of.book.change(
            "document.added", "applicants", row["id"], _images=[*row["_images"], image]
        )
        return image

    def submit(self, row: Row) -> Row:
        """Ask for a review of what was uploaded."""
        self._open(row)
        if not any(one["idDocType"] in IDENTITY for one in row["_images"] if one["active"]):
            raise refused(400, "Not all required documents are submitted: IDENTITY")
        review = {
            **row["review"],
            "attemptId": secrets.token_hex(8),
            "attemptCnt": row["review"]["attemptCnt"] + 1,
            "reviewStatus": "pending",
            "createDate": self.stamp(),
        }
        for gone in ("reviewResult", "reviewDate"):
            review.pop(gone, None)
        row = self._of.book.change("review.asked", "applicants", row["id"], review=review)
        self._of.event("applicantPending", row)
        said = verdicts.words(row)
        if verdicts.SILENT not in said:
            wait = verdicts.SLOW_S if verdicts.SLOW in said else self._of.options.settle_s
            self._of.later.after(wait, "review", row["id"])
        return row

    def review(self, key: str) -> None:
        """The provider's own decision, when its time has come."""
        row = self._of.book.get("applicants", key)
        if row is None or row["review"]["reviewStatus"] != "pending":
            return
        if verdicts.HOLD in verdicts.words(row):
            review = {**row["review"], "reviewStatus": "onHold"}
            row = self._of.book.change("review.held", "applicants", key, review=review)
            self._of.event("applicantOnHold", row)
            return
        about: dict[str, Any] = {"on": "review", "merchant": row["_merchant"]}
        if self._of.faults.strike("decline_hard", **about):
            forged = Verdict("RED", verdicts.FINAL, ("FORGERY",), "The document is not genuine.")
            self.decide(row, forged)
        else:
            self.decide(row, verdicts.decide(row, self._of.clock.moment().date()))

    def decide(self, row: Row, verdict: Verdict) -> Row:
        review = {
            **row["review"],
            "reviewStatus": "completed",
            "reviewDate": self.stamp(),
            "reviewResult": verdict.result(),
        }
        images = row["_images"]
        if verdict.reject_type == verdicts.RETRY:
            # What was not good enough does not count any more: the next try is judged afresh.
            images = [{**image, "active": False} for image in images]
        row = self._of.book.change(
            f"review.{verdict.answer}", "applicants", row["id"], review=review, _images=images
        )
        self._of.event("applicantReviewed", row)
        return row

    def reset(self, row: Row) -> Row:
        images = [{**image, "active": False} for image in row["_images"]]
        review = {**row["review"], "reviewStatus": "init"}
        for gone in ("reviewResult", "reviewDate"):
            review.pop(gone, None)
        row = self._of.book.change(
            "applicant.reset", "applicants", row["id"], review=review, _images=images
        )
        self._of.event("applicantReset", row)
        return row

    def stamp(self) -> str:
        """Now, as the API writes it."""
        return f"{datetime.fromtimestamp(self._of.clock.now(), UTC):%Y-%m-%d %H:%M:%S}+0000"

    def _open(self, row: Row) -> None:
        if row["review"]["reviewStatus"] in ("pending", "onHold", "queued"):
            name = "no-upload-verification-in-progress"
            raise refused(409, "The applicant is being checked", 1006, name)
        if row["review"].get("reviewResult", {}).get("reviewRejectType") == verdicts.FINAL:
            raise refused(409, "The applicant was rejected finally and cannot try again")

    def _name(self, row: Row) -> None:
        self._names[row["_merchant"], row["externalUserId"]] = row["id"]


def _info(given: Row, name: str) -> Row:
    value = given.get(name) or {}
    if not isinstance(value, dict):
        raise refused(400, f"{name} must be an object")
    return value


def form(asked: Asked) -> tuple[str, bytes, str]:
    """The `metadata` text, the `content` bytes and the file's name of an upload."""
    metadata, content, name = "{}", b"", ""
    for part in parts(asked):
        if part.name == "metadata":
            metadata = part.content.decode(errors="replace")
        elif part.name == "content":
            content, name = part.content, part.file_name
            if name and not content:
                raise refused(400, "The file is empty", 1003, "empty-file")
    return metadata, content, name
