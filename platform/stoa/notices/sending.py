"""Over the wire: one letter to one mail server, and what came of it."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from stoa.connectors.egress import Gate
from stoa.connectors.trouble import Blocked, Unreachable
from stoa.kernel.config import Config
from stoa.notices.letters import Letter, Sent

_TIMEOUT_S: Final = 15.0
_PERMANENT: Final = 500
_AUTHENTICATION: Final = frozenset({530, 534, 535, 538})

log = structlog.get_logger("stoa.mail")


@dataclass(frozen=True, slots=True)
class Place:
    """A mail server. `checked`: chosen by a tenant, so it must not lie inside our own network."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    security: str = "offered"
    checked: bool = True


def place_of(config: Config, letter: Letter) -> Place | None:
    """The tenant's own server, else the installation's; None where there is neither."""
    if letter.smtp.on:
        return Place(
            letter.smtp.host,
            letter.smtp.port,
            letter.smtp.user,
            letter.smtp_password,
            letter.smtp.security,
        )
    if not config.smtp_url:
        return None
    parts = urlsplit(config.smtp_url)
    security = "tls" if parts.scheme == "smtps" else "starttls" if parts.password else "offered"
    return Place(
        parts.hostname or "",
        parts.port or (465 if security == "tls" else 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        security,
        checked=False,
    )


def written(letter: Letter) -> EmailMessage:
    """The message with its headers; everything a person typed is one line and encoded."""
    mail = EmailMessage(policy=WIRE)
    mail["From"] = Address(letter.sender_name, addr_spec=letter.sender_address)
    mail["To"] = Address(letter.to_name, addr_spec=_wired(letter.to_address))
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    # The same at every try, so that a mailbox that got it twice can tell.
    mail["Message-ID"] = f"<{letter.id}>"
    if letter.reply_to:
        mail["Reply-To"] = letter.reply_to
    if letter.unsubscribe:
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail["Precedence"] = "bulk"
    else:
        mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.markup, subtype="html", cte="quoted-printable")
    return mail


def _wired(address: str) -> str:
    """The address with its domain as mail servers know it (RFC 5891): xn--… for other scripts."""
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode('ascii')}"


async def send(config: Config, letter: Letter) -> Sent:
    """Try once. What the server refuses for good is final; what may pass later is not."""
    place = place_of(config, letter)
    if place is None:
        return Sent(None, "no mail server is set")
    try:
        message = written(letter)
    except (ValueError, LookupError) as why:
        return Sent(None, f"cannot be written: {type(why).__name__}", final=True)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await _deliver(place, letter, message, Gate(tuple(config.services.values())))
    except Blocked:
        return Sent(None, "the mail server's address is not one we may call", final=True)
    except (Unreachable, OSError, TimeoutError, aiosmtplib.SMTPException) as why:
        return _trouble(why)


async def _deliver(place: Place, letter: Letter, message: EmailMessage, gate: Gate) -> Sent:
    client = _Line(
        hostname=place.host,
        sock=await _connected(place, gate),
        username=place.user or None,
        password=place.password or None,
        # The machine's own name is nobody's business; the tenant's host speaks for itself.
        local_hostname=letter.host,
        use_tls=place.security == "tls",
        start_tls={"starttls": True, "tls": False}.get(place.security),
        timeout=_TIMEOUT_S,
    )
    async with client:
        _, answer = await client.send_message(message)
    return Sent(f"{answer}" or "accepted", raw=client.said)


class _Line(aiosmtplib.SMTP):
    """Remembers the bytes it sent: how a message is written depends on what the server can read."""

    said: bytes = b""

    async def sendmail(self, sender: Any, recipients: Any, message: Any, /, **options: Any) -> Any:
        self.said = message if isinstance(message, bytes) else str(message).encode("ascii")
        return await super().sendmail(sender, recipients, self.said, **options)


async def _connected(place: Place, gate: Gate) -> socket.socket:
    """A socket to a number that was checked, unless the operator chose the server."""
    if place.checked:
        numbers = await gate.numbers(place.host, place.port)
    else:
        found = await asyncio.get_running_loop().getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM
        )
        numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    trouble: OSError | None = None
    for number in numbers:
        family = socket.AF_INET6 if ipaddress.ip_address(number).version == 6 else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, (number, place.port))
        except OSError as why:
            made.close()
            trouble = why
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise Unreachable("The mail server cannot be reached.") from trouble


def _trouble(why: Exception) -> Sent:
    """What the server said, without the address it said it about."""
    if isinstance(why, aiosmtplib.SMTPRecipientsRefused):
        codes = [one.code for one in why.recipients]
        final = all(code >= _PERMANENT for code in codes)
        return Sent(None, f"the address was refused: {codes}", final=final)
    if isinstance(why, aiosmtplib.SMTPResponseException):
        # A wrong password is ours to mend, and then the letter goes out.
        final = why.code >= _PERMANENT and why.code not in _AUTHENTICATION
        return Sent(None, f"{type(why).__name__}: {why.code}", final=final)
    return Sent(None, type(why).__name__)
