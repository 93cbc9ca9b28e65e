"""References with check digits: a wrong sign of its kind, or two changed about, is seen."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest

from brokerage.payments import references
from brokerage.payments.connector import Instructions, Method, Order, Payer
from brokerage.payments.connectors.wire import Settings, Wire
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

OURS = "D-7K3M-9QXR"


@pytest.mark.parametrize(
    ("body", "right"),
    [("539007547034", "RF18539007547034"), ("2348231", "RF712348231")],  # published examples
)
def test_the_check_digits_are_the_published_ones(body: str, right: str) -> None:
    assert references.rf(body) == right
    assert references.valid(references.printed(right))


def test_every_reference_of_ours_comes_back_out_of_its_rf() -> None:
    for _ in range(500):
        ours = reference("D")
        made = references.rf(ours)

        assert references.valid(made)
        assert references.of(made) == ours
        assert references.found_in(f"/INV/{references.printed(made).lower()} thanks") == [ours]


def test_one_wrong_letter_or_two_changed_about_is_seen() -> None:
    right = references.rf(OURS)
    for at in range(len(right)):
        # A digit for a letter has another length in the sum: those few may pass, as in any IBAN.
        kind = "0123456789" if right[at].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for sign in kind:
            bent = right[:at] + sign + right[at + 1 :]
            assert references.valid(bent) == (bent == right)
    for at, (one, two) in enumerate(pairwise(right)):
        if one != two and one.isdigit() == two.isdigit():
            bent = right[:at] + two + one + right[at + 2 :]
            assert not references.valid(bent), bent


@pytest.mark.parametrize("text", ["", "RF", "RF18", "RF1853900754703x!", "DE18539007547034"])
def test_what_is_none_is_none(text: str) -> None:
    assert not references.valid(text)
    assert references.of(text) is None
    assert references.found_in(text) == []


def test_a_reference_that_cannot_be_one_is_refused() -> None:
    for body in ("", "---", "X" * 22):
        with pytest.raises(Invalid):
            references.rf(body)


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("IE29 AIBK 9311 5212 3456 78", True),
        ("DE89370400440532013000", True),
        ("DE88370400440532013000", False),
        ("", False),
    ],
)
def test_an_account_number_s_own_digits_are_checked(number: str, right: bool) -> None:
    assert references.iban(number) is right


def an_order(money: Money) -> Order:
    now = datetime.now(UTC)
    return Order(
        id=uuid4(),
        reference=OURS,
        money=money,
        method=Method.BANK,
        payer=Payer(reference="C-1"),
        description="Northlight",
        return_url="https://broker.example/back",
        cancel_url="https://broker.example/left",
        created=now,
        expires=now,
    )


async def test_a_transfer_s_instructions_tell_account_and_reference() -> None:
    settings = Settings(holder="Northlight Ltd", iban="IE29AIBK93115212345678", bic="AIBKIE2D")
    wire = Wire(settings, Keyring({}), Line(Egress()))

    asked = await wire.create_deposit(an_order(Money(Decimal("1000.00"), "EUR")))

    assert isinstance(asked, Instructions)
    told = dict(asked.lines)
    assert told["IBAN"] == "IE29 AIBK 9311 5212 3456 78"
    assert references.of(told["Reference"]) == OURS
    assert told["Amount"] == "1000.00 EUR"
    assert "Account number" not in told
    assert (await wire.poll(asked.reference)).state.open
    assert all(check.fine for check in await wire.test_connection())
    assert not wire.capabilities.payouts


async def test_an_account_with_a_slip_is_seen_by_the_test_and_none_is_not_offered() -> None:
    slip = Wire(Settings(holder="N", iban="IE29AIBK93115212345679"), Keyring({}), Line(Egress()))
    empty = Wire(Settings(), Keyring({}), Line(Egress()))

    assert not all(check.fine for check in await slip.test_connection())
    assert empty.capabilities.deposits == ()
    asked = await empty.create_deposit(an_order(Money(Decimal(10), "EUR")))
    assert isinstance(asked, Refused)
