"""PIX and VietQR: a QR code of the tenant's own account, that any bank's app pays.

No provider stands between: the payment is seen on the bank's statement, by its reference.
"""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from brokerage.payments import emv
from brokerage.payments.amounts import Digits
from brokerage.payments.connector import (
    Asked,
    Capabilities,
    Instructions,
    Method,
    Offer,
    Order,
    Payout,
    identity,
)
from brokerage.payments.statement_alone import StatementAlone
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome, Sending, hard, not_sent, technical
from stoa.kernel.refusals import Invalid
from stoa.theming.texts import N_

PIX_DIGITS: Final = Digits(["BRL"])
VIET_DIGITS: Final = Digits(["VND"])


class PixSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key of the account the money goes to: CNPJ, e-mail, telephone or a random one."""

    key: Annotated[str, Meta(title="PIX key", max_length=77)] = ""
    holder: Annotated[str, Meta(title="Name of the account's holder", max_length=60)] = ""
    city: Annotated[str, Meta(title="City of the holder", max_length=30)] = ""


class VietSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account the money goes to; `bank` is its six-digit number at NAPAS."""

    bank: Annotated[str, Meta(title="Bank's number", pattern=r"^([0-9]{6})?$")] = ""
    account: Annotated[str, Meta(title="Account number", pattern=r"^[A-Za-z0-9]{0,19}$")] = ""
    holder: Annotated[str, Meta(title="Name of the account's holder", max_length=60)] = ""
    city: Annotated[str, Meta(title="City of the holder", max_length=30)] = ""


class _Code(StatementAlone, ABC):
    """A QR code of one account. Nothing is called, so nothing is told back."""

    code: ClassVar[str]
    currency: ClassVar[str]
    country: ClassVar[str]

    def __init__(self, settings: PixSettings | VietSettings, secrets: Keyring, line: Line) -> None:
        del secrets, line
        self._holder = emv.plain(settings.holder, 25).upper()
        self._city = emv.plain(settings.city, 15).upper()

    @property
    def capabilities(self) -> Capabilities:
        offer = Offer(
            method=Method.QR,
            currencies=frozenset({self.currency}),
            countries=frozenset({self.country}),
        )
        return Capabilities(
            deposits=(offer,) if self.account else (), payouts=(), refunds=False, idempotent_s=0
        )

    @property
    @abstractmethod
    def account(self) -> str:
        """Where the money goes; empty while that is not set."""

    @property
    def identity(self) -> str:
        return identity(self.code, self.account, "")

    @abstractmethod
    def payload(self, order: Order) -> str:
        """What the code says. Raises Invalid for an amount it cannot carry."""

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.QR:
            return hard("method", "this account takes QR payments")
        if not self.account:
            return technical("account", "the account is not set")
        try:
            payload = self.payload(order)
        except Invalid as why:
            return not_sent(why)
        lines = (
            (N_("Amount"), str(order.money)),
            (N_("Pay to"), self._holder),
            (N_("Reference"), _reference(order)),
            (N_("Copy and paste"), payload),
        )
        return Instructions(str(order.id), lines, payload, order.expires)

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "the code can still be paid; what comes is found by its reference")

    async def pay_out(self, payout: Payout) -> Sending:
        return hard("no-payouts", "a QR code only takes money")

    async def test_connection(self) -> list[Check]:
        """Nobody is called: what is checked is that a code can be drawn."""
        return [
            Check("Know the account", fine=bool(self.account), text=self.account),
            Check("Know its holder", fine=bool(self._holder and self._city), text=self._holder),
        ]


class Pix(_Code):
    """A static PIX code (BR Code) with the amount and our reference as its transaction id."""

    code: ClassVar[str] = "pix"
    label: ClassVar[str] = "PIX"
    settings_type: ClassVar[type[msgspec.Struct]] = PixSettings
    currency: ClassVar[str] = "BRL"
    country: ClassVar[str] = "BR"

    def __init__(self, settings: PixSettings, secrets: Keyring, line: Line) -> None:
        super().__init__(settings, secrets, line)
        self._key = settings.key.strip()

    @property
    def account(self) -> str:
        return self._key

    def payload(self, order: Order) -> str:
        return emv.build(
            [
                ("00", "01"),
                ("26", [("00", "br.gov.bcb.pix"), ("01", self._key)]),
                ("52", "0000"),
                ("53", "986"),
                ("54", PIX_DIGITS.major(order.money)),
                ("58", "BR"),
                ("59", self._holder),
                ("60", self._city),
                ("62", [("05", _reference(order))]),
            ]
        )


class VietQR(_Code):
    """A VietQR code for a transfer to an account, with the amount and our reference as its text."""

    code: ClassVar[str] = "vietqr"
    label: ClassVar[str] = "VietQR"
    settings_type: ClassVar[type[msgspec.Struct]] = VietSettings
    currency: ClassVar[str] = "VND"
    country: ClassVar[str] = "VN"

    def __init__(self, settings: VietSettings, secrets: Keyring, line: Line) -> None:
        super().__init__(settings, secrets, line)
        self._bank, self._number = settings.bank, settings.account

    @property
    def account(self) -> str:
        return f"{self._bank} {self._number}" if self._bank and self._number else ""

    def payload(self, order: Order) -> str:
        return emv.build(
            [
                ("00", "01"),
                ("01", "12"),
                (
                    "38",
                    [
                        ("00", "A000000727"),
                        ("01", f"0006{self._bank}01{len(self._number):02d}{self._number}"),
                        ("02", "QRIBFTTA"),
                    ],
                ),
                ("53", "704"),
                ("54", VIET_DIGITS.major(order.money)),
                ("58", "VN"),
                ("62", [("08", _reference(order))]),
            ]
        )


def _reference(order: Order) -> str:
    """Letters and digits alone: what both schemes and every bank carry."""
    return order.reference.replace("-", "")[:25]
