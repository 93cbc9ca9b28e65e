"""Bank transfer: where to send the money and under which reference.

Seen on the bank's statement by that reference; no provider stands between.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from brokerage.payments import references
from brokerage.payments.amounts import FIAT, Digits
from brokerage.payments.connector import (
    Asked,
    CannotAsk,
    Capabilities,
    Instructions,
    Method,
    Offer,
    Order,
    Payout,
    Status,
    ToBank,
    identity,
)
from brokerage.payments.statement_alone import StatementAlone
from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Accepted, Outcome, Sending, hard, not_sent, technical
from stoa.kernel.refusals import Invalid
from stoa.theming.texts import N_

DIGITS: Final = Digits(FIAT)
_FOR_EVER_S: Final = 10 * 365 * 86_400
"""The same payout is the same line of a file however often it is given."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank account of the tenant; add another entry for another account."""

    holder: Annotated[str, Meta(title="Account holder", max_length=80)] = ""
    iban: Annotated[str, Meta(title="IBAN", max_length=42)] = ""
    bic: Annotated[str, Meta(title="BIC", max_length=11)] = ""
    account_number: Annotated[
        str, Meta(title="Account number", description="Where there is no IBAN.", max_length=34)
    ] = ""
    routing_number: Annotated[str, Meta(title="Routing or sort code", max_length=20)] = ""
    bank_name: Annotated[str, Meta(title="Bank", max_length=80)] = ""
    bank_address: Annotated[str, Meta(title="Address of the bank", max_length=160)] = ""
    structured: Annotated[
        bool,
        Meta(
            title="Reference with check digits",
            description="ISO 11649 (RF…): banks in SEPA refuse one with a slip in it.",
        ),
    ] = True
    pays_out: Annotated[
        bool,
        Meta(
            title="Pay out by files for the bank",
            description="Payouts gather at Reconciliation, Transfers, until a file is made of them.",
        ),
    ] = False
    currencies: tuple[str, ...] = ("EUR",)
    countries: tuple[str, ...] = ()


class Wire(StatementAlone):
    """Instructions for a transfer to one account."""

    code: ClassVar[str] = "wire"
    label: ClassVar[str] = "Bank transfer"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        del secrets, line
        self._settings = settings

    @property
    def _number(self) -> str:
        return self._settings.iban or self._settings.account_number

    @property
    def identity(self) -> str:
        return identity(self.code, self._number.replace(" ", ""), "")

    @property
    def capabilities(self) -> Capabilities:
        offer = Offer(
            method=Method.BANK,
            currencies=frozenset(self._settings.currencies) & DIGITS.carried,
            countries=frozenset(self._settings.countries),
        )
        pays = self._settings.pays_out and self._number and self._settings.holder
        return Capabilities(
            deposits=(offer,) if self._number else (),
            payouts=(offer,) if pays else (),
            refunds=False,
            idempotent_s=_FOR_EVER_S,
        )

    async def create_deposit(self, order: Order) -> Asked:
        if order.method is not Method.BANK:
            return hard("method", "this is a bank account")
        if not self._number or not self._settings.holder:
            return technical("account", "the account is not set")
        try:
            DIGITS.minor(order.money)
            reference = references.rf(order.reference)
        except Invalid as why:
            return not_sent(why)
        told = self._settings
        shown = references.printed(reference) if told.structured else order.reference
        lines = (
            (N_("Amount"), str(order.money)),
            (N_("Account holder"), told.holder),
            (N_("IBAN"), references.printed(told.iban.upper())),
            (N_("Account number"), "" if told.iban else told.account_number),
            (N_("Routing or sort code"), told.routing_number),
            (N_("BIC"), told.bic),
            (N_("Bank"), told.bank_name),
            (N_("Address of the bank"), told.bank_address),
            (N_("Reference"), shown),
        )
        return Instructions(str(order.id), tuple(one for one in lines if one[1]))

    async def cancel_deposit(self, reference: str) -> Outcome:
        return hard("open", "a transfer may be on its way; what comes is found by its reference")

    async def pay_out(self, payout: Payout) -> Sending:
        """Nobody is called: it waits for the next file, under an id that is ours alone."""
        if not self._settings.pays_out or not isinstance(payout.destination, ToBank):
            return hard("no-payouts", "this account pays nobody by itself")
        return Accepted(payout.id.hex)

    async def poll_payout(self, payout: UUID, reference: str, since: datetime) -> Status:
        raise CannotAsk("The bank's answer and its statement tell, not this.")

    async def test_connection(self) -> list[Check]:
        """Nobody is called: what is checked is the account itself."""
        told = self._settings
        right = references.iban(told.iban) if told.iban else bool(told.account_number)
        return [
            Check("Know the account", fine=right, text=self._number),
            Check("Know its holder", fine=bool(told.holder), text=told.holder),
        ]
