"""How alike a client and a listed entry are, feature by feature, in points that add up.

A score depends on the client, the entry and the engine's version and on nothing else, so that it
can be computed again years later. Raise ENGINE whenever a score could come out differently.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
from rapidfuzz.distance import OSA, JaroWinkler

from brokerage.screening.entries import BirthDate, Entry, IdDocument, Kind, Quality
from brokerage.screening.names import Folded, Word, bones

ENGINE: Final = "stoa-names/1"

SAME_WORD: Final = 0.72  # two words less alike than this are different words
SAME_SOUND: Final = 0.97
SAME_BONES: Final = 0.92
SAME_BONES_FLOOR: Final = 0.6
LEAST_BONES: Final = 3
INITIAL: Final = 0.7
JOINED: Final = 0.95
SAME_GLUED: Final = 0.85

POINTS: Final = {
    "birth-day": 12,
    "birth-span": 5,
    "birth-near": 0,
    "birth-differs": -15,
    "birth-far": -30,
    "country-same": 3,
    "country-differs": -5,
    "gender-differs": -10,
    "weak-alias": -8,
    "document-same": 95,
}
# The most that birth date and country can add to a name.
MOST_EXTRA: Final = POINTS["birth-day"] + POINTS["country-same"]
NEAR_DAYS: Final = 2 * 366
FAR_DAYS: Final = 8 * 366
SHORTEST_NUMBER: Final = 5


class Subject(msgspec.Struct, frozen=True):
    """Whom to look for: a client, a director, a beneficiary, a payer."""

    names: tuple[str, ...]
    kind: Kind = Kind.PERSON
    birth: date | None = None
    countries: tuple[str, ...] = ()
    gender: str = ""
    documents: tuple[IdDocument, ...] = ()


class Feature(msgspec.Struct, frozen=True):
    """One reason for a score: what was compared, with what, and the points it gave or took."""

    name: str
    points: int
    ours: str = ""
    theirs: str = ""


def alike(ours: Word, theirs: Word, *, vowelless: bool = False) -> float:
    """How alike two words are, 0 to 1."""
    if ours.spelt == theirs.spelt:
        return 1.0
    if len(ours.spelt) == 1 or len(theirs.spelt) == 1:
        return INITIAL if ours.spelt[0] == theirs.spelt[0] else 0.0
    if ours.sound == theirs.sound:
        return SAME_SOUND
    heard = OSA.normalized_similarity(ours.sound, theirs.sound)
    spelt = OSA.normalized_similarity(ours.spelt, theirs.spelt)
    best = (max(heard, spelt) + JaroWinkler.similarity(ours.spelt, theirs.spelt)) / 2
    if (
        ours.bones == theirs.bones
        and len(ours.bones) >= LEAST_BONES
        and (vowelless or heard >= SAME_BONES_FLOOR)
    ):
        best = max(best, SAME_BONES)
    return best if best >= SAME_WORD else 0.0


def name_points(ours: Folded, theirs: Folded) -> int:
    """How alike two names are, 0 to 100: word by word in any order, weighed by what words tell."""
    if not ours.words or not theirs.words:
        return 0
    vowelless = ours.vowelless or theirs.vowelless
    pairs = sorted(
        (
            (likeness * min(a.weight, b.weight), likeness, i, j)
            for i, a in enumerate(ours.words)
            for j, b in enumerate(theirs.words)
            if (likeness := alike(a, b, vowelless=vowelless))
        ),
        reverse=True,
    )
    left, right = set(range(len(ours.words))), set(range(len(theirs.words)))
    met_ours = met_theirs = 0.0
    told = 0
    for _, likeness, i, j in pairs:
        if i in left and j in right:
            left.discard(i)
            right.discard(j)
            met_ours += likeness * ours.words[i].weight
            met_theirs += likeness * theirs.words[j].weight
            told += min(ours.words[i].weight, theirs.words[j].weight) >= 0.5
    if left and right:
        mine, other = _glued(ours, theirs, left, right)
        also_other, also_mine = _glued(theirs, ours, right, left)
        met_ours += mine + also_mine
        met_theirs += other + also_other
        told += bool(mine) + bool(also_mine)
    low, high = sorted((met_ours / ours.weight, met_theirs / theirs.weight))
    # One word in common says little, however much of the shorter name it is.
    share = 0.45 if told >= 2 else 0.75
    worded = share * low + (1 - share) * high
    whole = JOINED * OSA.normalized_similarity(ours.joined, theirs.joined, score_cutoff=0.8)
    return round(100 * min(1.0, max(worded, whole)))


def _glued(whole: Folded, parted: Folded, left: set[int], right: set[int]) -> tuple[float, float]:
    """Weight met on both sides by a word that the other name writes as two: Nuruddin, Nur al-Din."""
    for i in sorted(left):
        for j in sorted(right):
            if j + 1 not in right:
                continue
            first, second = parted.words[j], parted.words[j + 1]
            glued = first.sound + second.sound
            likeness = OSA.normalized_similarity(whole.words[i].sound, glued)
            skeleton = bones(glued)
            if (
                likeness >= SAME_BONES_FLOOR
                and len(skeleton) >= LEAST_BONES
                and whole.words[i].bones == skeleton
            ):
                likeness = max(likeness, SAME_BONES)
            if likeness >= SAME_GLUED:
                left.discard(i)
                right -= {j, j + 1}
                return (
                    likeness * whole.words[i].weight,
                    likeness * (first.weight + second.weight),
                )
    return 0.0, 0.0


def features(subject: Subject, entry: Entry, quality: Quality) -> tuple[Feature, ...]:
    """What speaks for and against, besides the name."""
    found = [
        _birth(subject.birth, entry.births),
        _country(subject.countries, entry),
        _gender(subject.gender, entry.gender),
        same_document(subject, entry),
    ]
    if quality is Quality.WEAK:
        found.append(Feature("weak-alias", POINTS["weak-alias"]))
    return tuple(feature for feature in found if feature)


def _birth(ours: date | None, theirs: Iterable[BirthDate]) -> Feature | None:
    """The kindest reading of all birth dates the list gives."""
    if ours is None:
        return None
    readings = [(_birth_name(ours, birth), birth) for birth in theirs]
    if not readings:
        return None
    name, birth = max(readings, key=lambda reading: POINTS[reading[0]])
    return Feature(name, POINTS[name], ours.isoformat(), _span(birth))


def _birth_name(ours: date, birth: BirthDate) -> str:
    if birth.earliest <= ours <= birth.latest:
        return "birth-day" if birth.exact else "birth-span"
    if birth.exact and _transposed(ours, birth.earliest):
        return "birth-span"
    apart = max((birth.earliest - ours).days, (ours - birth.latest).days)
    if apart <= NEAR_DAYS:
        return "birth-near"
    return "birth-far" if apart > FAR_DAYS else "birth-differs"


def _transposed(ours: date, theirs: date) -> bool:
    """Day and month changed places: 3 April written as 4 March."""
    return (ours.year, ours.month, ours.day) == (theirs.year, theirs.day, theirs.month)


def _span(birth: BirthDate) -> str:
    days = birth.earliest.isoformat()
    if birth.latest != birth.earliest:
        days = f"{days}/{birth.latest.isoformat()}"
    return f"~{days}" if birth.circa else days


def _country(ours: Iterable[str], entry: Entry) -> Feature | None:
    mine = set(ours)
    listed = set(entry.nationalities) | set(entry.countries)
    if not mine or not listed:
        return None
    name = "country-same" if mine & listed else "country-differs"
    return Feature(name, POINTS[name], " ".join(sorted(mine)), " ".join(sorted(listed)))


def _gender(ours: str, theirs: str) -> Feature | None:
    if not ours or not theirs or ours == theirs:
        return None
    return Feature("gender-differs", POINTS["gender-differs"], ours, theirs)


def bare_number(number: str) -> str:
    """A document's number without the marks that clerks add or leave out."""
    return "".join(letter for letter in number.upper() if letter.isalnum())


def same_document(subject: Subject, entry: Entry) -> Feature | None:
    """The very same paper: number equal, and no two countries that contradict one another."""
    for ours in subject.documents:
        number = bare_number(ours.number)
        if len(number) < SHORTEST_NUMBER:
            continue
        for theirs in entry.documents:
            agree = not ours.country or not theirs.country or ours.country == theirs.country
            if agree and bare_number(theirs.number) == number:
                return Feature("document-same", POINTS["document-same"], ours.number, theirs.number)
    return None
