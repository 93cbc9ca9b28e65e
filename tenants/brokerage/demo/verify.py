"""Walking the verification wizard as a client would: every page, every paper, then handing in."""

import io
import zlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw, ImageFont

from brokerage.demo.cast import Someone
from brokerage.kyc import cases, documents
from brokerage.kyc.documents import Described
from brokerage.kyc.jurisdictions.packs import FieldKind, StepKind
from brokerage.kyc.wizard import assessments
from stoa.files.workshop import Workshop
from stoa.tenancy.work import Work

WORKSHOP = Workshop()


def card(someone: Someone, *, blurred: bool = False) -> bytes:
    """A picture of an identity card with this person's details."""
    page = Image.new("RGB", (1012, 640), "#e9eef4")
    pen = ImageDraw.Draw(page)
    large, small = ImageFont.load_default(40), ImageFont.load_default(26)
    pen.rectangle((0, 0, 1012, 90), fill="#274b7a")
    pen.text((30, 22), f"IDENTITY CARD  {someone.country}", fill="white", font=large)
    pen.rectangle((40, 140, 320, 520), fill="#c3ccd8")
    pen.ellipse((110, 190, 250, 330), fill="#8fa0b5")
    pen.pieslice((70, 350, 290, 640), 180, 360, fill="#8fa0b5")
    latin = someone.language != "ar"
    lines = [
        ("Surname", someone.last if latin else "AL DEMO"),
        ("Given names", someone.first if latin else "CLIENT"),
        ("Date of birth", someone.born.isoformat()),
        ("Number", f"{someone.country}{zlib.crc32(someone.email.encode()) % 10**7:07d}"),
    ]
    for at, (label, value) in enumerate(lines):
        pen.text((370, 140 + at * 95), label, fill="#5a6b80", font=small)
        pen.text((370, 172 + at * 95), value, fill="#14202e", font=large)
    if blurred:
        page = page.resize((90, 57)).resize((1012, 640))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=85)
    return out.getvalue()


def bill(someone: Someone) -> bytes:
    """A picture of a utility bill to this person's address."""
    page = Image.new("RGB", (900, 1200), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    pen.text(
        (60, 100),
        f"{someone.first} {someone.last}" if someone.language != "ar" else "CLIENT",
        fill="#14202e",
        font=font,
    )
    pen.text((60, 60), "CITY POWER & WATER", fill="#14202e", font=ImageFont.load_default(38))
    for at in range(28):
        pen.text(
            (60, 150 + at * 36),
            f"{at + 1:02d}  meter reading {3417 * (at + 3) % 9973} units    {at * 7 % 83}.{at * 13 % 100:02d}",
            fill="black",
            font=font,
        )
    out = io.BytesIO()
    page.save(out, "JPEG", quality=85)
    return out.getvalue()


async def prepared(content: bytes, name: str) -> Any:
    return await WORKSHOP.prepare(content, name)


def _answer(field: Any, someone: Someone) -> str:
    known = {
        "first_name": someone.first,
        "last_name": someone.last,
        "birth_date": someone.born.isoformat(),
        "phone": "+35799" + f"{zlib.crc32(someone.email.encode()) % 10**6:06d}",
        "street": "12 Harbour Street",
        "postcode": "1010",
        "city": "Springfield",
        "pep": "none",
        "tax_number": "",
    }
    if field.code in known:
        return known[field.code]
    if field.kind is FieldKind.COUNTRY:
        return someone.country
    if field.kind is FieldKind.CHOICE:
        return str(field.choices[0].code)
    if field.kind is FieldKind.YES_NO:
        return "no"
    return "Demo" if field.required else ""


async def fill(
    work: Work,
    client: UUID,
    someone: Someone,
    papers: dict[str, Any],
    *,
    today: date,
    hand_in: bool = True,
    pep: str = "none",
) -> UUID:
    """Every page of the wizard; returns the case. `papers` are prepared pictures by kind; `pep` is
    whether they hold a public office.
    """
    case = await cases.current(work, client)
    for step in cases.steps_of(work, case):
        if step.kind is StepKind.FORM:
            given = {field.code: _answer(field, someone) for field in step.fields}
            if "pep" in given:
                given["pep"] = pep
            await cases.save_part(work, case, step, step, given)
        elif step.kind is StepKind.QUESTIONNAIRE:
            asked = assessments.questionnaire(work, step)
            for question in asked.questions:
                best = max(question.choices, key=lambda choice: choice.points)
                await assessments.answer(work, case, step, question.code, (best.code,))
        elif step.kind is StepKind.AGREEMENTS:
            codes = {one.code: one.version for one in cases.agreements_of(work, case)}
            await cases.agree(work, case, step, codes)
        elif step.kind is StepKind.DOCUMENTS:
            for kind, (seen, made, told) in papers.items():
                await documents.add(work, case, kind, told(someone, today), seen, made)
    if hand_in:
        await cases.submit(work, case.id)
    return case.id


def identity_told(someone: Someone, today: date) -> Described:
    return Described(
        paper="identity-card",
        country=someone.country,
        number=f"{someone.country}{zlib.crc32(someone.email.encode()) % 10**7:07d}",
        expires_on=today + timedelta(days=1500),
        issued_on=today - timedelta(days=700),
    )


def address_told(someone: Someone, today: date) -> Described:
    return Described(
        paper="utility-bill", country=someone.country, issued_on=today - timedelta(days=20)
    )
