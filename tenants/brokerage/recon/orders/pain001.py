"""ISO 20022 pain.001.001.09: an order to a bank, built whole and checked before anybody sees it.

Source: the ISO 20022 message definition and the rules of SEPA and CGI for its texts. There is no
schema at hand, so the rules are here, stricter than the schema: lengths, letters, check digits,
digits of a currency, one end-to-end id per payment, and sums that agree with what they are of.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from xml.etree import ElementTree as ET

from brokerage.payments import references
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

SPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MOST: Final = 10_000
"""Payments of one file."""
_ID: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?")
_OTHER: Final = re.compile(r"[A-Z0-9/.\-]{4,34}")
_TEXT: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,140}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d",
     "Œ": "OE", "œ": "oe", "&": "+", "_": "-", "ı": "i", "Þ": "Th", "þ": "th"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Party:
    """Whose account, where. One of `iban` and `number`; `bic` where it is known."""

    name: str
    iban: str = ""
    number: str = ""
    bic: str = ""
    clearing: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment: `end_to_end` comes back in every answer and on the statement."""

    end_to_end: str
    money: Money
    to: Party
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """All payments from one account in one currency."""

    id: str
    debtor: Party
    transfers: Sequence[Transfer]


def latin(text: str, most: int = 70) -> str:
    """In the letters every bank reads; a name in another script stays unreadable and is refused."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    kept = "".join(sign if _TEXT.fullmatch(sign) else " " for sign in bare)
    return " ".join(kept.split())[:most].strip()


def built(message: str, made: datetime, on: date, groups: Sequence[Group], initiator: str) -> bytes:
    """The file, the same bytes each time. Raises Invalid naming the payment that is not right."""
    checked(message, groups, initiator)
    root = ET.Element("Document", {"xmlns": SPACE})
    body = ET.SubElement(root, "CstmrCdtTrfInitn")
    every = [one for group in groups for one in group.transfers]
    head = _in(body, "GrpHdr")
    _say(head, "MsgId", message)
    _say(head, "CreDtTm", made.replace(microsecond=0, tzinfo=None).isoformat())
    _say(head, "NbOfTxs", str(len(every)))
    _say(head, "CtrlSum", _plain(sum((one.money.amount for one in every), Decimal(0))))
    _say(_in(head, "InitgPty"), "Nm", latin(initiator))
    for group in groups:
        _group(body, group, on)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return content + b"\n"


def _group(body: ET.Element, group: Group, on: date) -> None:
    info = _in(body, "PmtInf")
    _say(info, "PmtInfId", group.id)
    _say(info, "PmtMtd", "TRF")
    _say(info, "BtchBookg", "false")
    _say(info, "NbOfTxs", str(len(group.transfers)))
    total = sum((one.money.amount for one in group.transfers), Decimal(0))
    _say(info, "CtrlSum", _plain(total))
    currency = group.transfers[0].money.currency
    if currency == "EUR" and all(one.to.iban for one in group.transfers):
        _say(_in(_in(info, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _say(_in(info, "ReqdExctnDt"), "Dt", on.isoformat())
    _say(_in(info, "Dbtr"), "Nm", latin(group.debtor.name))
    account = _account(info, "DbtrAcct", group.debtor)
    _say(account, "Ccy", currency)
    _agent(info, "DbtrAgt", group.debtor)
    _say(info, "ChrgBr", "SLEV" if currency == "EUR" else "SHAR")
    for one in group.transfers:
        _transfer(info, one)


def _transfer(info: ET.Element, one: Transfer) -> None:
    made = _in(info, "CdtTrfTxInf")
    ids = _in(made, "PmtId")
    _say(ids, "InstrId", one.end_to_end)
    _say(ids, "EndToEndId", one.end_to_end)
    amount = ET.SubElement(_in(made, "Amt"), "InstdAmt", {"Ccy": one.money.currency})
    amount.text = one.money.text()
    if one.to.bic or one.to.clearing:
        _agent(made, "CdtrAgt", one.to)
    creditor = _in(made, "Cdtr")
    _say(creditor, "Nm", latin(one.to.name))
    if one.to.country:
        _say(_in(creditor, "PstlAdr"), "Ctry", one.to.country)
    _account(made, "CdtrAcct", one.to)
    _say(_in(made, "RmtInf"), "Ustrd", latin(one.text, 140))


def _account(parent: ET.Element, tag: str, whose: Party) -> ET.Element:
    account = _in(parent, tag)
    ident = _in(account, "Id")
    if whose.iban:
        _say(ident, "IBAN", whose.iban)
    else:
        _say(_in(ident, "Othr"), "Id", whose.number)
    return account


def _agent(parent: ET.Element, tag: str, whose: Party) -> None:
    bank = _in(_in(parent, tag), "FinInstnId")
    if whose.bic:
        _say(bank, "BICFI", whose.bic)
    elif whose.clearing:
        _say(_in(bank, "ClrSysMmbId"), "MmbId", whose.clearing)
    else:
        _say(_in(bank, "Othr"), "Id", "NOTPROVIDED")


def _in(parent: ET.Element, tag: str) -> ET.Element:
    return ET.SubElement(parent, tag)


def _say(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _plain(amount: Decimal) -> str:
    """Without zeros that no bank wants, and never with an exponent."""
    text = f"{amount.quantize(Decimal('0.00001')):f}".rstrip("0").rstrip(".")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}" if rest else f"{whole}.00"


def checked(message: str, groups: Sequence[Group], initiator: str) -> None:
    """Every rule over every field, before a byte is written. Raises Invalid."""
    if not _ID.fullmatch(message) or not latin(initiator):
        raise Invalid("The file has no name a bank can read.")
    every = [one for group in groups for one in group.transfers]
    if not every or len(every) > MOST:
        raise Invalid("A file holds 1 to {most} payments.", most=MOST)
    ends = [one.end_to_end for one in every]
    if len(set(ends)) != len(ends):
        raise Invalid("A payment is in this file twice. No file was made.")
    if len({group.id for group in groups}) != len(groups):
        raise Invalid("Two groups of this file share a name. No file was made.")
    for group in groups:
        _party(group.debtor, group.id)
        if not _ID.fullmatch(group.id) or not group.transfers:
            raise Invalid("The group {id} is not right. No file was made.", id=group.id)
        if len({one.money.currency for one in group.transfers}) != 1:
            raise Invalid("The group {id} mixes currencies. No file was made.", id=group.id)
        for one in group.transfers:
            one_right(one)


def one_right(one: Transfer) -> None:
    """The rules over one payment. Raises Invalid naming its field."""
    if not _ID.fullmatch(one.end_to_end) or "//" in one.end_to_end:
        raise _wrong(one.end_to_end, "EndToEndId")
    amount = one.money.amount
    if amount <= 0 or amount >= Decimal("1e13") or not _whole(one.money):
        raise _wrong(one.end_to_end, "InstdAmt")
    _party(one.to, one.end_to_end)
    if not latin(one.text, 140):
        raise _wrong(one.end_to_end, "Ustrd")


def _whole(money: Money) -> bool:
    """No finer than the currency's smallest unit, and a currency banks carry."""
    try:
        money.minor()
    except ValueError:
        return False
    return re.fullmatch(r"[A-Z]{3}", money.currency) is not None


def _party(whose: Party, of: str) -> None:
    if not latin(whose.name):
        raise Invalid(
            "The payment {of} cannot be written for a bank: the name of its account is in letters "
            "banks do not take. Ask for it as the bank writes it. No file was made.",
            code="not-for-a-bank",
            of=of,
        )
    if whose.iban and not references.iban(whose.iban):
        raise _wrong(of, "IBAN")
    if not whose.iban and not _OTHER.fullmatch(whose.number):
        raise _wrong(of, "Othr/Id")
    if whose.bic and not _BIC.fullmatch(whose.bic):
        raise _wrong(of, "BICFI")
    if whose.country and not _COUNTRY.fullmatch(whose.country):
        raise _wrong(of, "Ctry")


def _wrong(of: str, field: str) -> Invalid:
    return Invalid(
        "The payment {of} cannot be written for a bank: {what} is not right. No file was made.",
        code="not-for-a-bank",
        of=of,
        what=field,
    )
