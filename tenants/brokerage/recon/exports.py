"""A day of client money on paper and as a workbook, with the hash its signers saw."""

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import typst
import xlsxwriter

from stoa.kernel import where
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.theming.texts import N_

_AT_ONCE: Final = asyncio.Semaphore(2)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the calculation as people read it; `label` is a message id or a proper name."""

    group: str
    label: str
    code: str
    amount: Money
    until: datetime | None
    proved: bool

    @classmethod
    def of(
        cls,
        line: Sequence[Any],
        currency: str,
        names: Mapping[str, str],
        word: Callable[[str], str],
    ) -> "Part":
        group, code, amount, until, proved = line
        label = names.get(code, "") or word(code.partition(":")[0])
        money = Money(Decimal(amount), currency)
        at = datetime.fromisoformat(until) if until else None
        return cls(group, label, code, money, at, proved)


def _heads(told: dict[str, Any], say: Any) -> list[list[str]]:
    row = told["row"]
    return [
        [say.gettext(N_("Entity")), row.entity],
        [say.gettext(N_("Day")), row.day.isoformat()],
        [say.gettext(N_("Until")), f"{row.until:%Y-%m-%d %H:%M} UTC"],
        [say.gettext(N_("Currency")), row.currency],
        [say.gettext(N_("Version")), str(row.version)],
        [say.gettext(N_("Owed to clients")), told["owed"].text()],
        [say.gettext(N_("Held for clients")), told["held"].text()],
        [say.gettext(N_("More (less) than owed")), told["off"].text()],
        [say.gettext(N_("To be transferred to clients' accounts")), told["transfer"].text()],
    ]


def _parts(told: dict[str, Any], say: Any) -> list[list[str]]:
    owed, held = say.gettext(N_("Owed")), say.gettext(N_("Held"))
    books = say.gettext(N_("books only, no evidence"))
    return [
        [
            owed if one.group == "owed" else held,
            say.gettext(one.label),
            one.code,
            one.amount.text(),
            ""
            if one.group == "owed"
            else (f"{one.until:%Y-%m-%d %H:%M} UTC" if one.proved and one.until else books),
        ]
        for one in told["parts"]
    ]


def _names(told: dict[str, Any], say: Any) -> list[list[str]]:
    roles = {"signed": say.gettext(N_("Signed")), "reviewed": say.gettext(N_("Reviewed"))}
    return [
        [roles[one.role], name, f"{one.at:%Y-%m-%d %H:%M} UTC", one.note or ""]
        for one, name in told["signs"]
    ]


async def pdf(work: Work, told: dict[str, Any], say: Any) -> tuple[bytes, str]:
    """The record as PDF: equal records give equal bytes."""
    brand = work.settings(Brand)
    said = {
        "brand": brand.name,
        "accent": brand.accent,
        "lang": say.language,
        "rtl": say.direction == "rtl",
        "title": say.gettext(N_("Client money calculation")),
        "heads": _heads(told, say),
        "columns": [
            say.gettext(N_("Group")),
            say.gettext(N_("Account")),
            say.gettext(N_("Code")),
            say.gettext(N_("Amount")),
            say.gettext(N_("Evidence until")),
        ],
        "parts": _parts(told, say),
        "signed": say.gettext(N_("Signed and reviewed by")),
        "nobody": say.gettext(N_("Nobody signed this version yet.")),
        "names": _names(told, say),
        "digest": told["row"].hash,
        "digest_label": say.gettext(N_("Hash of what is above (SHA-256)")),
    }
    async with _AT_ONCE:
        return await asyncio.to_thread(_compile, said), "application/pdf"


def _compile(said: dict[str, Any]) -> bytes:
    home = where.themes() / "default"
    made: Any = typst.compile(
        str(home / "documents" / "client-money.typ"),
        root=str(home / "documents"),
        font_paths=[str(home / "static" / "built" / "fonts-ttf")],
        sys_inputs={"told": json.dumps(said, ensure_ascii=False)},
        ignore_system_fonts=True,
        timestamp=0,
    )
    result: bytes = made
    return result


async def workbook(_work: Work, told: dict[str, Any], say: Any) -> tuple[bytes, str]:
    """The record as XLSX: the sums, their parts, the names."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    strong = book.add_format({"bold": True, "bottom": 1})
    figure = book.add_format({"num_format": "#,##0.00######"})
    sheet = book.add_worksheet(say.gettext(N_("Client money"))[:31])
    sheet.set_column(0, 4, 26)
    line = 0
    for label, value in _heads(told, say):
        sheet.write_string(line, 0, label, strong)
        sheet.write_string(line, 1, value)
        line += 1
    line += 1
    for parts, one in zip(_parts(told, say), told["parts"], strict=True):
        for at, value in enumerate(parts):
            if at == 3:
                sheet.write_number(line, at, float(one.amount.amount), figure)
            else:
                sheet.write_string(line, at, value)
        line += 1
    line += 1
    for name in _names(told, say):
        for at, value in enumerate(name):
            sheet.write_string(line, at, value)
        line += 1
    sheet.write_string(line + 1, 0, told["row"].hash)
    book.close()
    return out.getvalue(), XLSX
