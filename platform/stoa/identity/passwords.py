"""Passwords: argon2id in a thread, and a say in what is too easy to guess."""

import asyncio
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from stoa.identity.settings import FLOOR
from stoa.kernel.refusals import Invalid

LONGEST: Final = 200
_FEWEST_DIFFERENT: Final = 5
_MOST_DECORATION: Final = 6

# OWASP's second choice: 19 MiB, two passes. More memory would let a few sign-ins at once exhaust
# a small machine; two threads bound what guessing can cost us.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
_NOBODYS: Final = _HASHER.hash("nobody has this password")

_COMMON_WORDS: Final = frozenset(
    "password passwort contrasena clave secret geheim welcome willkommen bienvenido letmein admin "
    "administrator login master access iloveyou teamo princess sunshine monkey dragon football "
    "futbol baseball basketball soccer superman batman pokemon starwars shadow michael jessica "
    "jordan charlie thomas daniel ashley andrew freedom whatever trustno computer internet samsung "
    "google facebook changeme default guest test testing trader trading broker forex bitcoin money "
    "dollar market invest qwerty qwertz azerty qwertyuiop qwertzuiop asdfgh asdfghjkl zxcvbn "
    "zxcvbnm qazwsx qweasd qweasdzxc asdf summer winter spring autumn january february march april "
    "june july august september october november december monday friday sunday hello love baby "
    "angel family forever mustang harley yankees lakers liverpool arsenal chelsea barcelona madrid".split()
)
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_SPELLED: Final = str.maketrans("013457@$!|€", "oieastasiie")


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def check(text: str, *, shortest: int = FLOOR, avoid: Iterable[str] = ()) -> None:
    """Raises Invalid at the field `password` for one too short or too easy to guess.

    `avoid` are words that an acquaintance would try: the e-mail, the person's and broker's name.
    """
    said = folded(text)
    if len(said) < max(shortest, FLOOR):
        raise Invalid(
            "Use at least {least} characters. Three or four unrelated words work well.",
            field="password",
            code="password-short",
            least=max(shortest, FLOOR),
        )
    if len(said) > LONGEST:
        raise Invalid("This is too long.", field="password", code="password-long")
    if _easy(said, avoid):
        raise Invalid(
            "This is among the first passwords anyone would try. Choose one that is yours alone.",
            field="password",
            code="password-easy",
        )


def _easy(said: str, avoid: Iterable[str]) -> bool:
    low = said.casefold()
    if len(set(low)) < _FEWEST_DIFFERENT:
        return True
    known = {part for text in avoid for part in _parts(text)}
    for spelled in (low, low.translate(_SPELLED)):
        core = "".join(c for c in spelled if c.isalpha())
        if core and len(low) - len(core) <= _MOST_DECORATION and _made_of(core, known):
            return True
        if _run(spelled):
            return True
    return False


def _parts(text: str) -> set[str]:
    low = folded(text).casefold()
    split = "".join(c if c.isalnum() else " " for c in low).split()
    return {"".join(c for c in part if c.isalpha()) for part in split if len(part) > 3}


def _made_of(core: str, known: set[str]) -> bool:
    """Common words and nothing else, however often."""
    words = _COMMON_WORDS | known
    if core in words:
        return True
    for size in range(3, len(core) // 2 + 1):
        head = core[:size]
        if head in words and _made_of(core[size:], known):
            return True
    return False


def _run(low: str) -> bool:
    """A walk along the alphabet, the digits or the keyboard, forwards or back."""
    plain = "".join(c for c in low if c.isalnum())
    return any(plain in run or plain[::-1] in run for run in _RUNS)


async def hashed(text: str) -> str:
    """About 40 ms of one core, off the loop."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _HASHER.hash, folded(text))


async def fits(known: str | None, text: str) -> bool:
    """Whether the password is right. Takes as long when there is none to compare with."""
    loop = asyncio.get_running_loop()
    if len(text) > LONGEST:
        text = ""
    right = await loop.run_in_executor(_THREADS, _verify, known or _NOBODYS, folded(text))
    return right and known is not None


def stale(known: str) -> bool:
    """Hashed with other costs than today's; hash again when the password is at hand."""
    return _HASHER.check_needs_rehash(known)


def _verify(known: str, text: str) -> bool:
    try:
        return _HASHER.verify(known, text)
    except (Argon2Error, InvalidHashError):
        return False
