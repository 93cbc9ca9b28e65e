"""Those who came in the last days and whose papers a person must look at."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from brokerage.demo.cast import LANGUAGE, Someone


@dataclass(frozen=True, slots=True)
class Late:
    """A client so many hours ago, with what becomes of their verification."""

    hours: float
    fate: str
    who: tuple[str, str, str, str] | None = None
    """First name, family name, country, date of birth; None: whoever comes next."""


LATE: Final[dict[str, tuple[Late, ...]]] = {
    "northlight": (
        Late(55, "listed", ("Moritz", "Klein", "DE", "1971-06-14")),
        Late(41, "pep"),
        Late(27, "forged"),
        Late(22, "listed", ("Javier", "Ortega", "ES", "1965-03-12")),
        Late(16, "unready"),
        Late(9, "forged"),
        Late(6.5, "in-queue"),
        Late(5, "pep"),
        Late(4, "left-half-way"),
        Late(3, "asked-again"),
    ),
    "pulse": (
        Late(57, "listed", ("Kagiso", "Dlamini", "ZA", "1982-02-03")),
        Late(44, "forged"),
        Late(30, "pep"),
        Late(21, "listed", ("Rodrigo", "Mendoza", "MX", "1977-09-21")),
        Late(15, "unready"),
        Late(8, "pep"),
        Late(6, "in-queue"),
        Late(5.5, "forged"),
        Late(4.5, "left-half-way"),
        Late(3, "asked-again"),
    ),
}
SEEN_BY_A_PERSON: Final = frozenset({"listed", "pep", "forged"})


def moment(late: Late, now: datetime) -> datetime:
    return now - timedelta(hours=late.hours)


def dressed(late: Late, someone: Someone, slug: str) -> Someone:
    """The next of the cast, as the one this is about."""
    if late.fate == "unready":
        return replace(someone, email=f"unready@{slug}.example")
    if late.who is None:
        return someone
    first, last, country, born = late.who
    return replace(
        someone,
        first=first,
        last=last,
        country=country,
        language=LANGUAGE[country],
        born=date.fromisoformat(born),
    )
