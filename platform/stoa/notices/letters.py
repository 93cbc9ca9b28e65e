"""From a queued message to a letter in the person's language and the tenant's brand."""

import html
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from stoa.identity.model import Person, Standing
from stoa.kernel.config import Config
from stoa.kernel.refusals import Conflict, Refusal
from stoa.notices import keeping, unsubscribing
from stoa.notices.model import Message, MessageState
from stoa.notices.notices import LINK, TO
from stoa.notices.plain import one_line, plain
from stoa.notices.settings import NoticeSettings, Smtp
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.theming.look import Look
from stoa.theming.render import exists, render
from stoa.vault import credentials

CLAIM: Final = timedelta(seconds=50)
MOST_TRIES: Final = 10
_TITLE: Final = re.compile(r"<title>(.*?)</title>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sent:
    """`id` is the server's word for it; without one the letter is not out, `final` never will be."""

    id: str | None
    trouble: str = ""
    final: bool = False
    raw: bytes = field(default=b"", repr=False)
    """The very bytes that went."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Ready to be sent; holds what is personal, so it lives only for the length of the call."""

    id: str
    to_name: str
    to_address: str
    sender_name: str
    sender_address: str
    reply_to: str
    subject: str
    text: str
    markup: str
    host: str
    unsubscribe: str
    smtp: Smtp
    smtp_password: str
    secrets: tuple[str, ...]
    """What in it opens something, and is not kept."""

    def __repr__(self) -> str:
        return f"Letter({self.id})"


async def claim(work: Work, message: Any, config: Config) -> Letter | None:
    """The letter, if it is still to be sent and nobody else is at it. Counts a try.

    A letter that cannot be written at all ends as failed, with the reason, and nobody retries it.
    """
    row = await work.lock(Message, message)
    if row.state != MessageState.QUEUED:
        return None
    if row.claimed_until is not None and row.claimed_until > work.now:
        raise Conflict("Another worker sends this letter.")
    row.tries += 1
    row.claimed_until = work.now + CLAIM
    try:
        return await compose(work, row, config)
    except (Refusal, LookupError, ValueError) as why:
        row.move(MessageState.FAILED)
        row.error = f"{type(why).__name__}: {why}"[:300]
        work.announce("desk|messages")
        return None


async def compose(work: Work, row: Message, config: Config) -> Letter:
    """Raises LookupError for an unknown template, Conflict where nobody may be written to."""
    name, to = await _reader(work, row)
    settings, brand = work.settings(NoticeSettings), work.settings(Brand)
    host = work.tenant.host
    unsubscribe = ""
    if row.campaign is not None:
        unsubscribe = config.url(host, unsubscribing.path(work, row.id))
    link = work.unseal(row.id, LINK, row.link_sealed)
    address = config.url(host, link) if link else ""
    markup = written(
        work,
        row,
        config,
        name=name,
        link=address,
        unsubscribe=unsubscribe,
    )
    title = _TITLE.search(markup)
    secret = ""
    if settings.smtp.on and settings.smtp.user:
        secret = await credentials.read(work, settings.smtp.secret)
    return Letter(
        id=f"{row.id}@{host}",
        to_name=one_line(name),
        to_address=to,
        sender_name=one_line(settings.sender_name or brand.name),
        sender_address=settings.sender_address or f"no-reply@{host}",
        reply_to=settings.reply_to or brand.support_email,
        subject=one_line(html.unescape(title.group(1))) if title else brand.name,
        text=plain(markup),
        markup=markup,
        host=host,
        unsubscribe=unsubscribe,
        smtp=settings.smtp,
        smtp_password=secret,
        secrets=keeping.secrets_of(link or "", address, unsubscribe),
    )


def written(
    work: Work, row: Message, config: Config, *, name: str, link: str, unsubscribe: str
) -> str:
    """The letter's markup. Raises LookupError for an unknown template."""
    template = f"mail/{row.template}.html"
    if not exists(work.settings(Brand).theme, template):
        raise LookupError(f"no template {template}")
    return render(
        look_of(work, config, row.locale),
        template,
        name=name,
        link=link,
        home=config.url(work.tenant.host),
        unsubscribe=unsubscribe,
        postal_address=work.settings(NoticeSettings).postal_address,
        **read_params(row.params),
    )


async def _reader(work: Work, row: Message) -> tuple[str, str]:
    """Name and address, opened for this letter alone."""
    if row.person is None:
        return "", work.unseal(row.id, TO, row.to_sealed) or ""
    person = await work.get(Person, row.person)
    if person.state == Standing.DISABLED:
        raise Conflict("This person is disabled.")
    if row.campaign is not None and person.campaigns_off_at is not None:
        raise Conflict("This person wants no campaigns.")
    name = work.unseal(person.id, "person.name", person.name_sealed) or ""
    return name, work.unseal(person.id, "person.email", person.email_sealed) or ""


def look_of(work: Work, config: Config, locale: str) -> Look:
    """How a letter or a document of this tenant looks."""
    facts = work.settings(TenantFacts)
    legal = [facts.legal_entity] if facts.legal_entity else []
    return Look(
        brand=work.settings(Brand),
        locale=locale,
        time_zone=facts.time_zone,
        audience="mail",
        legal=legal,
        base_url=config.url(work.tenant.host, ""),
        now=work.now,
    )


def read_params(params: dict[str, Any]) -> dict[str, Any]:
    """`amount` and `..._amount` are Decimals again, `..._at` moments; the rest is text."""
    read: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, str) and (key == "amount" or key.endswith("_amount")):
            read[key] = Decimal(value)
        elif isinstance(value, str) and key.endswith("_at"):
            read[key] = datetime.fromisoformat(value)
        else:
            read[key] = value
    return read


async def conclude(work: Work, message: Any, letter: Letter, outcome: Sent) -> None:
    """Write down how it ended. What opened something is forgotten once the letter is out; the rest
    of it is kept.
    """
    row = await work.lock(Message, message)
    row.claimed_until = None
    if row.state != MessageState.QUEUED:
        return
    if outcome.id is not None:
        row.move(MessageState.SENT)
        row.sent_at, row.provider_id, row.error = work.now, outcome.id[:200], None
        row.link_sealed = None
        keeping.keep(work, row, outcome.raw, letter.secrets)
    else:
        row.error = outcome.trouble[:300]
        if outcome.final or row.tries >= MOST_TRIES:
            row.move(MessageState.FAILED)
    work.announce("desk|messages")
