"""Bank statements as banks write them, for tests: camt.053 of any version, and MT940."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Moved:
    amount: str
    text: str = ""
    name: str = ""
    end: str = ""
    ref: str = ""
    structured: str = ""
    day: str = "2026-11-20"


def camt053(
    moved: Sequence[Moved],
    *,
    account: str,
    currency: str = "USD",
    opening: str = "0.00",
    closing: str | None = None,
    version: str = "02",
    kind: str = "053",
    day: str = "2026-11-20",
) -> bytes:
    total = sum((Decimal(one.amount) for one in moved), Decimal(opening))
    root, holder = {
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[kind]
    status = "<Sts><Cd>BOOK</Cd></Sts>" if int(version) >= 8 else "<Sts>BOOK</Sts>"
    balances = _balance("OPBD", Decimal(opening), currency, day) + _balance(
        "CLBD", Decimal(closing) if closing is not None else total, currency, day
    )
    entries = "".join(_entry(one, currency, status, number) for number, one in enumerate(moved))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}"><{root}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr><{holder}>"
        f"<Id>S-{day}</Id><CreDtTm>{day}T20:00:00Z</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balances if kind == '053' else ''}{entries}</{holder}></{root}></Document>"
    ).encode()


def _balance(kind: str, amount: Decimal, currency: str, day: str) -> str:
    way = "DBIT" if amount < 0 else "CRDT"
    return (
        f"\n<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(one: Moved, currency: str, status: str, number: int) -> str:
    came = not one.amount.startswith("-")
    who = "Dbtr" if came else "Cdtr"
    strd = f"<Strd><CdtrRefInf><Ref>{one.structured}</Ref></CdtrRefInf></Strd>"
    return (
        f'\n<Ntry><Amt Ccy="{currency}">{one.amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{'CRDT' if came else 'DBIT'}</CdtDbtInd>{status}"
        f"<BookgDt><Dt>{one.day}</Dt></BookgDt><ValDt><Dt>{one.day}</Dt></ValDt>"
        f"<AcctSvcrRef>{one.ref or f'BANK{number:06d}'}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{one.end or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties><{who}><Nm>{one.name}</Nm></{who}></RltdPties>"
        f"<RmtInf>{f'<Ustrd>{one.text}</Ustrd>' if one.text else ''}"
        f"{strd if one.structured else ''}</RmtInf></TxDtls></NtryDtls></Ntry>"
    )


MT940 = """{{1:F01BCYPCY2NAXXX0000000000}}{{2:I940BCYPCY2NXXXXN}}{{4:
:20:STARTUMS
:25:{account}
:28C:00042/001
:60F:C261119USD1000,00
:61:2611201120CR250,00NTRFNONREF//BK123
:86:/EREF/E2E-1/NAME/INES DUARTE/REMI/USTD//{text}/
:61:2611201120D40,5NCHGNONREF//BK124
:86:166?00GEBUEHR?20Monthly fee?32BANK OF CYPRUS
:62F:C261120USD1209,50
-}}
"""
