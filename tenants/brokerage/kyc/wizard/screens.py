"""The wizard's screens: which there are, in which order, and how a question is drawn."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec

from brokerage.kyc import cases, documents
from brokerage.kyc.evidence import papers
from brokerage.kyc.jurisdictions.packs import Field, FieldKind, Step, StepKind
from brokerage.kyc.model import KycCase
from brokerage.kyc.wizard import assessments
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

MOST_ON_A_SCREEN: Final = 3


_KINDS: Final = {
    FieldKind.DATE: "date",
    FieldKind.COUNTRY: "country",
    FieldKind.PHONE: "tel",
    FieldKind.CHOICE: "radio",
    FieldKind.YES_NO: "radio",
}


_AUTOFILL: Final = {
    "first_name": "given-name",
    "last_name": "family-name",
    "birth_date": "bday",
    "phone": "tel",
    "street": "street-address",
    "postcode": "postal-code",
    "city": "address-level2",
    "country": "country",
}


def parts(step: Step) -> list[Step]:
    """A page cut into screens of a few questions; a question with many answers has its own."""
    found: list[list[Field]] = [[]]
    for field in step.fields:
        wide = len(field.choices) > 2 or field.longest > 200
        if found[-1] and (wide or len(found[-1]) >= MOST_ON_A_SCREEN):
            found.append([])
        found[-1].append(field)
        if wide:
            found.append([])
    return [msgspec.structs.replace(step, fields=tuple(some)) for some in found if some]


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a screen stands in the whole, for the bar at its top and the way back."""

    number: int
    of: int
    back: str
    here: str


def path(step: Step, part: int = 1) -> str:
    return f"/verify/{step.code}" if part == 1 else f"/verify/{step.code}/{part}"


def every(work: Work, case: KycCase) -> list[str]:
    """All screens in order, as addresses."""
    found: list[str] = []
    for step in cases.steps_of(work, case):
        if step.kind is StepKind.FORM:
            found += [path(step, at) for at in range(1, len(parts(step)) + 1)]
        elif step.kind is StepKind.QUESTIONNAIRE:
            asked = assessments.questionnaire(work, step)
            found += [path(step, at) for at in range(1, len(asked.questions) + 1)]
        else:
            found.append(path(step))
    return [*found, "/verify/review"]


def screen(work: Work, case: KycCase, here: str) -> Screen:
    found = every(work, case)
    at = found.index(here) if here in found else 0
    return Screen(at + 1, len(found), found[at - 1] if at else "/verify", here)


def after(work: Work, case: KycCase, here: str) -> str:
    found = every(work, case)
    return found[min(found.index(here) + 1, len(found) - 1)] if here in found else "/verify"


def shown(field: Field, value: str) -> dict[str, Any]:
    kind = _KINDS.get(field.kind, "textarea" if field.longest > 200 else "text")
    options = [{"value": one.code, "label": one.label} for one in field.choices]
    if field.kind is FieldKind.YES_NO:
        options = [{"value": "yes", "label": N_("Yes")}, {"value": "no", "label": N_("No")}]
    return {
        "code": field.code,
        "label": field.label,
        "kind": kind,
        "help": field.help,
        "required": field.required,
        "options": options,
        "value": value,
        "longest": field.longest,
        "autofill": _AUTOFILL.get(field.code, ""),
    }


def paper(rule: Any, row: Any, check: Any) -> dict[str, Any]:
    return {
        "kind": rule.kind,
        "title": rule.title or rule.kind,
        "about": rule.about,
        "accepts": [(code, documents.PAPERS.get(code, code)) for code in rule.accepts],
        "identity": rule.kind == documents.IDENTITY,
        "dated": bool(rule.max_age_months),
        "months": rule.max_age_months,
        "document": str(row.id) if row else "",
        "paper": documents.PAPERS.get(row.paper, row.paper) if row else "",
        "verdict": check.outcome if row and check else "",
        "tell": check.tell if row and check else "",
        "unreadable": bool(row and row.legible in papers.UNREADABLE and not row.as_it_is),
        "as_it_is": bool(row and row.as_it_is),
        "uploaded_at": row.uploaded_at if row else None,
    }


def line(field: Field, value: str) -> dict[str, Any]:
    label = next((one.label for one in field.choices if one.code == value), "")
    return {
        "label": field.label,
        "value": value,
        "choice": label,
        "kind": str(field.kind),
        "day": date.fromisoformat(value) if field.kind is FieldKind.DATE and value else None,
    }
