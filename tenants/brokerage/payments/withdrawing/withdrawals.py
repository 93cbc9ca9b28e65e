"""Paying out: preview, hold, checks in order, people who agree, and every way it can end.

    await preview(work, client, method, money, destination)       what would happen, nothing moves
    await request(work, client, method, money, destination=None, key=None) -> Withdrawal
    await approve(work, withdrawal, payload_hash, note=None)      one person's yes
    await reject(work, withdrawal, reason) / cancel(work, withdrawal)
    await redirect(work, withdrawal, destination)                 to another place, while it can
    await again(work, withdrawal)                                 look at the checks once more

Who asks is never among those who approve, on any path: the rule is here and in the table.
"""

from brokerage.payments.withdrawing.approving import approve, may_decide, reject
from brokerage.payments.withdrawing.asking import preview, request
from brokerage.payments.withdrawing.changing import cancel, may_stop, redirect
from brokerage.payments.withdrawing.deciding import again
from brokerage.payments.withdrawing.preparing import Preview
from brokerage.payments.withdrawing.rows import (
    announce,
    approvals,
    locked,
    parts_of,
    told,
    write,
)

__all__ = [
    "Preview",
    "again",
    "announce",
    "approvals",
    "approve",
    "cancel",
    "locked",
    "may_decide",
    "may_stop",
    "parts_of",
    "preview",
    "redirect",
    "reject",
    "request",
    "told",
    "write",
]
