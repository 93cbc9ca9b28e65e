"""What happened to a case, the latest first. Titles are message ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from brokerage.kyc.model import KycCallback, KycCase, State
from brokerage.kyc.officers.views import CheckLine, HitLine, Paper, Proposal
from stoa.theming.texts import N_


def told(
    row: KycCase,
    papers: Sequence[Paper],
    lines: Sequence[CheckLine],
    hits: Sequence[HitLine],
    proposals: Sequence[Proposal],
    callbacks: Sequence[KycCallback],
) -> list[dict[str, Any]]:
    """Everything that happened, the latest first; titles are message ids."""
    found: list[dict[str, Any]] = [_moment(row.opened_at, N_("Case opened"), icon="folder-plus")]
    if row.submitted_at:
        found.append(_moment(row.submitted_at, N_("Handed in by the client"), icon="send"))
    if row.in_review_at:
        found.append(_moment(row.in_review_at, N_("To the officers"), tone="needs"))
    found += [
        _moment(p.uploaded_at, N_("Document sent"), text=p.title, icon="upload") for p in papers
    ]
    found += [
        _moment(line.at, line.title, text=line.reason or line.because, tone=_tone(line), by=line.by)
        for line in lines
        if line.verdict != "waiting"
    ]
    for hit in hits:
        if hit.decided_at:
            said = N_("False match") if hit.state == "false" else N_("True match")
            found.append(
                _moment(hit.decided_at, said, text=hit.reason, by=hit.by, icon="list-search")
            )
    for one in proposals:
        found.append(_moment(one.at, one.title, text=one.reason, by=one.by, icon="users"))
        if one.second_at:
            said = N_("Agreed by a second officer") if one.state == "agreed" else N_("Refused")
            found.append(_moment(one.second_at, said, text=one.title, by=one.second, icon="users"))
    found += [
        _moment(
            one.received_at, N_("The provider called"), text=one.because or one.kind, icon="webhook"
        )
        for one in callbacks
    ]
    if row.decided_at:
        done = row.state == State.APPROVED
        title = N_("Approved") if done else N_("Rejected")
        who = row.decided_name if row.decided_by else ""
        found.append(
            _moment(row.decided_at, title, tone="done" if done else "stopped", by=who or "")
        )
    return sorted(found, key=lambda one: one["at"], reverse=True)


def _tone(line: CheckLine) -> str:
    return {"passed": "done", "failed": "stopped", "flagged": "needs"}.get(line.verdict, "waiting")


def _moment(
    at: datetime,
    title: str,
    *,
    text: object = "",
    tone: str = "moving",
    icon: str = "",
    by: str = "",
) -> dict[str, Any]:
    return {"at": at, "title": title, "text": text, "tone": tone, "icon": icon, "by": by}
