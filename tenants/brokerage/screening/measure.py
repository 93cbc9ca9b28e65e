"""How good and how fast the engine is on a real list: `python -m brokerage.screening.measure DIR`.

Recall is the share of listed people still found after their names are damaged as clerks damage
them; false positives are counted over ordinary names of our markets.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from brokerage.screening import names, ofac, screen
from brokerage.screening.entries import Entry, Kind, Listing, Quality
from brokerage.screening.index import Index
from brokerage.screening.match import ENGINE, Subject

SEED: Final = 20
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
# Given and family names as people of these countries bear them; any pair makes an ordinary person.
PEOPLE: Final = {
    "ES": (
        """Lucia Sofia Martina Maria Julia Paula Hugo Mateo Martin Lucas Leo Daniel Alejandro Manuel
        Pablo Carmen Marta Sergio Nuria Javier""",
        """Garcia Fernandez Gonzalez Rodriguez Lopez Martinez Sanchez Perez Gomez Jimenez Ruiz Diaz
        Moreno Alvarez Romero Navarro Torres Dominguez Vazquez Serrano""",
    ),
    "DE": (
        """Hannah Emma Mia Sophia Emilia Ben Paul Jonas Elias Leon Finn Lukas Maximilian Anna Lena
        Klaus Ursula Dieter Petra Wolfgang""",
        """Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer
        Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun""",
    ),
    "CY": (
        """Γιώργος Μαρία Ανδρέας Ελένη Κώστας Άννα Χρίστος Παναγιώτα Νίκος Σοφία Giorgos Maria
        Andreas Eleni Costas Christos Nikos Michalis Stelios Despina""",
        """Παπαδόπουλος Γεωργίου Ιωάννου Χριστοδούλου Νικολάου Georgiou Ioannou Charalambous
        Constantinou Nicolaou Christodoulou Savva Michael Andreou Demetriou""",
    ),
    "GB": (
        """Olivia Amelia Isla Ava Oliver George Harry Noah Jack Charlotte Emily Thomas James William
        Grace Samuel Joseph Sarah Rachel Peter""",
        """Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans
        Walker White Roberts Green Hall Wood Jackson Clarke""",
    ),
    "AE": (
        """Mohammed Ahmed Fatima Aisha Omar Khalid Mariam Salem Noura Sultan Hamad Abdullah Layla
        Yousef Hessa Rashid Saeed Amal Zayed Majid""",
        """Al-Mansoori Al-Marri Haddad Khoury Nasser Al-Ketbi Al-Shamsi Rahman Sharif Aziz Farouk
        Al-Suwaidi Darwish Qasim Hijazi Al-Zaabi Saleh Najjar Barakat Mansour""",
    ),
}  # fmt: skip


class Measure(msgspec.Struct, frozen=True):
    what: str
    asked: int
    found_percent: float
    hits_each: float
    ms_each: float


def typo(text: str, dice: random.Random) -> str:
    """One slip of the hand: a letter wrong, missing, doubled or in its neighbour's place."""
    places = [place for place, letter in enumerate(text) if letter.isalpha()]
    at = dice.choice(places)
    before, letter, after = text[:at], text[at], text[at + 1 :]
    return dice.choice(
        [
            before + dice.choice(LETTERS) + after,
            before + after,
            before + letter + dice.choice(LETTERS) + after,
            before + after[:1] + letter + after[1:],
        ]
    )


def damaged(text: str, dice: random.Random, *, typos: int, reordered: float) -> str:
    words = names.variants(text)[0].split()
    if dice.random() < reordered:
        dice.shuffle(words)
    out = " ".join(words)
    for _ in range(typos):
        out = typo(out, dice)
    return out


def measure(listing: Listing, *, asked: int = 1000, seed: int = SEED) -> list[Measure]:
    """Recall as listed, with one and two slips, and how often ordinary people are stopped."""
    index = Index.of(listing)
    dice = random.Random(seed)  # noqa: S311 - a repeatable sample, no secret
    known = list(_people(listing))
    sample = [dice.choice(known) for _ in range(asked)]
    rows = [
        _recall("as listed", index, sample, lambda text: text),
        _recall(
            "1 slip, 30% reordered",
            index,
            sample,
            lambda text: damaged(text, dice, typos=1, reordered=0.3),
        ),
        _recall(
            "2 slips, 30% reordered",
            index,
            sample,
            lambda text: damaged(text, dice, typos=2, reordered=0.3),
        ),
    ]
    for country in PEOPLE:
        rows.append(_stopped(country, index, asked, dice, birth=False))
        rows.append(_stopped(country, index, asked, dice, birth=True))
    return rows


def _people(listing: Listing) -> Iterator[tuple[Entry, str]]:
    for entry in listing.entries:
        if entry.kind is not Kind.PERSON:
            continue
        for name in entry.names:
            if name.quality is Quality.WEAK:
                continue
            if len(names.fold(name.text).words) >= 2:
                yield entry, name.text


def _recall(
    what: str, index: Index, sample: list[tuple[Entry, str]], write: Callable[[str], str]
) -> Measure:
    subjects = [(entry.ref, Subject((write(text),))) for entry, text in sample]
    started = time.process_time()
    answers = [(ref, screen.screen(subject, [index])) for ref, subject in subjects]
    spent = time.process_time() - started
    found = sum(any(hit.ref == ref for hit in hits) for ref, hits in answers)
    return _row(f"recall, {what}", len(sample), found, [hits for _, hits in answers], spent)


def _stopped(
    country: str, index: Index, asked: int, dice: random.Random, *, birth: bool
) -> Measure:
    given, family = (text.split() for text in PEOPLE[country])
    subjects = [
        Subject(
            (f"{dice.choice(given)} {dice.choice(family)}",),
            birth=date(1955, 1, 1) + timedelta(days=dice.randrange(18_000)) if birth else None,
            countries=(country,) if birth else (),
        )
        for _ in range(asked)
    ]
    started = time.process_time()
    answers = [screen.screen(subject, [index]) for subject in subjects]
    spent = time.process_time() - started
    what = f"stopped, ordinary {country}{', with birth and country' if birth else ', name only'}"
    return _row(what, asked, sum(bool(hits) for hits in answers), answers, spent)


def _row(
    what: str, asked: int, found: int, answers: list[list[screen.Hit]], spent: float
) -> Measure:
    return Measure(
        what,
        asked,
        round(100 * found / asked, 1),
        round(sum(map(len, answers)) / asked, 2),
        round(1000 * spent / asked, 2),
    )


def main(folder: Path) -> None:
    """Print the table for the OFAC files in a folder."""
    listing = ofac.parse(
        sdn=(folder / "sdn.csv").read_bytes(),
        alt=(folder / "alt.csv").read_bytes(),
        add=(folder / "add.csv").read_bytes(),
        published=datetime.now(UTC).date(),
    )
    print(f"{len(listing.entries)} entries, {ENGINE}")  # noqa: T201
    for row in measure(listing):
        print(  # noqa: T201
            f"{row.what:48} {row.found_percent:5.1f} %  {row.hits_each:5.2f} hits"
            f"  {row.ms_each:5.2f} ms"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
