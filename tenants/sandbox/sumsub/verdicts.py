"""How the provider decides: by words in names, by the photograph, by age; else green.

A word steers when it stands in the applicant's name or in the name of an uploaded file, so that a
person at the demo can have any outcome by typing it.
"""

import re
from dataclasses import dataclass, field
from datetime import date

from sandbox.common.book import Row

RETRY, FINAL = "RETRY", "FINAL"
ADULT = 18
SLOW_S = 30.0
SLOW, SILENT, HOLD = "slow", "silent", "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: str = "GREEN"
    reject_type: str = ""
    labels: tuple[str, ...] = field(default=())
    comment: str = ""

    def result(self) -> Row:
        """The `reviewResult` of the API."""
        if self.answer == "GREEN":
            return {"reviewAnswer": "GREEN"}
        return {
            "moderationComment": self.comment,
            "clientComment": self.comment,
            "reviewAnswer": self.answer,
            "rejectLabels": list(self.labels),
            "reviewRejectType": self.reject_type,
            "buttonIds": [],
        }


BLURRED = Verdict(
    "RED",
    RETRY,
    ("BAD_PHOTO", "UNSATISFACTORY_PHOTOS"),
    "The photo is not clear enough to read. Please upload a sharp photo of the document.",
)
UNDER_AGE = Verdict(
    "RED", FINAL, ("AGE_REQUIREMENT_MISMATCH",), "The applicant does not have the required age."
)
WORDS = (
    (("blur", "blurry", "blurred", "unreadable", "retry"), BLURRED),
    (
        ("expired",),
        Verdict("RED", RETRY, ("DOCUMENT_EXPIRED",), "The document has expired."),
    ),
    (
        ("screenshot",),
        Verdict("RED", RETRY, ("SCREENSHOTS",), "Screenshots are not accepted."),
    ),
    (
        ("mismatch",),
        Verdict(
            "RED",
            RETRY,
            ("SELFIE_MISMATCH", "PROBLEMATIC_APPLICANT_DATA"),
            "The data do not match the document.",
        ),
    ),
    (
        ("forged", "forgery", "fake", "fraud"),
        Verdict("RED", FINAL, ("FORGERY",), "The document is not genuine."),
    ),
    (("sanctioned",), Verdict("RED", FINAL, ("SANCTIONS",), "The applicant is on a list.")),
    (("duplicate",), Verdict("RED", FINAL, ("DUPLICATE",), "The applicant is known already.")),
    (("reject", "rejected"), Verdict("RED", FINAL, ("REGULATIONS_VIOLATIONS",), "Not accepted.")),
)


def decide(applicant: Row, today: date) -> Verdict:
    said = words(applicant)
    for known, verdict in WORDS:
        if said & set(known):
            return verdict
    if any(image["blurred"] for image in applicant["_images"] if image["active"]):
        return BLURRED
    born = applicant["fixedInfo"].get("dob") or applicant["info"].get("dob")
    return UNDER_AGE if _years(born, today) < ADULT else Verdict()


def words(applicant: Row) -> set[str]:
    """Every word in the applicant's names and the names of the files that count."""
    told = [
        str(info.get(name, ""))
        for info in (applicant["fixedInfo"], applicant["info"])
        for name in ("firstName", "lastName", "middleName")
    ]
    told += [image["file_name"] for image in applicant["_images"] if image["active"]]
    return {word for text in told for word in re.split(r"[^a-z]+", text.lower()) if word}


def _years(born: object, today: date) -> int:
    try:
        day = date.fromisoformat(str(born))
    except ValueError:
        return ADULT  # no date of birth was given, or none that can be read
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))
