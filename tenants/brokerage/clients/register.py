"""Joining, one question a page; answers stay in the visitor's own browser until the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import clients, draft, rules, verification
from brokerage.clients.draft import Draft
from brokerage.clients.settings import ClientSettings
from brokerage.clients.visitor import note_touch, reads
from stoa.identity import passwords, people
from stoa.identity.model import Person
from stoa.identity.settings import IdentitySettings
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Invalid, ManyInvalid, NotFound, TooMany, Unavailable
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.theming.texts import N_
from stoa.web import access, forms, limits
from stoa.web.open import recognise
from stoa.web.pages import go, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

OPEN_TO_ALL: Final = "joining is open to everyone"
_JOINERS_AN_HOUR: Final = 40


class Country(msgspec.Struct):
    country: Annotated[str, Meta(min_length=2, max_length=2)]


class Name(msgspec.Struct):
    first_name: Annotated[str, Meta(max_length=80)]
    last_name: Annotated[str, Meta(max_length=80)]


class Email(msgspec.Struct):
    email: Annotated[str, Meta(max_length=254)]


class Phone(msgspec.Struct):
    phone: Annotated[str, Meta(max_length=40)]


class BirthDate(msgspec.Struct):
    birth_date: date


class Password(msgspec.Struct):
    password: Annotated[str, Meta(max_length=200)]
    accept: bool
    versions: Annotated[str, Meta(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Step:
    """One question: its place in the address, its short name, and what is filled once answered."""

    key: str
    label: str
    fills: str


COUNTRY = Step("country", N_("Country"), "country")
NAME = Step("name", N_("Name"), "first_name")
EMAIL = Step("email", N_("E-mail"), "email")
PHONE = Step("phone", N_("Telephone"), "phone")
BIRTH_DATE = Step("birth-date", N_("Date of birth"), "birth_date")
PASSWORD = Step("password", N_("Password"), "")


def steps(settings: ClientSettings) -> Sequence[Step]:
    """The questions this tenant asks, in their order."""
    asked = [COUNTRY, NAME, EMAIL]
    if "phone" in settings.fields:
        asked.append(PHONE)
    if "birth_date" in settings.fields:
        asked.append(BIRTH_DATE)
    return [*asked, PASSWORD]


def _next(asked: Sequence[Step], kept: Draft) -> Step:
    """The first question without an answer."""
    return next(step for step in asked if not step.fills or not getattr(kept, step.fills))


@get("/register", access=access.public(OPEN_TO_ALL))
async def begin(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    if await recognise(request, work, "room"):
        return go(request, "/")
    await note_touch(request, work, None)
    settings = _open(work)
    kept = draft.read(request, work)
    if kept.waiting:
        return go(request, "/register/check")
    return go(request, f"/register/{_next(steps(settings), kept).key}")


def _open(work: Work) -> ClientSettings:
    settings = work.settings(ClientSettings)
    if not settings.open:
        raise Unavailable("We take no new clients at the moment. Please come back later.")
    return settings


@get("/register/{step:str}", access=access.public(OPEN_TO_ALL))
async def question(
    request: AnyRequest, work: NamedDependency[Work], step: FromPath[str]
) -> Response[Any]:
    """One question; earlier ones that have no answer yet come first."""
    settings = _open(work)
    asked = steps(settings)
    kept = draft.read(request, work)
    wanted = next((one for one in asked if one.key == step), None)
    if wanted is None:
        raise NotFound
    first = _next(asked, kept)
    if asked.index(wanted) > asked.index(first):
        return go(request, f"/register/{first.key}")
    return _question(request, work, asked, wanted, kept)


def _question(
    request: AnyRequest, work: Work, asked: Sequence[Step], step: Step, kept: Draft
) -> Response[str]:
    at = asked.index(step)
    settings = work.settings(ClientSettings)
    language = reads(request, work)
    return page(
        request,
        work,
        "room/clients/register.html",
        audience="auth",
        step=step.key,
        steps=[one.label for one in asked],
        at=at,
        back=f"/register/{asked[at - 1].key}" if at else "",
        kept=kept,
        served=_served(settings),
        documents=[
            {"code": one.code, "title": one.in_language(language).title}
            for one in settings.documents
        ],
        versions=_versions(settings),
        password_length=work.settings(IdentitySettings).password_length,
    )


def _served(settings: ClientSettings) -> frozenset[str]:
    return rules.COUNTRIES - frozenset(settings.blocked_countries)


def _versions(settings: ClientSettings) -> str:
    return " ".join(f"{code}={version}" for code, version in settings.versions().items())


@post("/register/{step:str}", access=access.public(OPEN_TO_ALL))
async def answer(
    request: AnyRequest, work: NamedDependency[Work], step: FromPath[str]
) -> Response[Any]:
    """Check one answer, keep it in the browser, ask the next; the last one joins."""
    settings = _open(work)
    asked = steps(settings)
    kept = draft.read(request, work)
    if step == PASSWORD.key:
        return await _join(request, work, asked, kept)
    if not any(one.key == step for one in asked):
        raise NotFound
    await _take(request, work, step, kept)
    kept.waiting = ""
    draft.write(request, work, kept)
    at = next(n for n, one in enumerate(asked) if one.key == step)
    return go(request, f"/register/{asked[at + 1].key}")


async def _take(request: AnyRequest, work: Work, step: str, kept: Draft) -> None:
    """Into the draft what passes the same rules as the joining itself. Raises Invalid."""
    settings = work.settings(ClientSettings)
    match step:
        case COUNTRY.key:
            told = await forms.read(request, Country)
            kept.country = rules.country(told.country, settings.blocked_countries)
        case NAME.key:
            named = await forms.read(request, Name)
            kept.first_name = rules.name(named.first_name, "first_name")
            kept.last_name = rules.name(named.last_name, "last_name")
        case EMAIL.key:
            wrote = await forms.read(request, Email)
            kept.email = rules.email(wrote.email, settings.disposable_domains)
        case PHONE.key:
            rang = await forms.read(request, Phone)
            kept.phone = rules.phone(rang.phone, kept.country)
        case _:
            born = await forms.read(request, BirthDate)
            kept.birth_date = rules.birth_date(born.birth_date, work.now.date()).isoformat()


async def _join(
    request: AnyRequest, work: Work, asked: Sequence[Step], kept: Draft
) -> Response[Any]:
    """Make the client, or write to the one who has this address already: the answer is one."""
    first = _next(asked, kept)
    if first is not PASSWORD:
        return go(request, f"/register/{first.key}")
    form = await forms.read(request, Password)
    _fit(work, form, kept)
    seen, state = visit(request), request.app.state.stoa
    joiners = f"register:{seen.ip}"
    await limits.spend(state.redis, work.tenant.id, joiners, most=_JOINERS_AN_HOUR, per_s=3600)
    known = await people.by_email(work, "client", kept.email)
    if known is None:
        kept.waiting = str(await _new(request, work, form, kept))
    else:
        await passwords.hashed(form.password)  # As long as the joining itself takes.
        kept.waiting = str(uuid7())
        await _tell_holder(request, work, known)
    draft.write(request, work, kept)
    return go(request, "/register/check")


def _fit(work: Work, form: Password, kept: Draft) -> None:
    """Password and agreement, both faults told together. Raises ManyInvalid."""
    problems: list[Invalid] = []
    try:
        passwords.check(
            form.password,
            shortest=work.settings(IdentitySettings).password_length,
            avoid=[work.settings(Brand).name, kept.email, f"{kept.first_name} {kept.last_name}"],
        )
    except Invalid as why:
        problems.append(why)
    if not form.accept:
        problems.append(
            Invalid("Please read and accept the agreements to go on.", code="terms", field="accept")
        )
    if problems:
        raise ManyInvalid(problems)


async def _new(request: AnyRequest, work: Work, form: Password, kept: Draft) -> UUID:
    row = await clients.register(
        work,
        email=kept.email,
        first_name=kept.first_name,
        last_name=kept.last_name,
        country=kept.country,
        language=reads(request, work),
        password=form.password,
        accepted=dict(part.split("=", 1) for part in form.versions.split() if "=" in part),
        phone=kept.phone or None,
        birth_date=date.fromisoformat(kept.birth_date) if kept.birth_date else None,
        touch=draft.touched(request),
    )
    await verification.send(work, row.id)
    return row.id


async def _tell_holder(request: AnyRequest, work: Work, known: Person) -> None:
    """Whoever has the address learns of the attempt, by mail and not too often."""
    redis = request.app.state.stoa.redis
    try:
        await limits.spend(redis, work.tenant.id, f"taken:{known.id}", most=1, per_s=3600)
    except TooMany:
        return
    await notices.mail(work, known.id, "already_registered", link="/sign-in")


WEB: Final = [begin, question, answer]
