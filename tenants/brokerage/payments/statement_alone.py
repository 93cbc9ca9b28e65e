"""Ways in that no provider stands behind: money is seen on the bank's statement and nowhere else."""

from datetime import datetime
from uuid import UUID

from brokerage.payments.connector import Event, Paid, State, Status
from stoa.connectors.outcomes import Sending, hard
from stoa.connectors.signatures import Headers
from stoa.connectors.trouble import Forged
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound


class StatementAlone:
    """Nobody is called and nobody calls back: what such a connector cannot tell, said once."""

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        raise Forged("Nobody calls back about these payments.")

    async def poll(self, reference: str) -> Status:
        """The statement tells, not this."""
        return Status(reference=reference, state=State.PENDING, raw="awaiting-statement")

    async def refund(self, refund: UUID, paid: Paid, money: Money) -> Sending:
        return hard("no-refunds", "it goes back by a payout to the client's bank account")

    async def poll_refund(self, refund: UUID, reference: str, paid: Paid) -> Status:
        raise NotFound("Nothing is given back here.")

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise NotFound("Nothing is paid out here.")
