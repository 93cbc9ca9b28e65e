"""Names folded so that the same person, written by two clerks, looks the same.

Three readings of each word: as spelt, as it sounds, and its consonants. Order, case, marks,
honorifics and particles are taken out; how much each word counts is told by its weight.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

from brokerage.screening import scripts

LONGEST_NAME: Final = 300
MOST_WORDS: Final = 24

HONORIFICS: Final = frozenset(
    "mr mrs ms miss mx dr prof professor sir madam mme herr frau sr sra srta don dona eng"
    " hon rev lic ing".split()
)
# Part of the name for some, a title for others: kept, but they identify nobody.
STYLES: Final = frozenset(
    "haji hajji hadji hajj hadj haj mullah mulla molla maulana mawlana mawlawi maulavi molvi"
    " maulvi sheikh shaykh sheik cheikh shaikh sayyid sayed syed seyed sayyed ustad ustaz imam"
    " ayatollah qari hafiz general colonel major captain commander jr junior senior ii iii iv"
    " abu umm".split()
)
PARTICLES: Final = frozenset(
    "al el ul an ad ar as ash at az de del della di da do dos das du des la las los le van von"
    " der den ter ten zu y e i bin ibn ben bint binti bte of the and und et".split()
)
COMMON: Final = frozenset(
    "mohammad ahmad ali hassan hussain abdullah ibrahim khalid omar yusuf khan kamal mahmud"
    " mustafa said salah jamal nasir karim rashid saleh hamid amin jose juan maria carlos luis"
    " jesus antonio francisco manuel miguel pedro jorge garcia rodriguez martinez hernandez"
    " lopez gonzalez perez sanchez ramirez torres flores gomez diaz john david michael james"
    " robert william thomas peter paul george anna elena alexander sergei vladimir dmitri andrei"
    " mikhail ivan nikolai wang li zhang liu chen yang lee kim nguyen singh smith".split()
)
LEGAL_FORMS: Final = frozenset(
    "ltd limited llc llp lp inc incorporated corp corporation co company plc gmbh ag kg sa sas"
    " sarl srl sl sau sapi cv rl spa nv bv ab oy as aps kft doo ooo oao zao pao jsc pjsc cjsc ojsc"
    " fze fzc fzco fzllc est pte pty bhd sdn tbk pt ltda eirl ev mchj ks".split()
)
_PATRONYMIC: Final = re.compile(r".{3,}(?:ovich|evich|ovic|evic|ovna|evna|ichna)$")
_APOSTROPHES: Final = re.compile(r"['’‘`´ʼʿʾ\"“”.]")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_BRACKETS: Final = re.compile(r"\(([^()]*)\)")
# Abd al-Rahman, Abdul Rahman, Abdurrahman, Abdelrahman: servant of one of the ninety-nine names.
_SERVANT: Final = frozenset("abd abdul abdel abdal abdur abdar abder abdus abdu abdo".split())
_SERVANT_JOINED: Final = re.compile(
    r"abd(?:[aeiou]l(?=..)|[aeiou]([rsznstd])(?=\1)|[aeou](?=[rsz][aeiou]?[a-z]{3}))"
)
_GOD: Final = frozenset({"allah", "allh", "ullah", "alah", "lah"})
_SOUNDS: Final = tuple(
    (re.compile(spelt), sound)
    for spelt, sound in (
        (r"^ye", "e"), (r"^(?:[jy]|i(?=[aeou]))", "J"), (r"sch|sh(?:ch)?", "s"), (r"tch|ch", "C"), (r"kh", "k"), (r"gh", "g"), (r"th", "t"), (r"dh", "d"), (r"ph", "f"),
        (r"d?zh|dj|dz", "j"), (r"ts|tz|cz", "z"), (r"c(?=[eiy])", "s"), (r"ck|cq|[cq]", "k"),
        (r"x", "ks"), (r"[aeo]?y[aeo](?=.)", "ia"), (r"w", "v"), (r"[jy]", "i"),
        (r"ou|oo|uo|ue", "u"), (r"ee|ea|ei|ai|ie|ii", "i"), (r"oe|au", "o"), (r"ae", "a"),
        (r"e", "i"), (r"o", "u"), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
_VOWELS: Final = frozenset("aeiou")
_AFTER_FIRST: Final = re.compile(r"[aeiouv]")


class Word(msgspec.Struct, frozen=True, gc=False):
    """One word of a name: as spelt, as it sounds, its consonants, and what it weighs (0 to 1)."""

    spelt: str
    sound: str
    bones: str
    weight: float


class Folded(msgspec.Struct, frozen=True):
    """A name ready to be compared."""

    words: tuple[Word, ...]
    joined: str
    vowelless: bool
    weight: float


def fold(text: str, *, company: bool = False) -> Folded:
    """Fold a person's or (with `company`) an organisation's name."""
    cut = text[:LONGEST_NAME]
    words = _company(_words(cut)) if company else _person(_words(cut))
    made = tuple(word(spelt) for spelt in words)
    return Folded(
        words=made,
        joined="".join(each.sound for each in made),
        vowelless=scripts.written_without_vowels(cut),
        weight=sum(each.weight for each in made),
    )


def variants(text: str) -> tuple[str, ...]:
    """The ways a list means a name to be read: `SANTOS, Ahmad (Ahmed)` is two names."""
    inside = _BRACKETS.findall(text)
    outside = " ".join(_BRACKETS.sub(" ", text).split())
    first, comma, last = outside.partition(",")
    natural = f"{last.strip()} {first.strip()}" if comma and last.count(",") == 0 else outside
    if not inside:
        return (natural,)
    return tuple(dict.fromkeys((natural, " ".join((*inside, natural)))))


def _words(text: str) -> list[str]:
    latin = _APOSTROPHES.sub("", scripts.to_latin(text))
    return [part for part in _NOT_WORD.split(latin) if part][:MOST_WORDS]


def _person(words: list[str]) -> list[str]:
    kept = [w for w in words if w not in HONORIFICS] or words
    glued = _servants(kept)
    core = [w for w in glued if w not in PARTICLES]
    # "Ben Smith", "La Rue": a particle that is half the name is a name.
    return core if len(core) >= 2 or not glued else glued


def _company(words: list[str]) -> list[str]:
    joined = _initials(words)
    kept = [w for w in joined if w not in LEGAL_FORMS and w not in PARTICLES]
    return kept or joined


def _initials(words: list[str]) -> list[str]:
    """Join lone letters: S A de C V is SA de CV."""
    joined: list[str] = []
    run = ""
    for each in [*words, ""]:
        if len(each) == 1:
            run += each
            continue
        if run:
            joined.append(run)
            run = ""
        if each:
            joined.append(each)
    return joined


def _servants(words: list[str]) -> list[str]:
    """Glue `abd`, its article and the name it serves into one word, however they were parted."""
    glued: list[str] = []
    serving = False
    for each in words:
        if serving and each in PARTICLES:
            continue
        if serving:
            glued.append("abdlah" if each in _GOD else f"abd{each}")
            serving = False
        elif each in _SERVANT:
            serving = True
        else:
            glued.append(_SERVANT_JOINED.sub("abd", each) if each.startswith("abd") else each)
    if serving and glued:
        # Surname first: "Rahim Mufti Abdul" is Mufti Abdul Rahim.
        glued[0] = f"abd{glued[0]}"
    return glued or ["abd"] * serving


@lru_cache(maxsize=20_000)
def word(spelt: str) -> Word:
    heard = sound(spelt)
    return Word(spelt, heard, bones(heard), weight(spelt, heard))


def sound(spelt: str) -> str:
    """Roughly as it is heard, so that Mohamed, Muhammad and Mohammed come close."""
    heard = spelt
    for pattern, letters in _SOUNDS:
        heard = pattern.sub(letters, heard)
    return heard


def bones(heard: str) -> str:
    """The consonants of a sound; the first letter stays, any vowel there counting as one."""
    first = "a" if heard[:1] in _VOWELS else heard[:1]
    return first + _AFTER_FIRST.sub("", heard[1:])


def weight(spelt: str, heard: str) -> float:
    """How far a word tells one person from another."""
    if len(spelt) == 1:
        return 0.25
    if spelt in STYLES or spelt in PARTICLES:
        return 0.2
    if _PATRONYMIC.match(spelt):
        return 0.5
    if heard in _common() or bones(heard) in _common():
        return 0.6
    return 0.7 if len(spelt) == 2 else 1.0


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Frequent names as heard, and their consonants where those are enough to tell."""
    heard = {sound(spelt) for spelt in COMMON}
    return frozenset(heard | {bones(each) for each in heard if len(bones(each)) >= 3})
