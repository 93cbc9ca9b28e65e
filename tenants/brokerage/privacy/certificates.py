"""What was removed, what was kept and why, who decided and when: numbered, hashed, in the audit log."""

import hashlib
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text

from brokerage.clients.model import Client
from brokerage.privacy import asking, rules
from brokerage.privacy.model import Erasure, ErasureState
from brokerage.privacy.rules import Says
from stoa.identity.model import Person
from stoa.kernel.refusals import NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming import papers, texts, words
from stoa.theming.brand import Brand
from stoa.theming.texts import N_

_LOCK: Final = text("select pg_advisory_xact_lock(hashtext('certificate'), hashtext(:schema))")
FORMS: Final = ("pdf", "json")
REMAINS: Final = (
    N_("The ledger: entries with amounts, times and numbers, under the client number alone."),
    N_(
        "Decisions: that something was checked, approved or refused, when and by which member of "
        "staff, without what was said about the person."
    ),
    N_(
        "The audit log: who did what and when. Personal fields stand in it as hashes of sealed "
        "values, from which nothing can be read. Reasons that staff wrote stay as they were "
        "written, because the chain proves that nothing was altered."
    ),
    N_("The wish itself, legal holds and this certificate, as evidence that it was carried out."),
    N_(
        "Statements of banks and files of providers about whole days, as evidence of the books; "
        "backups, until the last of them has run out."
    ),
    N_(
        "What trading platforms, payment providers and verification providers hold themselves: "
        "they must be asked apart (Regulation (EU) 2016/679, Article 19)."
    ),
)


async def issue(work: Work, row: Erasure) -> None:
    """Give it the next number, write it, and be done. Called once, when no step is left."""
    await work.run(_LOCK, {"schema": work.tenant.schema})
    newest = await work.value(select(func.coalesce(func.max(Erasure.number), 0)))
    number = int(newest) + 1
    told = await _told(work, row, number)
    row.number, row.certificate, row.hash = number, told, hash_of(told)
    row.move(ErasureState.DONE)
    work.record("certificate", number=number, erasure=row.reference, sha256=row.hash)


def hash_of(told: dict[str, Any]) -> str:
    """SHA-256 over the certificate as JSON with sorted keys and no spaces, UTF-8."""
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


async def _told(work: Work, row: Erasure, number: int) -> dict[str, Any]:
    client = await work.get(Client, row.client)
    found = asking.verdicts_of(row)
    who = [one for one in (row.proposed_by, row.decided_by) if one]
    people = await work.table(select(Person.id, Person.name_sealed).where(Person.id.in_(who)))
    named = {one.id: work.unseal(one.id, "person.name", one.name_sealed) for one in people}
    return {
        "number": number,
        "request": row.reference,
        "client": client.reference,
        "entity": work.settings(TenantFacts).legal_entity,
        "cause": row.cause,
        "asked_at": _at(row.asked_at),
        "proposed_at": _at(row.proposed_at),
        "proposed_by": named.get(row.proposed_by) if row.proposed_by else None,
        "decided_at": _at(row.decided_at),
        "decided_by": named.get(row.decided_by) if row.decided_by else None,
        "done_at": _at(row.done_at),
        "removed": [
            {"what": name, **{key: one[key] for key in ("category", "count", "digest")}}
            for name, one in sorted(row.gone.items())
        ],
        "emptied": rules.going(found),
        "kept": [
            {
                "category": one.category,
                "because": one.because,
                "law": rules.LAWS[one.category],
                "until": _at(one.until),
            }
            for one in found
            if one.says != Says.GOES
        ],
        "remains": list(REMAINS),
    }


def _at(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


async def of(work: Work, erasure: UUID) -> Erasure:
    """One that is done. Raises NotFound."""
    row = await work.get(Erasure, erasure)
    if row.certificate is None:
        raise NotFound
    return row


def as_json(row: Erasure) -> bytes:
    """The certificate and its hash, for machines."""
    told = {"certificate": row.certificate, "sha256": row.hash}
    return msgspec.json.format(msgspec.json.encode(told, order="sorted"), indent=2)


async def as_pdf(work: Work, row: Erasure, language: str) -> bytes:
    """The same on paper, in the reader's language; equal data give equal bytes."""
    told = row.certificate or {}
    say = texts.of(language).gettext
    brand = work.settings(Brand)

    def kind(code: str) -> str:
        return say(words.label(f"personal {code}"))

    return await papers.pdf(
        "erasure",
        {
            "brand": brand.name,
            "accent": brand.accent,
            "entity": told["entity"],
            "lang": language,
            "rtl": language == "ar",
            "number": f"{told['number']}",
            "facts": [
                [say(N_("Number")), f"{told['number']} · {told['request']}"],
                [say(N_("Client number")), told["client"]],
                [say(N_("Why")), say(words.label(f"erasure for {told['cause']}"))],
                [say(N_("Asked")), _day(told["asked_at"])],
                [say(N_("Proposed by")), told["proposed_by"] or say(N_("the rules"))],
                [say(N_("Agreed to by")), told["decided_by"] or "–"],
                [say(N_("Done")), _day(told["done_at"])],
            ],
            "removed": [
                [kind(one["category"]), one["what"], str(one["count"]), one["digest"][:16]]
                for one in told["removed"]
                if one["count"]
            ],
            "kept": [
                [
                    kind(one["category"]),
                    f"{say(rules.SENTENCES[one['because']])} {say(one['law'])}",
                    _day(one["until"])[:10],
                ]
                for one in told["kept"]
                if one["because"] != rules.Because.GONE
            ],
            "remains": [say(one) for one in told["remains"]],
            "hash": row.hash,
            "words": {
                "title": say(N_("Certificate of erasure")),
                "removed": say(N_("What was removed")),
                "kept": say(N_("What is kept, why and until when")),
                "remains": say(N_("What stays for good")),
                "what": say(N_("What")),
                "where": say(N_("Where")),
                "rows": say(N_("Rows")),
                "digest": say(N_("Digest")),
                "why": say(N_("Why")),
                "until": say(N_("Until")),
                "none": say(N_("Nothing.")),
                "hash": say(N_("SHA-256 of this certificate as a file for machines")),
                "page": say(N_("Page")),
            },
        },
    )


def _day(moment: str | None) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC" if moment else "–"
