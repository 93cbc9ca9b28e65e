"""Check digits of coin addresses, held against the vectors their standards publish."""

import pytest

from brokerage.payments.addresses import bech32, eip55
from brokerage.payments.addresses.networks import NETWORKS, checked
from stoa.kernel.refusals import Invalid

BIP_350_GOOD = [
    ("bc", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
    ("tb", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"),
    ("bc", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"),
    ("bc", "BC1SW50QGDZ25J", "6002751e"),
    ("bc", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"),
    ("tb", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy", "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"),
    ("tb", "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c", "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"),
    ("bc", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
]  # fmt: skip
BIP_350_BAD = [
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",  # prefix
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",  # Bech32 for Bech32m
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",  # Bech32m for Bech32
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",  # a sign
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",  # version 17
    "bc1pw5dgrnzv",  # one byte
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",  # 41 bytes
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",  # version 0 of another length
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",  # mixed case
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",  # padding of five bits
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",  # padding not zero
    "bc1gmk9yu",  # nothing in it
]
BIP_173_BAD_CHECKSUMS = [
    "\x201nwldj5",
    "\x7f1axkwrx",
    "\x801eym55h",
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
]
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
TRON, ETHER, BITCOIN = (
    "TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg3r",
    EIP_55[4],
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
)
GENESIS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
LITE = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"
STELLAR = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"


@pytest.mark.parametrize(("prefix", "address", "script"), BIP_350_GOOD)
def test_a_good_witness_address_is_read(prefix: str, address: str, script: str) -> None:
    found = bech32.witness(prefix, address)

    assert found is not None
    version, program = found
    head = bytes([version + 0x50 if version else 0, len(program)])
    assert (head + program).hex() == script


@pytest.mark.parametrize("address", BIP_350_BAD)
def test_a_bad_witness_address_is_refused(address: str) -> None:
    assert bech32.witness("bc", address) is None
    assert bech32.witness("tb", address) is None


@pytest.mark.parametrize("text", BIP_173_BAD_CHECKSUMS)
def test_what_is_no_bech32_is_refused(text: str) -> None:
    assert bech32.decoded(text) is None


@pytest.mark.parametrize("address", EIP_55)
def test_the_capitals_of_an_ethereum_address_prove_it(address: str) -> None:
    assert eip55.checked(address) == address
    assert eip55.checked(address.lower()) == address
    turned = address[:-1] + address[-1].swapcase()
    if turned != address and address[2:] not in {address[2:].lower(), address[2:].upper()}:
        assert eip55.checked(turned) is None


def test_keccak_is_ethereum_s_and_not_the_standard_s() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert eip55.keccak256(b"").hex() == empty
    # One full block, and one byte less: both kinds of padding.
    assert len({eip55.keccak256(b"a" * n) for n in (134, 135, 136, 137)}) == 4
    abc = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert eip55.keccak256(b"abc").hex() == abc


@pytest.mark.parametrize(
    ("network", "asset", "address"),
    [
        ("tron", "USDT", TRON),
        ("ethereum", "USDT", ETHER),
        ("bitcoin", "BTC", BITCOIN),
        ("bitcoin", "BTC", GENESIS),
        ("bitcoin", "BTC", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        ("litecoin", "LTC", LITE),
        ("stellar", "USDC", STELLAR),
    ],
)
def test_an_address_with_one_sign_wrong_is_none(network: str, asset: str, address: str) -> None:
    assert checked(network, asset, f" {address} ") == (address, "")

    for place in range(4, len(address), 5):
        wrong = "2" if address[place] != "2" else "3"
        bent = address[:place] + wrong + address[place + 1 :]
        if network == "ethereum" and bent[2:] == bent[2:].lower():
            continue
        with pytest.raises(Invalid):
            checked(network, asset, bent)


def test_an_address_of_another_network_is_named_as_that() -> None:
    with pytest.raises(Invalid) as refused:
        checked("tron", "USDT", ETHER)
    assert refused.value.field == "address"
    assert refused.value.places["other"] == NETWORKS["ethereum"].label

    with pytest.raises(Invalid, match="network"):
        checked("tron", "BTC", TRON)
    with pytest.raises(Invalid):
        checked("bitcoin", "BTC", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx")


def test_a_memo_is_for_networks_that_have_one() -> None:
    assert checked("stellar", "USDC", STELLAR, " 10432 ") == (STELLAR, "10432")
    with pytest.raises(Invalid) as refused:
        checked("bitcoin", "BTC", BITCOIN, "10432")
    assert refused.value.field == "memo"
    with pytest.raises(Invalid):
        checked("stellar", "USDC", STELLAR, "x" * 29)
