"""A letter as its reader got it, for staff: the same words and look, and nothing in it to press.

One that went is read from what was kept of it; one on its way, or of which nothing is kept any more,
is drawn from its facts. What proves who somebody is (a sign-in, a password or an unsubscribe link) is not in it: the sealed
link of a letter on its way is not opened, and no address of any kind is left in the markup.
"""

import re
from typing import Final

from stoa.identity.model import Person
from stoa.kernel.config import Config
from stoa.notices import keeping
from stoa.notices.letters import written
from stoa.notices.model import Message
from stoa.tenancy.work import Work

_TAG: Final = re.compile(r"<[a-zA-Z][^>]*>")
_ADDRESS: Final = re.compile(
    r"""\s(?:href|action|formaction|ping)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)"""
)
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)
"""For the frame a letter is shown in: no script, no form, no way out, whatever stands in it."""


async def shown(work: Work, row: Message, config: Config) -> str:
    """The letter's markup as it was sent, or with today's brand where that is not kept; its links dead.

    Raises:
        LookupError: its template is no longer there.
    """
    sent = keeping.kept(work, row)
    if sent is not None:
        part = sent.mail.get_body(("html", "plain"))
        return _dead(part.get_content()) if part is not None else ""
    name = ""
    if row.person is not None:
        person = await work.get(Person, row.person)
        name = work.unseal(person.id, "person.name", person.name_sealed) or ""
    # A link stands where one was, so that the letter keeps its buttons; its address goes with the rest.
    markup = written(work, row, config, name=name, link="#", unsubscribe="#")
    return _dead(markup)


def _dead(markup: str) -> str:
    return _TAG.sub(lambda tag: _ADDRESS.sub("", tag[0]), markup)
