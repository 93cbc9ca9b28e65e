"""QR payloads: lengths and check sums, against what the schemes publish."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from brokerage.payments import emv
from brokerage.payments.connector import Hosted, Instructions, Method, Order, Payer
from brokerage.payments.connectors.qr import Pix, PixSettings, VietQR, VietSettings
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Refused
from stoa.kernel.money import Money

# The static code of the Bank of Brazil's BR Code manual.
PUBLISHED = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


def an_order(money: Money) -> Order:
    now = datetime.now(UTC)
    return Order(
        id=uuid4(),
        reference="D-7K3M-9QXR",
        money=money,
        method=Method.QR,
        payer=Payer(reference="C-1"),
        description="Northlight D-7K3M-9QXR",
        return_url="https://broker.example/back",
        cancel_url="https://broker.example/left",
        created=now,
        expires=now,
    )


def test_the_check_sum_is_the_published_one() -> None:
    assert emv.crc("123456789") == "29B1"
    assert emv.crc(PUBLISHED[:-4]) == "1D3D"


def test_the_published_code_is_read_and_built_again() -> None:
    fields = emv.parse(PUBLISHED)

    assert dict(fields)["59"] == "Fulano de Tal"
    account = dict(emv.parts(dict(fields)["26"]))
    assert account == {"00": "br.gov.bcb.pix", "01": "123e4567-e12b-12d1-a456-426655440000"}
    assert emv.build(fields) == PUBLISHED


@pytest.mark.parametrize(
    "bent",
    [
        "",
        "6304",
        PUBLISHED[:-1],
        PUBLISHED + "0",
        PUBLISHED.replace("Fulano", "Sicano"),
        PUBLISHED[:-4] + "0000",
    ],
)
def test_a_bent_code_is_refused(bent: str) -> None:
    with pytest.raises(ValueError, match="check sum"):
        emv.parse(bent)


@pytest.mark.parametrize("cut", ["0", "00", "0002", "000399", "xx0201", "0005é1"])
def test_a_field_that_lies_about_itself_is_refused(cut: str) -> None:
    with pytest.raises(ValueError, match="field"):
        emv.parts(cut)


def test_what_does_not_fit_is_never_built() -> None:
    for fields in ([("59", "x" * 100)], [("5", "x")], [("59", "São")]):
        with pytest.raises(ValueError, match=r"value|tag"):
            emv.build(fields)
    assert emv.plain("São João  Câmbio – Ltda. Đ!", 25) == "Sao Joao  Cambio  Ltda. D"


async def test_a_pix_code_carries_key_amount_and_our_reference() -> None:
    settings = PixSettings(key="pix@broker.example", holder="Câmbio Norte Ltda", city="São Paulo")
    pix = Pix(settings, Keyring({}), Line(Egress()))

    asked = await pix.create_deposit(an_order(Money(Decimal("1234.5"), "BRL")))

    assert isinstance(asked, Instructions)
    fields = dict(emv.parse(asked.qr))
    assert (fields["54"], fields["53"], fields["58"]) == ("1234.50", "986", "BR")
    assert (fields["59"], fields["60"]) == ("CAMBIO NORTE LTDA", "SAO PAULO")
    assert dict(emv.parts(fields["26"]))["01"] == "pix@broker.example"
    assert dict(emv.parts(fields["62"]))["05"] == "D7K3M9QXR"
    assert ("Copy and paste", asked.qr) in asked.lines
    assert (await pix.poll(asked.reference)).state.open
    assert all(check.fine for check in await pix.test_connection())


async def test_a_viet_code_carries_bank_account_amount_and_our_reference() -> None:
    settings = VietSettings(bank="970415", account="113366668888", holder="Bac", city="Ha Noi")
    viet = VietQR(settings, Keyring({}), Line(Egress()))

    asked = await viet.create_deposit(an_order(Money(Decimal(2_500_000), "VND")))

    assert isinstance(asked, Instructions)
    fields = dict(emv.parse(asked.qr))
    assert (fields["01"], fields["53"], fields["54"]) == ("12", "704", "2500000")
    there = dict(emv.parts(fields["38"]))
    assert (there["00"], there["02"]) == ("A000000727", "QRIBFTTA")
    assert dict(emv.parts(there["01"])) == {"00": "970415", "01": "113366668888"}
    assert dict(emv.parts(fields["62"])) == {"08": "D7K3M9QXR"}
    for money in (Money(Decimal("0.5"), "VND"), Money(Decimal(5), "BRL")):
        assert isinstance(await viet.create_deposit(an_order(money)), Refused)


async def test_an_account_that_is_not_set_offers_nothing() -> None:
    for code in (
        Pix(PixSettings(), Keyring({}), Line(Egress())),
        VietQR(VietSettings(bank="970415"), Keyring({}), Line(Egress())),
    ):
        assert code.capabilities.deposits == ()
        asked = await code.create_deposit(an_order(Money(Decimal(100), "BRL")))
        assert isinstance(asked, Refused) and not isinstance(asked, Hosted)
        assert not all(check.fine for check in await code.test_connection())
