"""What the API shows of an applicant."""

from sandbox.common.book import Row
from sandbox.sumsub.applicants import IDENTITY


def whole(row: Row) -> Row:
    """An applicant without what is ours."""
    return {name: value for name, value in row.items() if name[0] != "_" and value is not None}


def status(row: Row) -> Row:
    return {**row["review"], "inspectionId": row["inspectionId"], "applicantId": row["id"]}


def steps(row: Row) -> Row:
    """Which required step has documents, and what was said of them."""
    images = [one for one in row["_images"] if one["active"] and one["idDocType"] in IDENTITY]
    if not images:
        return {"IDENTITY": None}
    result = row["review"].get("reviewResult", {})
    return {
        "IDENTITY": {
            "reviewResult": result,
            "country": images[-1]["country"],
            "idDocType": images[-1]["idDocType"],
            "imageIds": [int(one["id"]) for one in images],
            "imageReviewResults": {one["id"]: result for one in images},
            "forbidden": False,
            "stepStatuses": None,
        }
    }
