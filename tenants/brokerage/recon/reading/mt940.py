"""SWIFT MT940 customer statements, with or without their envelopes.

Source: the SWIFT user handbook, category 9; field 86 is free, so the German `?20` to `?63`, the
slash words of Dutch banks (`/EREF/`, `/NAME/`, `/REMI/`, `/IBAN/`) and plain text are understood.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from brokerage.recon.reading import figures
from brokerage.recon.values import Fault, Line, Read, Statement, Unreadable
from stoa.theming.texts import N_

_TAG: Final = re.compile(r"^:(\d{2}[A-Z]?):(.*)$")
_MOVED: Final = re.compile(
    r"^(\d{6})(\d{4})?(RC|RD|EC|ED|C|D)([A-Z])?(\d{1,12},\d{0,8})([NFS][A-Z0-9]{3})"
    r"((?:(?!//)[^\n]){0,16})(?://([^\n]{0,34}))?(?:\n(.*))?$",
    re.DOTALL,
)
_BALANCE: Final = re.compile(r"^([CD])(\d{6})([A-Z]{3})(\d{1,15},\d{0,8})$")
_WORD: Final = re.compile(r"/(EREF|KREF|MREF|NAME|REMI|IBAN|BENM|ORDP|CSID|MARF|TRCD|CNTP)/")
_KEPT: Final = ("EREF", "NAME", "REMI", "IBAN", "CNTP")
_MOST_LINES: Final = 400_000


def looks_like(text: str) -> bool:
    return bool(
        re.search(r"^:20:", text, re.MULTILINE) and re.search(r"^:60[FM]:", text, re.MULTILINE)
    )


@dataclass(slots=True)
class _Field:
    line: int
    tag: str
    text: str


@dataclass(slots=True)
class _Open:
    line: int
    account: str = ""
    number: str = ""
    currency: str = ""
    opening: Decimal | None = None
    since: date | None = None
    closing: Decimal | None = None
    until: date | None = None
    moved: list[tuple[_Field, str]] = field(default_factory=list[tuple[_Field, str]])


def read(text: str, zone: str) -> Read:
    """Every statement of a file. Raises Unreadable for what is none."""
    made = Read("mt940")
    reader = _Reader(zone, made)
    for one in _fields(text):
        reader.take(one)
    reader.close()
    if not made.statements and made.sound:
        raise Unreadable(N_("This file holds no statement."))
    return made


def _fields(text: str) -> list[_Field]:
    found: list[_Field] = []
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(rows) > _MOST_LINES:
        raise Unreadable(N_("This file holds more than a statement may."), line=_MOST_LINES)
    for number, row in enumerate(rows, start=1):
        bare = re.sub(r"^\{1:.*?\{4:", "", row).rstrip()
        tagged = _TAG.match(bare)
        if tagged:
            found.append(_Field(number, tagged[1], tagged[2]))
        elif bare in {"-", "-}", ""} or bare.startswith(("-}", "{")):
            continue
        elif found:
            found[-1].text += f"\n{bare}"
        else:
            raise Unreadable(N_("Line {line} belongs to no field of a statement."), line=number)
    return found


class _Reader:
    def __init__(self, zone: str, made: Read) -> None:
        self.zone, self.made = zone, made
        self.open: _Open | None = None
        self.same: Counter[str] = Counter()

    def fault(self, line: int, sentence: str, *, stops: bool = True, **places: object) -> None:
        self.made.faults.append(Fault(line, sentence, places, stops))

    def take(self, one: _Field) -> None:
        if one.tag == "20":
            self.close()
            self.open = _Open(one.line)
            return
        here = self.open
        if here is None:
            raise Unreadable(N_("Line {line} comes before the statement begins."), line=one.line)
        match one.tag:
            case "25" | "25P":
                here.account = figures.account(one.text.split("\n")[0])
            case "28C" | "28":
                here.number = figures.tidy(one.text, 60)
            case "60F" | "60M":
                here.opening, here.since, here.currency = self._balance(one)
            case "61":
                here.moved.append((one, ""))
            case "86" if here.moved and here.closing is None:
                last, before = here.moved[-1]
                here.moved[-1] = (last, f"{before}\n{one.text}" if before else one.text)
            case "62F" | "62M":
                here.closing, here.until, currency = self._balance(one)
                if currency and here.currency and currency != here.currency:
                    self.fault(one.line, N_("The closing balance is in another currency."))
            case _:
                pass

    def _balance(self, one: _Field) -> tuple[Decimal | None, date | None, str]:
        found = _BALANCE.match(one.text.strip())
        day = _day(found[2]) if found else None
        if found is None or day is None:
            self.fault(one.line, N_("This balance cannot be read."))
            return None, None, ""
        value = Decimal(found[4].replace(",", "."))
        return (-value if found[1] == "D" else value), day, found[3]

    def close(self) -> None:
        here, self.open = self.open, None
        if here is None:
            return
        if not here.account or not here.currency or here.since is None:
            self.fault(here.line, N_("This statement names no account or no currency."))
            return
        if here.closing is None or here.until is None:
            self.fault(here.line, N_("This statement has no end: the file is cut off."))
            return
        lines = [made for moved, about in here.moved if (made := self._line(here, moved, about))]
        account = here.account
        if account.endswith(here.currency) and len(account) > 15:
            account = account.removesuffix(here.currency)
        statement = Statement(
            account=account,
            currency=here.currency,
            number=here.number,
            since=min([self._at(here.since), *(line.at for line in lines)]),
            until=self._at(
                max([here.until, *(line.at.date() for line in lines)]) + timedelta(days=1)
            ),
            opening=here.opening,
            closing=here.closing,
            lines=lines,
        )
        if here.opening is not None:
            off = here.closing - here.opening - statement.turnover
            if off and self.made.sound:
                self.fault(
                    here.line,
                    N_(
                        "The entries do not lead from the opening to the closing balance: {off} "
                        "{currency} are missing."
                    ),
                    off=str(off),
                    currency=here.currency,
                )
        self.made.statements.append(statement)

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)

    def _line(self, here: _Open, one: _Field, about: str) -> Line | None:
        found = _MOVED.match(one.text.strip())
        valued = _day(found[1]) if found else None
        if found is None or valued is None:
            self.fault(one.line, N_("This movement cannot be read."))
            return None
        value = Decimal(found[5].replace(",", "."))
        if not figures.fits(value, here.currency) or not value:
            self.fault(one.line, N_("{amount} {currency} is no amount of a currency we carry."),
                       amount=str(value), currency=here.currency)  # fmt: skip
            return None
        signed = value if found[3] in {"C", "RD", "EC"} else -value
        booked = _booked(valued, found[2])
        told = _about(about)
        ours = figures.tidy(found[7], 60)
        ours = "" if ours == "NONREF" else ours
        bank = figures.tidy(found[8] or "", 60)
        said = (booked, valued, signed, ours, bank, about)
        name = bank if bank and bank != "NONREF" else figures.digest(*said)[:16]
        key = f"{name}|{booked:%Y%m%d}|{signed}|{here.currency}"
        self.same[f"{here.account}|{key}"] += 1
        seen = self.same[f"{here.account}|{key}"]
        if seen > 1:
            self.fault(one.line, N_("This line says the same as an earlier one of this file; it is "
                       "taken as another of its kind."), stops=False)  # fmt: skip
            key = f"{key}#{seen}"
        remittance = told.get("REMI", "") or told.get("", "")
        structured = re.search(r"\bRF\d{2}[A-Z0-9 ]{1,25}", remittance)
        return Line(
            line=one.line,
            entry=key,
            key=f"{key}/0",
            kind="credit" if signed > 0 else "debit",
            amount=signed,
            currency=here.currency,
            at=self._at(booked),
            valued_on=valued,
            reference=figures.tidy(told.get("EREF", "") or ours, 120),
            provider_id=bank,
            structured=figures.account(structured[0]) if structured else "",
            name=figures.tidy(told.get("NAME", ""), 140),
            account=figures.account(told.get("IBAN", "")),
            text=figures.tidy(remittance or about, 400),
        )


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _booked(valued: date, month_day: str | None) -> date:
    """The booking day tells no year: it is the one nearest to the value date."""
    if not month_day:
        return valued
    found: list[date] = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            found.append(date(year, int(month_day[:2]), int(month_day[2:])))
        except ValueError:
            continue
    return min(found, key=lambda one: abs((one - valued).days)) if found else valued


def _about(text: str) -> dict[str, str]:
    """Field 86 by its words: EREF, NAME, REMI, IBAN; what has no words is under the empty one."""
    if re.match(r"^\d{3}\?", text):
        return _german("".join(text.split("\n")))
    plain = text.replace("\n", "")
    marks = list(_WORD.finditer(plain))
    if not marks:
        return {"": text.replace("\n", " ")}
    found: dict[str, str] = {}
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(plain)
        if mark[1] in _KEPT:
            found[mark[1]] = plain[mark.end() : end].strip("/ ")
    if there := found.pop("CNTP", ""):
        # Account, bank and name of the other side in one word, as ING writes them.
        account, _, rest = there.partition("/")
        found.setdefault("IBAN", account)
        found.setdefault("NAME", rest.partition("/")[2].partition("/")[0])
    remittance = found.get("REMI", "")
    found["REMI"] = re.sub(r"^(USTD|STRD)/+(CUR/)?", "", remittance).strip("/")
    return found


def _german(text: str) -> dict[str, str]:
    parts = {mark[:2]: mark[2:] for mark in text.split("?")[1:]}
    purpose = "".join(parts.get(f"{n}", "") for n in [*range(20, 30), *range(60, 64)])
    found = {
        "NAME": parts.get("32", "") + parts.get("33", ""),
        "IBAN": parts.get("31", ""),
        "REMI": purpose,
    }
    end = re.search(r"EREF\+(.*?)(?=[A-Z]{4}\+|$)", purpose)
    if end:
        found["EREF"] = end[1].strip()
    text_of = re.search(
        r"SVWZ\+(.*?)(?=(?:EREF|KREF|MREF|CRED|DEBT|ABWA|ABWE|IBAN|BIC)\+|$)", purpose
    )
    if text_of:
        found["REMI"] = text_of[1].strip()
    return found
