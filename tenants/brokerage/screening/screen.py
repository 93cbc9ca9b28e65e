"""Screen a subject against lists, a book against what changed in them, and a past answer again."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from brokerage.screening import match, names
from brokerage.screening.entries import Entry, Kind, Listing, changes
from brokerage.screening.index import Index, IndexedName
from brokerage.screening.match import ENGINE, Feature, Subject
from brokerage.screening.names import Folded
from stoa.kernel.refusals import Conflict

Key = TypeVar("Key")

THRESHOLD: Final = 80
MOST_HITS: Final = 25
MOST_NAMES: Final = 12


class Version(msgspec.Struct, frozen=True):
    listing: str
    version: str


class Hit(msgspec.Struct, frozen=True):
    """A listed entry that may be the subject, with the reasons.

    `entry_digest` changes when the list says anything else of the entry: a decision taken about a
    hit holds as long as it and the subject stay the same.
    """

    score: int
    listing: str
    listing_version: str
    ref: str
    entry_digest: str
    kind: Kind
    name: str
    matched_name: str
    searched_name: str
    programmes: tuple[str, ...]
    features: tuple[Feature, ...]
    engine: str = ENGINE

    @property
    def key(self) -> tuple[str, str, str]:
        return self.listing, self.ref, self.entry_digest


class Answer(msgspec.Struct, frozen=True):
    """A screening as it is kept: with all that is needed to come to the same answer again."""

    engine: str
    threshold: int
    lists: tuple[Version, ...]
    subject: Subject
    hits: tuple[Hit, ...]


def answer(subject: Subject, lists: Sequence[Index], *, threshold: int = THRESHOLD) -> Answer:
    """Screen, and keep what it was screened with."""
    return Answer(
        engine=ENGINE,
        threshold=threshold,
        lists=tuple(Version(index.code, index.version) for index in lists),
        subject=subject,
        hits=tuple(screen(subject, lists, threshold=threshold)),
    )


def replay(kept: Answer, lists: Sequence[Index]) -> Answer:
    """The same question to the same lists. Raises Conflict when it cannot be the same."""
    given = {(index.code, index.version): index for index in lists}
    missing = [v for v in kept.lists if (v.listing, v.version) not in given]
    if missing:
        raise Conflict(
            "This screening used {listing} of {version}; load that version to replay it.",
            listing=missing[0].listing,
            version=missing[0].version,
        )
    if kept.engine != ENGINE:
        raise Conflict(
            "This screening was done by {engine}; this is {now}, whose scores may differ.",
            engine=kept.engine,
            now=ENGINE,
        )
    used = [given[v.listing, v.version] for v in kept.lists]
    return answer(kept.subject, used, threshold=kept.threshold)


def changed(old: Listing | None, new: Listing) -> Index:
    """An index of only what a list's new version says differently, to screen a book against."""
    return Index(new.code, new.version, changes(old, new).to_screen)


def rescreen(
    book: Iterable[tuple[Key, Subject]], altered: Index, *, threshold: int = THRESHOLD
) -> Iterator[tuple[Key, list[Hit]]]:
    """Who of the whole book meets a changed entry; people without a hit are not yielded.

    Scores equal those of `screen` over the whole list, since a score knows one entry only.
    """
    for key, subject in book:
        if hits := screen(subject, [altered], threshold=threshold):
            yield key, hits


def screen(subject: Subject, lists: Sequence[Index], *, threshold: int = THRESHOLD) -> list[Hit]:
    """All entries that reach the threshold, the likeliest first, one hit an entry."""
    company = subject.kind is not Kind.PERSON
    wanted = [
        (text, names.fold(variant, company=company))
        for text in subject.names[:MOST_NAMES]
        for variant in names.variants(text)
    ]
    hits = [hit for index in lists for hit in _against(subject, wanted, index, threshold)]
    hits.sort(key=lambda hit: (-hit.score, hit.listing, hit.ref))
    return hits[:MOST_HITS]


def _against(
    subject: Subject, wanted: list[tuple[str, Folded]], index: Index, threshold: int
) -> Iterator[Hit]:
    best: dict[str, Hit] = {}
    for text, folded in wanted:
        if not folded.words:
            continue
        for candidate in index.candidates(folded, subject.kind):
            points = match.name_points(folded, candidate.folded)
            if points + match.MOST_EXTRA < threshold:
                continue
            hit = _hit(subject, text, candidate, points, index)
            if hit.score >= threshold and _beats(hit, best.get(hit.ref)):
                best[hit.ref] = hit
    for paper in subject.documents:
        for entry in index.holders(paper.number):
            held = _holder(subject, wanted, entry, index)
            if held and entry.ref not in best:
                best[entry.ref] = held
    yield from best.values()


def _beats(hit: Hit, other: Hit | None) -> bool:
    return other is None or (hit.score, hit.matched_name) > (other.score, other.matched_name)


def _hit(subject: Subject, text: str, candidate: IndexedName, points: int, index: Index) -> Hit:
    entry = index.entries[candidate.entry]
    found = (
        Feature("name", points, text, candidate.text),
        *match.features(subject, entry, candidate.quality),
    )
    return _made(entry, index, found, text, candidate.text)


def _holder(
    subject: Subject, wanted: list[tuple[str, Folded]], entry: Entry, index: Index
) -> Hit | None:
    """The same paper under another name: still the same person until someone says otherwise."""
    paper = match.same_document(subject, entry)
    if paper is None:
        return None
    text = wanted[0][0] if wanted else ""
    return _made(entry, index, (paper,), text, entry.name)


def _made(entry: Entry, index: Index, found: tuple[Feature, ...], ours: str, theirs: str) -> Hit:
    return Hit(
        score=max(0, min(100, sum(feature.points for feature in found))),
        listing=index.code,
        listing_version=index.version,
        ref=entry.ref,
        entry_digest=entry.digest,
        kind=entry.kind,
        name=entry.name,
        matched_name=theirs,
        searched_name=ours,
        programmes=entry.programmes,
        features=found,
    )
