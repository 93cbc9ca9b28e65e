"""A mail server of the test's own: takes what comes, or refuses as told, and keeps it all."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class PostOffice:
    place: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """The bytes of each, as they came."""
    recipients: list[str] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    answer: str = ""
    """What to say instead of taking a letter, such as `451 later`."""

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.letters if address in str(mail["To"])]

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self.answer:
            return self.answer
        self.greeted.append(session.host_name)
        self.recipients += envelope.rcpt_tos
        self.raw.append(envelope.content)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK taken as 42"


@asynccontextmanager
async def post_office() -> AsyncGenerator[PostOffice]:
    here = PostOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(here, enable_SMTPUTF8=True, loop=loop, ident="test"), "127.0.0.1", 0
    )
    here.place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        server.close()
        await server.wait_closed()
