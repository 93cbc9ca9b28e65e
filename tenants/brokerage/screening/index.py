"""Candidates for a name out of a list, found by letter triples in memory.

Built once for each list version (about 20,000 names in a second and 25 MB); nothing in it changes
afterwards, so threads may share it.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from brokerage.screening import names
from brokerage.screening.entries import Entry, Kind, Listing, Quality
from brokerage.screening.match import bare_number
from brokerage.screening.names import Folded

CANDIDATES: Final = 48
LEAST_SHARED: Final = 0.3


class IndexedName(msgspec.Struct, frozen=True):
    entry: int
    text: str
    quality: Quality
    folded: Folded


class Index:
    """The names of one list version, ready to be searched."""

    def __init__(self, code: str, version: str, entries: Iterable[Entry]) -> None:
        self.code = code
        self.version = version
        self.entries = tuple(entries)
        self._people = _Grams()
        self._others = _Grams()
        self._papers: defaultdict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(self.entries):
            self._add(number, entry)

    @classmethod
    def of(cls, listing: Listing) -> "Index":
        return cls(listing.code, listing.version, listing.entries)

    def _add(self, number: int, entry: Entry) -> None:
        company = entry.kind is not Kind.PERSON
        grams = self._others if company else self._people
        for name in entry.names:
            for text in names.variants(name.text):
                folded = names.fold(text, company=company)
                if folded.words:
                    grams.add(IndexedName(number, name.text, name.quality, folded))
        for paper in entry.documents:
            self._papers[bare_number(paper.number)].append(number)

    def candidates(self, folded: Folded, kind: Kind) -> Iterator[IndexedName]:
        """The names nearest by letters, people for a person, the rest for anything else."""
        grams = self._people if kind is Kind.PERSON else self._others
        yield from grams.nearest(folded)

    def holders(self, number: str) -> Iterator[Entry]:
        """Entries that name a document of this number."""
        for entry in self._papers.get(bare_number(number), ()):
            yield self.entries[entry]


class _Grams:
    def __init__(self) -> None:
        self.names: list[IndexedName] = []
        self.sizes: list[int] = []
        self.postings: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, name: IndexedName) -> None:
        place = len(self.names)
        found = grams(name.folded)
        self.names.append(name)
        self.sizes.append(len(found))
        for gram in found:
            self.postings[gram].append(place)

    def nearest(self, folded: Folded) -> Iterator[IndexedName]:
        wanted = grams(folded)
        shared: Counter[int] = Counter()
        for gram in wanted:
            if places := self.postings.get(gram):
                shared.update(places)
        sizes = self.sizes
        size = len(wanted)
        least = max(2, round(size * LEAST_SHARED * 0.5))
        ranked = [
            (2 * count / (size + sizes[place]) + count / min(size, sizes[place]), place)
            for place, count in shared.items()
            if count >= least
        ]
        for _, place in heapq.nlargest(CANDIDATES, ranked):
            yield self.names[place]


def grams(folded: Folded) -> set[str]:
    """Letter triples of each word as it sounds, and its consonants as one piece."""
    found: set[str] = set()
    for word in folded.words:
        padded = f"  {word.sound} "
        found.update(padded[start : start + 3] for start in range(len(padded) - 2))
        if len(word.bones) >= 3:
            found.add(f"={word.bones}")
    return found
