"""Where personal data of a client lies: table by table, of which kind, and what erasing does to it.

A row stays, because others point to it and because it tells what was decided, when and by whom; what
says who somebody is, or was written by or about them, is taken out of it. A test holds that every
sealed or blind column of the product is here or in `STAYS` with its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from brokerage.bonuses.model import Grant, Mark
from brokerage.clients.model import ClientNote
from brokerage.crm.model import Lead, LeadNote, Task
from brokerage.kyc.model import (
    KycCallback,
    KycCase,
    KycCheck,
    KycDocument,
    KycProposal,
    KycStanding,
    KycTest,
)
from brokerage.ledger.model import Adjustment
from brokerage.payments.model import Deposit, ProviderEvent, Withdrawal
from brokerage.payments.withdrawing.model import Destination, PayoutAttempt
from brokerage.privacy.settings import Category
from brokerage.recon.model import OutsideLine
from brokerage.screening.model import Screening, ScreeningHit
from brokerage.trading.lifecycle.model import AccountRequest
from brokerage.trading.model import TradingAccount
from stoa.identity.model import ExternalIdentity, OneTimeToken, Passkey, Session
from stoa.notices.model import Message, Notice

CHANCE: Final = func.sha256(func.uuid_send(func.gen_random_uuid()))
"""In the place of a blind index: unlike any other, and no way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Columns of one table. `blank` become nothing (null, or empty where they must be something);
    `put` become what is said; with `rows` the rows themselves go.
    """

    category: Category
    model: Any
    whose: Callable[[UUID], ColumnElement[bool]]
    blank: tuple[str, ...] = ()
    put: Mapping[str, Any] | None = None
    rows: bool = False

    @property
    def name(self) -> str:
        return f"{self.model.__tablename__}.{self.blank[0]}" if self.blank else self.table

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)


def _of(column: Any) -> Callable[[UUID], ColumnElement[bool]]:
    return lambda client: column == client


def _cases(client: UUID) -> Any:
    return select(KycCase.id).where(KycCase.client == client)


def _leads(client: UUID) -> Any:
    return select(Lead.id).where(Lead.client == client)


def _deposits(client: UUID) -> Any:
    return select(Deposit.id).where(Deposit.client == client)


def _payouts(client: UUID) -> Any:
    return (
        select(PayoutAttempt.id)
        .join(Withdrawal, Withdrawal.id == PayoutAttempt.withdrawal)
        .where(Withdrawal.client == client)
    )


def _references(client: UUID) -> Any:
    return (
        select(Deposit.reference)
        .where(Deposit.client == client)
        .union_all(select(Withdrawal.reference).where(Withdrawal.client == client))
    )


_C = Category
CELLS: Final[tuple[Cell, ...]] = (
    Cell(
        category=_C.MARKETING,
        model=LeadNote,
        whose=lambda client: LeadNote.lead.in_(_leads(client)),
        blank=("text_sealed", "about"),
    ),
    Cell(category=_C.TRACES, model=Session, whose=_of(Session.person), blank=("ip", "device")),
    Cell(category=_C.TRACES, model=OneTimeToken, whose=_of(OneTimeToken.person), rows=True),
    Cell(
        category=_C.COMMUNICATIONS,
        model=ClientNote,
        whose=_of(ClientNote.client),
        blank=("text_sealed", "about"),
    ),
    Cell(
        category=_C.COMMUNICATIONS,
        model=Message,
        whose=_of(Message.person),
        blank=("kept_sealed", "link_sealed", "to_sealed"),
    ),
    Cell(
        category=_C.COMMUNICATIONS,
        model=Task,
        whose=lambda client: or_(Task.about == client, Task.about.in_(_leads(client))),
        blank=("title_sealed",),
    ),
    Cell(category=_C.COMMUNICATIONS, model=Notice, whose=_of(Notice.person), rows=True),
    Cell(
        category=_C.DOCUMENTS,
        model=KycDocument,
        whose=_of(KycDocument.client),
        blank=("number_sealed", "number_blind", "zone_sealed"),
    ),
    Cell(
        category=_C.SCREENING,
        model=Screening,
        whose=_of(Screening.client),
        blank=("answer_sealed",),
    ),
    Cell(
        category=_C.SCREENING,
        model=ScreeningHit,
        whose=_of(ScreeningHit.client),
        blank=("body_sealed", "reason_sealed"),
    ),
    Cell(
        category=_C.SCREENING,
        model=KycCheck,
        whose=lambda client: KycCheck.case.in_(_cases(client)),
        blank=("because", "tell", "reason_sealed"),
    ),
    Cell(
        category=_C.SCREENING,
        model=KycProposal,
        whose=_of(KycProposal.client),
        blank=("reason_sealed",),
    ),
    Cell(
        category=_C.SCREENING,
        model=KycCallback,
        whose=lambda client: KycCallback.applicant.in_(
            select(KycCase.applicant).where(KycCase.client == client)
        ),
        blank=("raw_sealed",),
    ),
    Cell(category=_C.SCREENING, model=KycTest, whose=_of(KycTest.client), blank=("lines",)),
    Cell(
        category=_C.SCREENING,
        model=KycStanding,
        whose=_of(KycStanding.client),
        blank=("extra_sealed",),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=Destination,
        whose=_of(Destination.client),
        blank=("details_sealed", "holder_sealed", "tail", "label"),
        put={"blind": CHANCE, "state": "removed"},
    ),
    Cell(
        category=_C.FINANCIAL,
        model=Deposit,
        whose=_of(Deposit.client),
        blank=("instrument", "token_sealed"),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=ProviderEvent,
        whose=lambda client: or_(
            ProviderEvent.deposit.in_(_deposits(client)),
            ProviderEvent.payout.in_(_payouts(client)),
        ),
        blank=("raw_sealed",),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=OutsideLine,
        whose=lambda client: OutsideLine.ours.in_(_references(client)),
        blank=("about_sealed",),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=Adjustment,
        whose=_of(Adjustment.client),
        blank=("reason", "evidence", "decision_note"),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=TradingAccount,
        whose=_of(TradingAccount.client),
        blank=("password_sealed",),
    ),
    Cell(
        category=_C.FINANCIAL,
        model=AccountRequest,
        whose=_of(AccountRequest.client),
        blank=("secret_sealed", "note"),
    ),
    Cell(
        category=_C.IDENTITY,
        model=KycCase,
        whose=_of(KycCase.client),
        blank=("answers_sealed",),
    ),
    Cell(
        category=_C.IDENTITY,
        model=Mark,
        whose=lambda client: Mark.bonus.in_(select(Grant.id).where(Grant.client == client)),
        put={"mark": CHANCE},
    ),
    Cell(
        category=_C.IDENTITY,
        model=ExternalIdentity,
        whose=_of(ExternalIdentity.person),
        rows=True,
    ),
    Cell(category=_C.IDENTITY, model=Passkey, whose=_of(Passkey.owner), rows=True),
)
FILES: Final[Mapping[str, Category]] = {
    "kyc.document": _C.DOCUMENTS,
    "account.evidence": _C.DOCUMENTS,
    "deposit.slip": _C.FINANCIAL,
    "partner.sheet": _C.FINANCIAL,
}
"""Stored files of a client by their kind: their bytes go, type, digest and date stay."""
BY_HAND: Final = {
    "person": ("email_sealed", "email_blind", "name_sealed", "password_sealed", "totp_sealed"),
    "client": (
        "first_name_sealed",
        "last_name_sealed",
        "phone_sealed",
        "phone_blind",
        "birth_date_sealed",
        "address_sealed",
    ),
    "lead": ("name_sealed", "email_sealed", "email_blind", "phone_sealed"),
    "stored_file": ("name_sealed",),
}
"""Done by `steps` row by row: they have a name and an index to put in place of what goes."""
STAYS: Final = {
    "erasure.note_sealed": "explains the erasure itself, as its certificate does",
    "legal_hold.reason_sealed": "explains for years why nothing went",
    "legal_hold.asked_sealed": "explains why it was lifted",
    "lead_import.content_sealed": "forgotten as soon as the file was taken over",
    "outside_file.content_sealed": "a bank's whole day; kept as the books' evidence",
    "secret.sealed": "the house's own",
    "trading_server.import_sealed": "forgotten as soon as the accounts were taken over",
}
"""What an erasure does not touch, and why."""
