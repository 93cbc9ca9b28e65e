"""What a tenant decides about requests, accounts without swaps, and accounts that sleep."""

from datetime import datetime, time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from brokerage.payments.written import Amount
from stoa.kernel.refusals import Unfit

Way = Literal["rule", "staff", "off"]
"""`rule`: what the rules allow goes by itself, the rest is refused with its reason; `staff`: a
person decides each; `off`: clients cannot ask for it."""


class Requests(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides what clients ask for about their accounts."""

    leverage: Way = "rule"
    leverage_most: Annotated[int, Meta(ge=1, le=5_000)] = 500
    """By rule up to this; above it a person decides, still within the jurisdiction's cap."""
    product: Way = "staff"
    password: Way = "rule"  # noqa: S105 - who decides, no password
    archive: Way = "rule"
    restore: Way = "rule"
    margin_call: Literal["stop", "staff"] = "stop"
    """A change that would cause a margin call: refused, or left to a person who sees the figures."""


class Eligible(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A structured condition; what is left out fits everything."""

    country: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    product: tuple[str, ...] = ()

    def fits(self, *, country: str, pack: str, product: str) -> bool:
        return all(
            not wanted or is_ in wanted
            for wanted, is_ in (
                (self.country, country),
                (self.pack, pack),
                (self.product, product),
            )
        )


class SwapFree(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Accounts without swaps. Each group names its swap-free one (`swap_free` of a group rule)."""

    decides: Way = "off"
    when: Eligible = Eligible()
    evidence: bool = True
    """Whether the client has to say on what ground, with a document where there is one."""
    fee: Amount | None = None
    """Taken from the wallet when it is granted, given back when the server refuses."""
    days: Annotated[int, Meta(ge=0, le=3_650)] = 365
    """It ends after so long and is asked for anew; 0: it does not end."""
    held_days: Annotated[int, Meta(ge=1, le=365)] = 10
    """A position held longer than so many days without swaps counts as misuse..."""
    held_most: Annotated[int, Meta(ge=1, le=1_000)] = 3
    """...and so many within `days_looked` bring it before a person."""
    days_looked: Annotated[int, Meta(ge=1, le=365)] = 90


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with an account after so many days without anything of its owner's."""

    after_days: Annotated[int, Meta(ge=7, le=3_650)]
    do: Literal["notify", "fee", "disable", "archive"]
    fee: Amount | None = None
    """Each month from then on, from the owner's wallet, never more than is there."""

    def __post_init__(self) -> None:
        if (self.do == "fee") != (self.fee is not None):
            raise Unfit("a fee names its amount, and nothing else does")


class Dormancy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Steps by idle days, in order. Accounts with open positions never sleep."""

    on: bool = False
    steps: tuple[Step, ...] = (
        Step(after_days=90, do="notify"),
        Step(after_days=180, do="disable"),
        Step(after_days=365, do="archive"),
    )
    kinds: tuple[Literal["live", "demo"], ...] = ("live", "demo")
    exempt_products: tuple[str, ...] = ()
    exempt_segments: tuple[str, ...] = ()
    """Tags of clients."""

    def __post_init__(self) -> None:
        days = [one.after_days for one in self.steps]
        done = [one.do for one in self.steps]
        if days != sorted(set(days)) or len(set(done)) != len(done):
            raise Unfit("dormancy.steps: each later than the one before, each kind once")
        order = ["notify", "fee", "disable", "archive"]
        if done != sorted(done, key=order.index):
            raise Unfit("dormancy.steps: first notify, then fee, disable, archive")


class Moving(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The hours in which accounts may be moved to another server, in the tenant's time zone."""

    begins: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    ends: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "23:59"

    def now(self, moment: datetime) -> bool:
        """Whether a moment on the tenant's own clock lies within; a window may pass midnight."""
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        clock = moment.time().replace(second=0, microsecond=0, tzinfo=None)
        return begins <= clock <= ends if begins <= ends else clock >= begins or clock <= ends
