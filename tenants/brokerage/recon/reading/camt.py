"""ISO 20022 from banks: camt.053 statements, camt.054 advices and pain.002 answers, any version.

Source: the ISO 20022 message definitions; versions differ in where a code or an amount sits
(`Sts` or `Sts/Cd`, `TxDtls/Amt` or `TxDtls/AmtDtls/TxAmt/Amt`, `IBAN` or `Othr/Id`), so each is
looked for in all its places. Only booked entries are taken: pending ones come again when booked.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from brokerage.recon.reading import figures, hardened
from brokerage.recon.reading.hardened import Element
from brokerage.recon.values import Answered, Fault, Line, Read, Statement, Unreadable
from stoa.kernel.money import Money
from stoa.theming.texts import N_

STATEMENTS: Final = {
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
_EACH: Final = frozenset({"Ntry", "TxInfAndSts"})
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)


def read(content: bytes, zone: str) -> Read:
    """A whole message. Raises Unreadable for what is none; faults of lines are in the answer."""
    reader = _Message(zone)
    root, space = hardened.read(content, _EACH, reader.handed)
    body = root.children[0] if root.tag == "Document" and root.children else root
    if body.tag == "CstmrPmtStsRpt":
        return reader.answers(body, space)
    if body.tag not in STATEMENTS:
        raise Unreadable(
            N_("This is neither a camt.053 statement, a camt.054 advice nor a pain.002 answer."),
            line=body.line,
        )
    return reader.statements(body, space)


class _Message:
    """Collects entries while the file streams by; each belongs to the statement around it."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.faults: list[Fault] = []
        self.found: dict[int, list[Line]] = {}
        self.told: list[Answered] = []
        self.same: Counter[str] = Counter()

    def handed(self, one: Element, parent: Element) -> None:
        if one.tag == "TxInfAndSts":
            self._answer(one)
        else:
            self.found.setdefault(id(parent), []).extend(self._entry(one, id(parent)))

    def fault(self, one: Element, sentence: str, *, stops: bool = True, **places: object) -> None:
        self.faults.append(Fault(one.line, sentence, places, stops))

    def statements(self, body: Element, space: str) -> Read:
        kind, tag = STATEMENTS[body.tag]
        version = space.rpartition(":")[2]
        made = Read(version if version.startswith(kind) else kind, faults=self.faults)
        for one in body.all(tag):
            statement = self._statement(one)
            if statement is not None:
                made.statements.append(statement)
        if not made.statements and made.sound:
            raise Unreadable(N_("This file holds no statement."), line=body.line)
        return made

    def _statement(self, one: Element) -> Statement | None:
        lines = self.found.pop(id(one), [])
        account = figures.account(one.said("Acct/Id/IBAN", "Acct/Id/Othr/Id"))
        currency = one.said("Acct/Ccy") or (lines[0].currency if lines else "")
        if not currency:
            balance = one.one("Bal/Amt")
            currency = balance.attributes.get("Ccy", "") if balance is not None else ""
        if not account or not currency:
            self.fault(one, N_("This statement names no account or no currency."))
            return None
        for line in lines:
            if line.currency != currency:
                text = N_("An entry in {currency} stands on an account in {account}.")
                places = {"currency": line.currency, "account": currency}
                self.faults.append(Fault(line.line, text, places))
        made = figures.moment(one.said("CreDtTm"), self.zone) or datetime.now(UTC)
        times = [line.at for line in lines]
        since = figures.moment(one.said("FrToDt/FrDtTm"), self.zone)
        until = figures.moment(one.said("FrToDt/ToDtTm"), self.zone)
        opening, begun = self._balance(one, currency, _OPENING)
        closing, closed = self._balance(one, currency, _CLOSING)
        if since is not None and until is not None and any(at > until for at in times):
            since = until = None  # A period that leaves its own entries out proves nothing.
        begins = [*times, *(at for at in (since, begun) if at is not None)]
        ends = [*times, *(at for at in (closed,) if at is not None)]
        first = min(begins) if begins else made
        last = max(ends) + timedelta(days=1) if ends else made
        if until is None or until < last:
            until = last
        statement = Statement(
            account=account,
            currency=currency,
            number=figures.tidy(one.said("Id"), 60),
            since=first,
            until=until,
            opening=opening,
            closing=closing,
            lines=lines,
        )
        self._adds_up(one, statement)
        return statement

    def _balance(
        self, one: Element, currency: str, kinds: tuple[str, ...]
    ) -> tuple[Decimal | None, datetime | None]:
        for balance in one.all("Bal"):
            if balance.said("Tp/CdOrPrtry/Cd") not in kinds:
                continue
            told = balance.one("Amt")
            value = figures.amount(told.text) if told is not None else None
            if told is None or value is None:
                self.fault(balance, N_("This balance is no amount."))
                continue
            at = figures.moment(balance.said("Dt/Dt", "Dt/DtTm"), self.zone)
            if told.attributes.get("Ccy") != currency:
                self.fault(
                    balance,
                    N_(
                        "A balance in {currency} is told of an account in {account}; it is not used."
                    ),
                    stops=False,
                    currency=told.attributes.get("Ccy", ""),
                    account=currency,
                )
                continue
            return (-value if balance.said("CdtDbtInd") == "DBIT" else value), at
        return None, None

    def _adds_up(self, one: Element, statement: Statement) -> None:
        if statement.opening is None or statement.closing is None:
            return
        off = statement.closing - statement.opening - statement.turnover
        if off:
            self.fault(
                one,
                N_(
                    "The entries do not lead from the opening to the closing balance: {off} {currency} "
                    "are missing."
                ),
                off=str(off),
                currency=statement.currency,
            )

    def _entry(self, one: Element, statement: int) -> list[Line]:
        """The lines of an entry: one, or one for each payment of a batch that adds up."""
        state = one.said("Sts/Cd", "Sts/Prtry", "Sts") or "BOOK"
        if state != "BOOK":
            self.fault(one, N_("This entry is not booked yet; it is left out."), stops=False)
            return []
        told = one.one("Amt")
        value = figures.amount(told.text) if told is not None else None
        currency = told.attributes.get("Ccy", "") if told is not None else ""
        way = one.said("CdtDbtInd")
        if value is None or way not in {"CRDT", "DBIT"}:
            self.fault(one, N_("This entry has no amount or no direction."))
            return []
        if not figures.fits(value, currency):
            self.fault(one, N_("{amount} {currency} is no amount of a currency we carry."),
                       amount=str(value), currency=currency)  # fmt: skip
            return []
        booked = one.said("BookgDt/Dt", "BookgDt/DtTm") or one.said("ValDt/Dt", "ValDt/DtTm")
        at = figures.moment(booked, self.zone)
        if at is None:
            self.fault(one, N_("This entry has no date."))
            return []
        if value == 0:
            self.fault(one, N_("This entry is of nothing; it is left out."), stops=False)
            return []
        signed = value if way == "CRDT" else -value
        parts = list(one.all("NtryDtls/TxDtls"))
        itemised = self._itemised(one, parts, signed, currency) if len(parts) > 1 else None
        key = self._key(one, statement, parts, signed, currency, booked[:10])
        if itemised is None:
            return [self._line(one, parts[0] if parts else one, key, signed, currency, at, 0)]
        return [
            self._line(one, part, key, amount, currency, at, number)
            for number, (part, amount) in enumerate(itemised, start=1)
        ]

    def _itemised(
        self, one: Element, parts: list[Element], signed: Decimal, currency: str
    ) -> list[tuple[Element, Decimal]] | None:
        """The payments of a batch with their amounts; None unless they are its sum."""
        found: list[tuple[Element, Decimal]] = []
        for part in parts:
            # What was sent may have been another currency: what counts is what came to this account.
            amounts = [*part.all("AmtDtls/TxAmt/Amt"), *part.all("Amt")]
            told = next((it for it in amounts if it.attributes.get("Ccy") == currency), None)
            value = figures.amount(told.text) if told is not None else None
            if value is None:
                break
            debit = (part.said("CdtDbtInd") or one.said("CdtDbtInd")) == "DBIT"
            found.append((part, -value if debit else value))
        if len(found) == len(parts) and sum(value for _, value in found) == signed:
            return [(part, value) for part, value in found if value]
        self.fault(
            one,
            N_("The payments of this batch are not its sum; it is taken as one line."),
            stops=False,
        )
        return None

    def _key(
        self,
        one: Element,
        statement: int,
        parts: list[Element],
        signed: Decimal,
        currency: str,
        day: str,
    ) -> str:
        """What an entry is known by for ever: an advice and a later statement tell the same of it,
        whether or not they list the payments of a batch.
        """
        bank = figures.tidy(one.said("AcctSvcrRef"), 60)
        if bank in {"", "NONREF", "NOTPROVIDED"}:
            ends = sorted(part.said("Refs/EndToEndId") for part in parts)
            bank = figures.digest(one.said("ValDt/Dt", "ValDt/DtTm"), *ends)[:16]
        key = f"{bank}|{day}|{signed}|{currency}"
        self.same[f"{statement}|{key}"] += 1
        again = self.same[f"{statement}|{key}"]
        if again > 1:
            self.fault(one, N_("This line says the same as an earlier one of this file; it is taken "
                       "as another of its kind."), stops=False)  # fmt: skip
        return f"{key}#{again}" if again > 1 else key

    def _line(
        self,
        entry: Element,
        part: Element,
        key: str,
        signed: Decimal,
        currency: str,
        at: datetime,
        number: int,
    ) -> Line:
        came = signed > 0
        who, theirs = ("Dbtr", "DbtrAcct") if came else ("Cdtr", "CdtrAcct")
        end = part.said("Refs/EndToEndId")
        text = " ".join(found.text for found in part.all("RmtInf/Ustrd"))
        name = part.said(
            f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm", f"RltdPties/Ultmt{who}/Nm"
        )
        structured = part.said("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef")
        account = part.said(f"RltdPties/{theirs}/Id/IBAN", f"RltdPties/{theirs}/Id/Othr/Id")
        bank = part.said("Refs/AcctSvcrRef") or entry.said("AcctSvcrRef", "NtryRef")
        valued = entry.said("ValDt/Dt", "ValDt/DtTm")
        return Line(
            line=entry.line if part is entry else part.line,
            entry=key,
            key=f"{key}/{number}",
            kind="credit" if came else "debit",
            amount=signed,
            currency=currency,
            at=at,
            valued_on=figures.day(valued),
            reference=figures.tidy("" if end == "NOTPROVIDED" else end, 120),
            provider_id=figures.tidy(bank, 120),
            structured=figures.account(structured),
            name=figures.tidy(name, 140),
            account=figures.account(account),
            text=figures.tidy(text or entry.said("AddtlNtryInf"), 400),
        )

    def _answer(self, one: Element) -> None:
        state = _STATES.get(one.said("TxSts"))
        reference = one.said("OrgnlEndToEndId", "OrgnlInstrId")
        if state is None or not reference:
            self.fault(one, N_("This answer names no payment of ours or no state we know."))
            return
        told = one.one("OrgnlTxRef/Amt/InstdAmt")
        value = figures.amount(told.text) if told is not None else None
        money = Money(value, told.attributes.get("Ccy", "")) if told and value else None
        self.told.append(Answered(reference, state, _reason(one), "", money, one.line))

    def answers(self, body: Element, space: str) -> Read:
        group = body.one("OrgnlGrpInfAndSts")
        made = Read(space.rpartition(":")[2] or "pain.002", faults=self.faults, answers=self.told)
        made.about = group.said("OrgnlMsgId") if group is not None else ""
        for info in body.all("OrgnlPmtInfAndSts"):
            state = _STATES.get(info.said("PmtInfSts"))
            if state is not None:
                name = info.said("OrgnlPmtInfId")
                made.answers.append(Answered("", state, _reason(info), name, None, info.line))
        whole = _STATES.get(group.said("GrpSts")) if group is not None else None
        if whole is not None and group is not None:
            made.answers.append(Answered("", whole, _reason(group), "", None, group.line))
        if not made.answers and made.sound:
            raise Unreadable(N_("This answer says nothing about any payment."), line=body.line)
        return made


_STATES: Final = {"ACSC": "paid", "ACCC": "paid", "ACSP": "accepted", "ACCP": "accepted",
                  "ACTC": "accepted", "ACWC": "accepted", "PDNG": "accepted", "RCVD": "accepted",
                  "RJCT": "rejected", "CANC": "rejected"}  # fmt: skip
"""What a status of pain.002 means for us; PART says that its parts say it."""


def _reason(one: Element) -> str:
    """The first reason of a status: its code, and what the bank added."""
    told = (
        one.said("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry"),
        one.said("StsRsnInf/AddtlInf"),
    )
    return figures.tidy(" ".join(part for part in told if part), 200)
