"""Tell people something: a letter, queued with the change it is about, or a line in the product."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update

from stoa.identity.model import Person
from stoa.notices.events import MailQueued
from stoa.notices.model import Message, MessageState, Notice
from stoa.tenancy.work import Work

LINK: Final = "message.link"
TO: Final = "message.to"

Param = str | int | UUID | Decimal | datetime | None


async def mail(
    work: Work,
    person: UUID,
    template: str,
    *,
    link: str | None = None,
    about: UUID | None = None,
    campaign: UUID | None = None,
    **params: Param,
) -> UUID:
    """Queue a letter to a person in the same transaction; a reaction sends it after the commit.

    `template` names `mail/<template>.html`; it gets `name`, `link` (absolute), and the params as
    text, but `amount` and `..._amount` as Decimals (for `|money(currency)`) and `..._at` as moments.
    Never a name, an address, or a link with a token among them: that goes into `link` (a path at
    the tenant's own host), sealed and forgotten once it is sent. `campaign` makes it a letter one
    can unsubscribe from.
    """
    row = await work.get(Person, person)
    message = _new(work, template, row.locale, params, about=about, campaign=campaign)
    message.person = row.id
    return _queue(work, message, link)


async def mail_to(
    work: Work,
    email: str,
    template: str,
    *,
    locale: str = "en",
    link: str | None = None,
    about: UUID | None = None,
    campaign: UUID | None = None,
    **params: Param,
) -> UUID:
    """A letter to someone who is no person here, such as a lead. The address is kept sealed."""
    message = _new(work, template, locale, params, about=about, campaign=campaign)
    message.to_sealed = work.seal(message.id, TO, email)
    return _queue(work, message, link)


def _new(
    work: Work,
    template: str,
    locale: str,
    params: dict[str, Param],
    *,
    about: UUID | None,
    campaign: UUID | None,
) -> Message:
    return Message(
        id=work.new_id(),
        template=template,
        params={key: _plain(value) for key, value in params.items()},
        locale=locale,
        campaign=campaign,
        about=about,
        state="queued",
        tries=0,
        queued_at=work.now,
        queued_by=work.actor.id,
    )


def _queue(work: Work, message: Message, link: str | None) -> UUID:
    message.link_sealed = work.seal(message.id, LINK, link)
    # Written with the unit: letters to many people are one statement.
    work.add(message)
    work.tell(MailQueued(message=message.id))
    work.announce("desk|messages")
    return message.id


def _plain(value: Param) -> str | int | None:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


async def tell(
    work: Work,
    person: UUID,
    title: str,
    body: str = "",
    path: str | None = None,
    **params: Param,
) -> UUID:
    """Leave a line for a person: `title` and `body` are message ids with `{name}` places."""
    line = _line(work, person, title, body, path, params)
    work.add(line)
    return line.id


async def tell_all(
    work: Work,
    people: Sequence[UUID],
    title: str,
    *,
    path: str | None = None,
    adding: str | None = None,
    **params: Param,
) -> None:
    """The same line for each of several people.

    `adding` names a number among the params: who has not read the last line of this title and path
    gets no second one, the number of theirs grows.
    """
    to = list(dict.fromkeys(people))
    if adding is not None and to:
        known = await work.run(
            update(Notice)
            .where(
                Notice.person.in_(to),
                Notice.read_at.is_(None),
                Notice.title == title,
                Notice.path == path,
            )
            .values(
                told_at=work.now,
                params=func.jsonb_set(
                    Notice.params,
                    [adding],
                    func.to_jsonb(Notice.params[adding].as_integer() + params[adding]),
                ),
            )
            .returning(Notice.person)
            .execution_options(synchronize_session=False)
        )
        told = set(known.scalars())
        to = [person for person in to if person not in told]
        for person in told:
            work.announce(f"person:{person}|notices")
    for person in to:
        work.add(_line(work, person, title, "", path, params))
    await work.flush()


def _line(
    work: Work, person: UUID, title: str, body: str, path: str | None, params: Mapping[str, Param]
) -> Notice:
    work.announce(f"person:{person}|notices", f"client:{person}|notices")
    return Notice(
        id=work.new_id(),
        person=person,
        title=title,
        body=body,
        params={key: _plain(value) for key, value in params.items()},
        path=path,
        told_at=work.now,
    )


async def newest(work: Work, person: UUID, *, most: int = 50) -> Sequence[Notice]:
    return await work.rows(
        select(Notice)
        .where(Notice.person == person)
        .order_by(Notice.told_at.desc(), Notice.id.desc())
        .limit(most)
    )


async def read(work: Work, person: UUID, notice: UUID | None = None) -> None:
    """Mark one as read, or all of them; another person's stays what it is."""
    statement: Any = update(Notice).where(Notice.person == person, Notice.read_at.is_(None))
    if notice is not None:
        statement = statement.where(Notice.id == notice)
    await work.run(statement.values(read_at=work.now))
    work.announce(f"person:{person}|notices", f"client:{person}|notices")


async def send_again(work: Work, message: UUID) -> None:
    """Give a failed letter another go. Raises Conflict for one that was sent or still waits."""
    row = await work.lock(Message, message)
    row.move(MessageState.QUEUED)
    row.tries, row.claimed_until, row.error = 0, None, None
    work.tell(MailQueued(message=row.id))
    work.announce("desk|messages")
