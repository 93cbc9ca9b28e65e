"""The places where a process may be made to die, and which process passes there."""

from typing import Final

WEB: Final = (
    "callback.kept",
    "deposit.claimed",
    "deposit.answered",
    "withdrawal.held",
    "posting.written",
    "door.flushed",
    "door.committed",
)
WORKER: Final = (
    "drain.claimed",
    "drain.reacted",
    "egress.asking",
    "egress.answered",
    "settle.asked",
    "payout.claimed",
    "payout.answered",
    "payout.looked",
    "transfer.claimed",
    "transfer.answered",
    "transfer.looked",
    "sealer.linked",
)
RELAY: Final = ("relay.inserted", "relay.marked")
PROVISIONING: Final = (
    "provision.reserve",
    "provision.schema",
    "provision.settings",
    "provision.seed",
    "provision.owner",
    "provision.open",
)
SOMETIMES: Final = (
    "account.claimed",
    "account.answered",
    "address.claimed",
    "address.answered",
    "address.asked",
    "source.asked",
    "hot.asked",
)
"""Passed once for each trading account, before the storm, and once for each address of coins,
source of coins and hot wallet that is asked about."""
ELSEWHERE: Final = ("fix.heard", "fix.kept", "erasure.batch")
"""Passed by no traffic of money: by a drop copy, whose receiver dies a thousand times in
`bench --only disconnects`, and by an erasure, whose tests end it between two batches."""
OFTEN: Final = (*WEB, *WORKER, *RELAY)
"""Those that the traffic of money passes again and again."""
ALL: Final = (*OFTEN, *SOMETIMES, *PROVISIONING)
