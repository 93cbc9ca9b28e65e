"""The second factor: codes of an app (RFC 6238) and recovery codes, each good once. A passkey is one
as well (`passkeys`).

Works on the locked row of a tenant's person or of an operator; `Keeper` seals for the one or the
other.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import segno
from markupsafe import Markup
from pyotp.totp import TOTP

from stoa.identity.model import Operator, Person
from stoa.tenancy.work import Work
from stoa.vault.keys import MasterKey

STEP_S: Final = 30
DIGITS: Final = 6
CODES: Final = 10
_SECRET_BYTES: Final = 20
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing one can misread
_CODE_LETTERS: Final = 10

Login = Person | Operator


@dataclass(frozen=True, slots=True)
class Keeper:
    """Seals, opens and derives for one row."""

    seal: Callable[[str], bytes]
    unseal: Callable[[bytes], str]
    mac: Callable[[str, str], str]


def keeper(work: Work, person: UUID) -> Keeper:
    keys = work.keys
    return Keeper(
        lambda text: keys.seal("person.totp", person, text.encode()),
        lambda sealed: keys.unseal("person.totp", person, sealed).decode(),
        lambda purpose, text: keys.mac(purpose, f"{person}|{text}"),
    )


def operator_keeper(master: MasterKey, operator: UUID) -> Keeper:
    place = f"operator.totp|{operator}"
    return Keeper(
        lambda text: master.seal(place, text.encode()),
        lambda sealed: master.unseal(place, sealed).decode(),
        lambda purpose, text: hmac.digest(
            master.raw, f"{purpose}|{operator}|{text}".encode(), "sha256"
        ).hex(),
    )


def has(login: Login) -> bool:
    """An app or a passkey: whatever is asked of people with a second factor is asked of them."""
    return has_app(login) or login.passkeys > 0


def has_app(login: Login) -> bool:
    return login.totp_confirmed_at is not None and login.totp_sealed is not None


def offered(keep: Keeper, login: Login, session: UUID) -> str:
    """The secret to enrol with, the same at every look at the page and stored nowhere until a code
    of it was shown. Another session, or another enrolment, gets another.
    """
    confirmed = login.totp_confirmed_at.timestamp() if login.totp_confirmed_at else 0
    derived = keep.mac("totp-offer", f"{session}|{confirmed}")
    return b32encode(bytes.fromhex(derived)[:_SECRET_BYTES]).decode()


def address(secret: str, *, issuer: str, account: str) -> str:
    """The `otpauth:` address an app reads from the picture."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture(text: str) -> Markup:
    """A QR code as inline SVG, dark on white in either mode so that every camera reads it."""
    drawn: str = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=3, dark="#000", light="#fff", omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - made here, from numbers only


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step a code belongs to: this one, the last or the next. None when it fits none."""
    said = "".join(code.split())
    if len(said) != DIGITS or not said.isascii() or not said.isdigit():
        return None
    totp = TOTP(secret)
    here = int(now.timestamp()) // STEP_S
    found: int | None = None
    for step in (here - 1, here, here + 1):
        if hmac.compare_digest(totp.at(step * STEP_S), said):
            found = step
    return found


def right(keep: Keeper, login: Login, code: str, now: datetime) -> bool:
    """Whether the app's code is right and was not used before. The row must be locked."""
    if login.totp_sealed is None or login.totp_confirmed_at is None:
        return False
    step = matching_step(keep.unseal(login.totp_sealed), code, now)
    if step is None or step <= (login.totp_last_step or 0):
        return False
    login.totp_last_step = step
    return True


def recovered(login: Login, code: str) -> bool:
    """Whether this is one of the recovery codes; it is gone with that. The row must be locked."""
    wanted = _hash(code)
    left = [one for one in login.recovery_hashes if not hmac.compare_digest(one, wanted)]
    if len(left) == len(login.recovery_hashes):
        return False
    login.recovery_hashes = left
    return True


def enrol(keep: Keeper, login: Login, secret: str, code: str, now: datetime) -> list[str] | None:
    """Take the secret if the code is of it; returns new recovery codes, shown once."""
    step = matching_step(secret, code, now)
    if step is None:
        return None
    login.totp_sealed = keep.seal(secret)
    login.totp_confirmed_at = now
    login.totp_last_step = step
    return new_codes(login)


def new_codes(login: Login) -> list[str]:
    """Ten fresh recovery codes; the earlier ones are void. Only their hashes stay."""
    codes = [_code() for _ in range(CODES)]
    login.recovery_hashes = [_hash(code) for code in codes]
    return codes


def forget(login: Login) -> None:
    """App and recovery codes; `passkeys.forget_all` takes the passkeys with them."""
    login.totp_sealed = login.totp_confirmed_at = login.totp_last_step = None
    login.recovery_hashes = []


def _code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LETTERS))
    return f"{letters[:5]}-{letters[5:]}"


def _hash(code: str) -> bytes:
    """49 bits of chance per code and a pause after five tries: a plain hash is enough."""
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(plain.encode()).digest()


def offer(
    keep: Keeper, login: Login, session: UUID, *, issuer: str, account: str
) -> dict[str, Any]:
    """What an enrolment page shows."""
    secret = offered(keep, login, session)
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {
        "secret": spaced,
        "picture": picture(address(secret, issuer=issuer, account=account)),
        "address": address(secret, issuer=issuer, account=account),
    }
