"""The receiving side: SMTP, with the switches that make it refuse, stall or cut."""

import asyncio
import functools
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

if TYPE_CHECKING:
    from sandbox.mail.web import Mail

LARGEST = 25 * 1024 * 1024


class Receiver:
    """What aiosmtpd asks for each message."""

    def __init__(self, mail: "Mail") -> None:
        self._mail = mail

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message; the answer says so only once it is on disk."""
        del session
        strike = functools.partial(self._mail.faults.strike, on="data")
        if (slow := strike("slow_s")) is not None:
            await asyncio.sleep(slow.seconds)
        if strike("connection_reset"):
            return _cut(server)
        if (held := strike("timeout_before_apply")) is not None:
            await asyncio.sleep(held.seconds)
            return _cut(server)
        if strike("decline_technical"):
            return "451 4.3.0 Not at the moment; try again later"
        if strike("decline_hard"):
            return "550 5.7.1 This message is not accepted"
        row = await self._keep(envelope)
        if strike("connection_reset_after_apply"):
            return _cut(server)
        if (held := strike("timeout_after_apply")) is not None:
            await asyncio.sleep(held.seconds)
            return _cut(server)
        return f"250 2.0.0 Kept as {row}"

    async def _keep(self, envelope: Envelope) -> str:
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        file = await asyncio.to_thread(self._mail.mailbox.keep_file, raw)
        sender, to = envelope.mail_from or "", [str(one) for one in envelope.rcpt_tos]
        row = self._mail.mailbox.add(file, raw, sender, to, self._mail.clock.now())
        await self._mail.journal.settled()
        self._mail.arrived()
        return str(row["id"])


def _cut(server: SMTP) -> str:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    return "421 4.3.0 Closing"


def _welcome(*_: object) -> AuthResult:
    """Any name and password will do: this is nobody's real mailbox."""
    return AuthResult(success=True)


async def listen(mail: "Mail", host: str, port: int) -> tuple[asyncio.Server, int]:
    receiver = Receiver(mail)

    def talk() -> SMTP:
        return SMTP(
            receiver,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="mail.sandbox",
            ident="Mail catcher",
            auth_require_tls=False,
            authenticator=_welcome,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(talk, host, port)
    return server, int(server.sockets[0].getsockname()[1])
