"""Who appears in the demo: invented people, by language, from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

_NAMES: Final = {
    "ES": (
        "es",
        "Lucía Carmen Marta Elena Paula Javier Pablo Álvaro Hugo Daniel Sergio Raquel Inés Nuria",
        "García Romero Navarro Ortega Molina Serrano Castro Vega Ibáñez Prieto Campos Rubio Lozano",
    ),
    "DE": (
        "en",
        "Anna Lena Marie Johanna Lukas Felix Jonas Paul Moritz Clara Emma Tobias Jan Katrin",
        "Müller Schneider Fischer Weber Wagner Becker Hoffmann Schäfer Koch Bauer Richter Klein",
    ),
    "CY": (
        "en",
        "Eleni Maria Andreas Georgios Nikos Christina Kostas Sofia Dimitra Panayiotis Irini",
        "Georgiou Christodoulou Ioannou Charalambous Nicolaou Andreou Kyriakou Constantinou",
    ),
    "AE": (
        "ar",
        "أحمد محمد فاطمة مريم خالد سارة يوسف نورة عبدالله ليلى عمر هند راشد",
        "المنصوري الهاشمي الكعبي النعيمي الشامسي المزروعي الزعابي البلوشي السويدي العامري",
    ),
    "ZA": (
        "en",
        "Thandi Sipho Lerato Johan Naledi Pieter Zanele Kagiso Anele Riaan Palesa",
        "Nkosi Dlamini Botha Mokoena van_Wyk Khumalo Naidoo Pretorius Zulu Mahlangu",
    ),
    "MX": (
        "es",
        "Valeria Diego Ximena Emilio Camila Rodrigo Fernanda Mateo Renata Leonardo",
        "Hernández Flores Ramírez Cruz Morales Reyes Gutiérrez Ortiz Mendoza Aguilar",
    ),
}


LANGUAGE: Final = {country: told[0] for country, told in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class Someone:
    """An invented client-to-be."""

    first: str
    last: str
    country: str
    language: str
    email: str
    phone: str
    born: date


def people(
    seed: int, countries: tuple[str, ...], domain: str, *, called: str = "client"
) -> Iterator[Someone]:
    """Endless invented people; the same seed gives the same ones."""
    chance = random.Random(seed)  # noqa: S311 - a demo's cast
    number = 0
    while True:
        number += 1
        country = chance.choice(countries)
        language, firsts, lasts = _NAMES[country]
        first = chance.choice(firsts.split())
        last = chance.choice(lasts.split()).replace("_", " ")
        yield Someone(
            first=first,
            last=last,
            country=country,
            language=language,
            email=f"{called}{number:03d}@{domain}",
            phone="",
            born=date(chance.randint(1960, 2003), chance.randint(1, 12), chance.randint(1, 28)),
        )


STAFF: Final = (
    ("Olivia Marsh", "owner", ("Owner",)),
    ("Kyle Brandt", "compliance", ("Compliance",)),
    ("Fiona Achterberg", "finance", ("Finance",)),
    ("Henry Falk", "head", ("Head of finance",)),
    ("Sara Lindqvist", "sales", ("Sales",)),
    ("Tom Okafor", "sales2", ("Sales",)),
    ("Sam Whitfield", "support", ("Support",)),
    ("Dana Kovač", "dealing", ("Dealing",)),
)
