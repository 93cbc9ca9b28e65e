"""The common shape of what waits for a second person, and one source per kind.

A source lists and approves through the verbs of its own floor: maker and checker, permissions and
what a yes is bound to are decided there and nowhere else.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.kyc.model import KycProposal
from brokerage.kyc.permissions import Kyc
from brokerage.ledger import adjustments
from brokerage.ledger.model import Adjustment, AdjustmentState
from brokerage.ledger.permissions import Ledger
from brokerage.partners import payouts as partner_payouts
from brokerage.partners.model import Partner, PartnerPayout, PayoutState
from brokerage.partners.permissions import Partners
from brokerage.partners.sharing import terms as shares
from brokerage.payments.disputes import queries as disputes
from brokerage.payments.model import Withdrawal, WithdrawalState
from brokerage.payments.permissions import Payments
from brokerage.payments.withdrawing import withdrawals
from brokerage.privacy import asking as erasures
from brokerage.privacy.model import Erasure, ErasureState
from brokerage.privacy.permissions import Privacy
from brokerage.risk import actions as risk_actions
from brokerage.risk.permissions import Risk
from stoa.kernel.money import Money
from stoa.settingsdesk import pending
from stoa.settingsdesk.sections import label_of
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing to decide about. `seal` is what the yes is bound to, where the kind has such."""

    kind: str
    key: UUID
    title: str
    detail: str
    href: str
    since: datetime
    due: datetime | None = None
    money: Money | None = None
    seal: str = ""
    mine: bool = False
    why: str = ""
    """A code that has a name, where a rule stopped it."""
    yeses: int = 0
    needs: int = 0
    """How many have agreed, of how many; none where one yes is all."""

    @property
    def pick(self) -> str:
        return f"{self.kind}:{self.key}:{self.seal}"


Approve = Callable[[Work, UUID, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind: who may decide, what waits, and (where many may be decided at once) the yes."""

    kind: str
    label: str
    icon: str
    permission: str
    listed: Callable[[Work], Awaitable[Sequence[Waiting]]]
    approve: Approve | None = None


async def _withdrawals(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(Withdrawal)
        .where(Withdrawal.state == WithdrawalState.REVIEW, clients.within(work, Withdrawal.client))
        .order_by(Withdrawal.promised_at)
        .limit(MOST)
    )
    names = await clients.names(work, [row.client for row in rows])
    return [
        Waiting(
            "withdrawal",
            row.id,
            names.get(row.client, row.reference),
            row.reference,
            f"/desk/withdrawals/{row.id}",
            row.asked_at,
            row.promised_at,
            Money(row.amount, row.currency),
            row.payload_hash,
            row.asked_by == work.actor.id,
            f"stop {row.code}" if row.code else "",
        )
        for row in rows
    ]


async def _approve_withdrawal(work: Work, key: UUID, seal: str) -> object:
    return await withdrawals.approve(work, key, seal)


async def _adjustments(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(Adjustment)
        .where(Adjustment.state == AdjustmentState.ASKED, clients.within(work, Adjustment.client))
        .order_by(Adjustment.id)
        .limit(MOST)
    )
    names = await clients.names(work, [row.client for row in rows])
    return [
        Waiting(
            "adjustment",
            row.id,
            names.get(row.client, row.reference),
            row.reason,
            f"/desk/ledger/adjustments/{row.id}",
            row.asked_at,
            money=Money(row.amount if row.direction == "credit" else -row.amount, row.currency),
            mine=row.asked_by == work.actor.id,
        )
        for row in rows
    ]


async def _approve_adjustment(work: Work, key: UUID, _seal: str) -> object:
    return await adjustments.approve(work, key)


async def _partner_payouts(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(PartnerPayout)
        .where(
            PartnerPayout.state == PayoutState.WAITING,
            clients.within(work, PartnerPayout.partner),
        )
        .order_by(PartnerPayout.made_at)
        .limit(MOST)
    )
    names = await clients.names(work, [row.partner for row in rows])
    return [
        Waiting(
            "partner-payout",
            row.id,
            names.get(row.partner, ""),
            row.period or "",
            f"/desk/partners/payouts/{row.id}",
            row.made_at,
            row.due_at if row.period else None,
            Money(row.amount, row.currency).rounded(),
            partner_payouts.seal(row),
            row.made_by == work.actor.id,
            yeses=len(row.yeses),
            needs=row.needs,
        )
        for row in rows
    ]


async def _approve_partner_payout(work: Work, key: UUID, seal: str) -> object:
    return await partner_payouts.approve(work, key, seal)


async def _ratios(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(Partner)
        .where(Partner.wanted.is_not(None), clients.within(work, Partner.id))
        .order_by(Partner.id)
        .limit(MOST)
    )
    names = await clients.names(work, [row.id for row in rows])
    return [
        Waiting(
            "partner-ratios",
            row.id,
            names.get(row.id, row.code),
            str(asked["why"]),
            f"/desk/partners/{row.id}/ratios",
            datetime.fromisoformat(asked["at"]),
            mine=asked["by"] == str(work.actor.id),
        )
        for row in rows
        if (asked := row.wanted) is not None
    ]


async def _shares(work: Work) -> list[Waiting]:
    rows = [row for row in await shares.listed(work, most=MOST) if row.state == "asked"]
    names = await clients.names(work, {row.partner for row in rows} | {row.client for row in rows})
    return [
        Waiting(
            "partner-share",
            row.client,
            f"{names.get(row.partner, row.code)} → {names.get(row.client, '')}",
            f"{row.percent.normalize():f} %",
            "/desk/partners/shares",
            row.asked_at,
        )
        for row in rows
    ]


async def _disputes(work: Work) -> list[Waiting]:
    rows = await disputes.to_agree(work, MOST)
    names = await clients.names(work, [row.client for row in rows])
    return [
        Waiting(
            "dispute",
            row.id,
            names.get(row.client, row.reference),
            row.asked_note or "",
            f"/desk/disputes/{row.id}",
            row.asked_at or row.opened_at,
            money=Money(row.secured, row.paid_in),
            mine=row.asked_by == work.actor.id,
        )
        for row in rows
    ]


async def _setting_changes(work: Work) -> list[Waiting]:
    return [
        Waiting(
            "setting",
            row.id,
            label_of(row.slice),
            row.why,
            f"/desk/settings/changes/{row.id}",
            row.asked_at,
            mine=row.asked_by == work.actor.id,
        )
        for row in await pending.all_waiting(work)
    ]


async def _second_looks(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(KycProposal)
        .where(KycProposal.state == "waiting", clients.within(work, KycProposal.client))
        .order_by(KycProposal.id)
        .limit(MOST)
    )
    names = await clients.names(work, [row.client for row in rows])
    return [
        Waiting(
            "kyc",
            row.id,
            names.get(row.client, ""),
            row.asked_name,
            f"/desk/kyc/{row.case}" if row.case else f"/desk/clients/{row.client}",
            row.asked_at,
            mine=row.asked_by == work.actor.id,
        )
        for row in rows
    ]


async def _risk_actions(work: Work) -> list[Waiting]:
    rows = await risk_actions.waiting(work)
    names = await clients.names(work, [row.client for row in rows if row.client])
    return [
        Waiting(
            "risk-action",
            row.id,
            names.get(row.client, "") if row.client else "",
            str((row.action or {}).get("why", "")),
            f"/desk/alerts/{row.id}",
            row.action_at or row.breached_at,
            mine=(row.action or {}).get("asked_by") == str(work.actor.id),
        )
        for row in rows
    ]


async def _erasures(work: Work) -> list[Waiting]:
    rows = await work.rows(
        select(Erasure)
        .where(Erasure.state == ErasureState.PROPOSED, clients.within(work, Erasure.client))
        .order_by(Erasure.due_at)
        .limit(MOST)
    )
    names = await clients.names(work, [row.client for row in rows])
    return [
        Waiting(
            "erasure",
            row.id,
            names.get(row.client, row.reference),
            row.reference,
            f"/desk/privacy/{row.id}",
            row.asked_at,
            row.due_at,
            seal=row.seal or "",
            mine=row.proposed_by == work.actor.id,
        )
        for row in rows
    ]


async def _approve_erasure(work: Work, key: UUID, seal: str) -> object:
    return await erasures.agree(work, key, seal)


SOURCES: Final = (
    Source(
        "withdrawal",
        N_("Withdrawals"),
        "arrow-up-right",
        Payments.APPROVE,
        _withdrawals,
        _approve_withdrawal,
    ),
    Source(
        "adjustment",
        N_("Corrections"),
        "adjustments",
        Ledger.APPROVE,
        _adjustments,
        _approve_adjustment,
    ),
    Source(
        "partner-payout",
        N_("Partner payouts"),
        "affiliate",
        Partners.APPROVE,
        _partner_payouts,
        _approve_partner_payout,
    ),
    Source("partner-ratios", N_("Ratios of partners"), "percentage", Partners.APPROVE, _ratios),
    Source("partner-share", N_("Shares for clients"), "gift", Partners.APPROVE, _shares),
    Source("dispute", N_("Disputes given up"), "credit-card-off", Payments.GIVE_UP, _disputes),
    Source("setting", N_("Changes of settings"), "settings", Settings.AGREE, _setting_changes),
    Source("risk-action", N_("Risk actions"), "gauge", Risk.APPROVE, _risk_actions),
    Source(
        "erasure",
        N_("Erasures"),
        "shield-lock",
        Privacy.AGREE,
        _erasures,
        _approve_erasure,
    ),
    Source("kyc", N_("Second looks of compliance"), "id", Kyc.SECOND, _second_looks),
)
"""Ratios, disputes, settings, risk actions and second looks are read one by one: they have no yes for many at once."""


def source(kind: str) -> Source | None:
    return next((one for one in SOURCES if one.kind == kind), None)


async def all_for(work: Work) -> list[tuple[Source, list[Waiting]]]:
    """By kind, those the reader may decide about at all; the ones of their own are marked."""
    return [
        (one, list(await one.listed(work))) for one in SOURCES if work.actor.may(one.permission)
    ]
