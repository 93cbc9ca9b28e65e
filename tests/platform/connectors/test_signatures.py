"""Vectors were made with the openssl command, not with the code under test."""

from datetime import UTC, datetime

import pytest

from stoa.connectors import signatures
from stoa.connectors.trouble import Forged

RAW = b'{"id":"evt_1","amount":100}'
AT = datetime.fromtimestamp(1_700_000_000, UTC)


def refused(raw: bytes, header: str, secrets: list[str], at: datetime = AT) -> bool:
    try:
        signatures.require_stamped(raw, header, secrets, at)
    except Forged:
        return True
    return False


STAMPED = "t=1700000000,v1=8626e6d403b10b967046cde6a1b08278540035458a51de683518fc1ef557f73f"


def test_a_stamped_signature_is_accepted_under_any_active_secret() -> None:
    for secrets in (["whsec_one"], ["whsec_new", "whsec_one"]):
        assert signatures.require_stamped(RAW, STAMPED, secrets, AT) == 1_700_000_000


def test_one_right_signature_among_several_is_enough() -> None:
    header = STAMPED.replace("v1=", "v1=" + "0" * 64 + ",v1=")

    assert not refused(RAW, header, ["whsec_one"])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1700000000",
        STAMPED.replace("t=1700000000,", ""),
        STAMPED.replace("t=", "t=1700000001,t="),
        STAMPED.replace("1700000000", "1700000001"),
        STAMPED.replace("1700000000", "١٧٠٠٠٠٠٠٠٠"),
        STAMPED.replace("v1=", "v0="),
        STAMPED[:-1],
        STAMPED + "0",
        "t=1700000000,v1=",
        "t=1700000000,v1=é",
        "," * 1000,
    ],
)
def test_a_bent_stamped_header_is_refused(header: str) -> None:
    assert refused(RAW, header, ["whsec_one"])


def test_other_bytes_another_secret_or_none_are_refused() -> None:
    assert refused(RAW + b" ", STAMPED, ["whsec_one"])
    assert refused(b'{"amount":100,"id":"evt_1"}', STAMPED, ["whsec_one"])
    assert refused(RAW, STAMPED, ["whsec_two"])
    assert refused(RAW, STAMPED, [])
    assert refused(RAW, STAMPED, [""])


def test_a_stamp_more_than_five_minutes_away_is_refused() -> None:
    for away in (-301, 301):
        at = datetime.fromtimestamp(1_700_000_000 + away, UTC)
        assert refused(RAW, STAMPED, ["whsec_one"], at)


@pytest.mark.parametrize(
    ("digest", "due"),
    [
        ("sha1", "f5698aabc1747bee51b7db7dbb3bb76727a419ec"),
        ("sha256", "14d7a13bf5258627e6ddfcad3df0ffa1390fb12b1d3eb35ea53691c8e3a76d85"),
        (
            "sha512",
            "f19b9fd5015f8a80ec03214203327cfb8b2ca95e40410dda9b3f62b2be4d1402d9fd82d0142793f16756b62c648ef2c495788fb0e6d0142a9e0fd0246511344a",
        ),
    ],
)
def test_a_plain_hmac_is_checked_by_its_digest(digest: signatures.Digest, due: str) -> None:
    signatures.require_hmac(RAW, due.upper(), ["other", "secret"], digest=digest)

    for given, secrets in ((due, ["other"]), (due, []), (due[:-2], ["secret"]), ("", ["secret"])):
        with pytest.raises(Forged):
            signatures.require_hmac(RAW, given, secrets, digest=digest)


def test_a_header_counts_only_when_it_is_there_once() -> None:
    assert signatures.only_header([("X-Proof", " a ")], "x-proof") == "a"

    for headers in ([], [("x-proof", "")], [("x-proof", "a"), ("X-PROOF", "a")]):
        with pytest.raises(Forged):
            signatures.only_header(headers, "x-proof")


def test_our_own_hooks_are_signed_in_the_standard_form() -> None:
    """The example of the Standard Webhooks specification."""
    key = signatures.standard_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    raw = b'{"test": 2432232314}'

    proof = signatures.standard_webhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, raw)

    assert proof == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
