"""The KYC stand-in: its API, events and controls."""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec

from sandbox.common.book import Row, fresh
from sandbox.common.faults import CALLBACKS, Kind
from sandbox.common.provider import Provider
from sandbox.common.site import Options
from sandbox.common.wire import Answer, Asked, as_json
from sandbox.sumsub import errors, signing, verdicts
from sandbox.sumsub.applicants import Applicants, form
from sandbox.sumsub.controls import Controls, as_verdict, recent, truth
from sandbox.sumsub.shapes import status, steps, whole
from sandbox.sumsub.verdicts import Verdict

ONE = "/resources/applicants/{id}"
BY_USER = "/resources/applicants/-;externalUserId={user}/one"
DEFAULT_EVENTS = ("applicantPending", "applicantReviewed", "applicantOnHold", "applicantReset")
MONEY = ("callback_mutated_amount", "callback_mutated_currency")


class Sumsub(Provider):
    name: ClassVar[str] = "sumsub"
    title: ClassVar[str] = "Sumsub stand-in"
    about: ClassVar[str] = (
        "Checks people by their documents. Words in a name or file name steer it: blur, expired, "
        "screenshot, mismatch, forged, sanctioned, duplicate, rejected, hold, slow, silent."
    )
    accent: ClassVar[str] = "#0f6cbd"
    templates: ClassVar[Path] = Path(__file__).parent
    own_kinds: ClassVar[tuple[Kind, ...]] = (
        Kind("decline_technical", "Applicants cannot be created for a technical reason"),
        Kind("decline_hard", "Reviews end in a final rejection"),
    )
    callback_kinds: ClassVar[tuple[Kind, ...]] = (
        *(kind for kind in CALLBACKS if kind.code not in MONEY),
        Kind("callback_mutated_verdict", "The callback tells the opposite verdict, well signed"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.applicants = Applicants(self)
        self.later.names("review", self.applicants.review)
        self.on("POST", "/resources/applicants", self._create, "applicants.create")
        self.on("GET", BY_USER, self._by_user, "read")
        self.on("GET", ONE + "/one", self._one(whole), "read")
        self.on("GET", ONE + "/status", self._one(status), "read")
        self.on("GET", ONE + "/requiredIdDocsStatus", self._one(steps), "read")
        self.on("PATCH", ONE + "/fixedInfo", self._fix, "applicants.fix")
        self.on("POST", ONE + "/info/idDoc", self._document, "documents.add")
        self.on("POST", ONE + "/status/pending", self._submit, "reviews.ask")
        self.on("POST", ONE + "/status/testCompleted", self._completed, "reviews.test")
        self.on("POST", ONE + "/reset", self._reset, "applicants.reset")
        self.on("POST", "/resources/accessTokens", self._token, "tokens.create")
        self.on("POST", "/resources/accessTokens/sdk", self._token, "tokens.create")
        Controls(self)

    # What a provider says of itself.

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        del at
        return signing.digest(merchant, raw)

    def bend(self, document: Row, what: str) -> Row:
        """The callback with another applicant's user, or with the opposite verdict."""
        if what == "verdict":
            result = document.get("reviewResult", {})
            green = result.get("reviewAnswer") == "GREEN"
            forged = Verdict("RED", verdicts.FINAL, ("FORGERY",), "The document is not genuine.")
            return {**document, "reviewResult": (forged if green else Verdict()).result()}
        for row in reversed(self.book.table("applicants").values()):
            if row["id"] != document["applicantId"]:
                return {**document, "externalUserId": row["externalUserId"]}
        return {**document, "externalUserId": "someone-else"}

    def merchant_of(self, asked: Asked) -> Row:
        return signing.caller(asked, self.book.table("merchants").values())

    def merchant_row(self, given: Row) -> Row:
        token = str(given["app_token"])
        how = str(given.get("digest_alg") or "HMAC_SHA256_HEX")
        if how not in signing.DIGESTS:
            raise KeyError(f"digest_alg as one of {', '.join(signing.DIGESTS)}")
        return {
            "id": str(given.get("client_id") or _client(token)),
            "name": str(given.get("name") or "Merchant"),
            "app_token": token,
            "secret_key": str(given["secret_key"]),
            "webhook_url": str(given.get("webhook_url") or ""),
            "webhook_secret": str(given.get("webhook_secret") or ""),
            "digest_alg": how,
            "levels": list(given.get("levels") or []),
            "enabled_events": list(given.get("enabled_events") or DEFAULT_EVENTS),
        }

    def failure(self, status: int, message: str) -> Answer:
        return errors.error(status, message)

    def truth(self, merchant: str) -> Row:
        return truth(self, merchant)

    def recent(self, count: int) -> list[Row]:
        return recent(self, count)

    def event(self, kind: str, row: Row) -> None:
        merchant = self.book.table("merchants")[row["_merchant"]]
        if kind not in merchant["enabled_events"]:
            return
        review = row["review"]
        told: Row = {
            "applicantId": row["id"],
            "inspectionId": row["inspectionId"],
            "correlationId": fresh("", 32),
            "levelName": review["levelName"],
            "externalUserId": row["externalUserId"],
            "type": kind,
            "sandboxMode": True,
            "reviewStatus": review["reviewStatus"],
            "createdAt": self.applicants.stamp(),
            "createdAtMs": f"{self.clock.moment():%Y-%m-%d %H:%M:%S.%f}"[:-3],
            "applicantType": row["type"],
            "clientId": row["clientId"],
        }
        if "reviewResult" in review:
            told["reviewResult"] = review["reviewResult"]
        self.hooks.tell(row["_merchant"], told["correlationId"], kind, told, row["id"])

    # Calls.

    def _create(self, asked: Asked) -> Answer:
        merchant = self.merchant_of(asked)
        if self.faults.strike("decline_technical", on="applicants.create", merchant=merchant["id"]):
            raise errors.refused(503, "Service unavailable")
        level = asked.query.get("levelName", "")
        row = self.applicants.create(merchant, level, asked.document())
        return as_json(whole(row), 201)

    def _by_user(self, asked: Asked) -> Answer:
        row = self.applicants.by_user(self.merchant_of(asked), asked.params["user"])
        return as_json(whole(row))

    def _one(self, show: Callable[[Row], Row]) -> Callable[[Asked], Answer]:
        def handler(asked: Asked) -> Answer:
            return as_json(show(self._row(asked)))

        return handler

    def _row(self, asked: Asked) -> Row:
        return self.applicants.find(self.merchant_of(asked), asked.params["id"])

    def _fix(self, asked: Asked) -> Answer:
        return as_json(self.applicants.fix(self._row(asked), asked.document())["fixedInfo"])

    def _document(self, asked: Asked) -> Answer:
        row = self._row(asked)
        metadata, content, name = form(asked)
        try:
            about = msgspec.json.decode(metadata, type=dict[str, object])
        except msgspec.DecodeError:
            raise errors.refused(400, "metadata is not a JSON object") from None
        image = self.applicants.add_document(row, about, content, name)
        said: Row = {"idDocType": image["idDocType"], "country": image["country"]}
        if asked.headers.get("x-return-doc-warnings") == "true" and image["blurred"]:
            said["warnings"] = [{"code": "badPhoto", "message": verdicts.BLURRED.comment}]
        return as_json(said, 200, ("x-image-id", image["id"]))

    def _submit(self, asked: Asked) -> Answer:
        self.applicants.submit(self._row(asked))
        return as_json({"ok": 1})

    def _completed(self, asked: Asked) -> Answer:
        """The published sandbox call that simulates a verdict."""
        self.applicants.decide(self._row(asked), as_verdict(asked.document()))
        return as_json({"ok": 1})

    def _reset(self, asked: Asked) -> Answer:
        self.applicants.reset(self._row(asked))
        return as_json({"ok": 1})

    def _token(self, asked: Asked) -> Answer:
        self.merchant_of(asked)
        given = {**asked.query, **asked.document()}
        if not given.get("userId") or not given.get("levelName"):
            raise errors.refused(400, "userId and levelName are required")
        return as_json({"token": f"_act-sbx-{secrets.token_hex(16)}", "userId": given["userId"]})


def _client(token: str) -> str:
    return "client" + hashlib.sha256(token.encode()).hexdigest()[:10]
