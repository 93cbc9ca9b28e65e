"""Other scripts to plain Latin letters: Cyrillic, Greek, Arabic and Persian, and Latin's own extras.

Letter by letter, as passports write them in the main: what a language spells in two ways (Yusuf,
Youssef) is brought together later, by sound. Arabic leaves short vowels out, so a name in Arabic
letters is compared by its consonants.
"""

import re
import unicodedata
from typing import Final

LATIN: Final = {
    "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
    "ı": "i", "ə": "a", "ŋ": "ng", "ħ": "h", "ĸ": "k", "ŧ": "t", "ŀ": "l", "ƒ": "f",
}  # fmt: skip
CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i",
    "ї": "yi", "є": "ye", "ґ": "g", "ў": "u", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj",
    "ћ": "c", "џ": "dz", "ѓ": "g", "ќ": "k", "ѕ": "dz", "ә": "a", "ғ": "g", "қ": "k",
    "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h",
}  # fmt: skip
GREEK: Final = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
    "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
    "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
GREEK_PAIRS: Final = {
    "ου": "u",
    "μπ": "b",
    "ντ": "d",
    "γκ": "g",
    "γγ": "ng",
    "αυ": "av",
    "ευ": "ev",
}
ARABIC: Final = {
    "ا": "a", "أ": "a", "إ": "i", "آ": "a", "ٱ": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j",
    "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r", "ز": "z", "س": "s", "ش": "sh",
    "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "a", "غ": "gh", "ف": "f", "ق": "q", "ك": "k",
    "ل": "l", "م": "m", "ن": "n", "ه": "h", "ة": "a", "و": "u", "ي": "i", "ى": "a", "ء": "",
    "ؤ": "u", "ئ": "i", "پ": "p", "چ": "ch", "ژ": "zh", "گ": "g", "ک": "k", "ی": "i", "ۀ": "a",
    "ہ": "h", "ھ": "h", "ے": "i", "ں": "n", "ٹ": "t", "ڈ": "d", "ڑ": "r", "ڤ": "v",
    "\u064e": "a", "\u064f": "u", "\u0650": "i",
}  # fmt: skip
_LETTERS: Final = str.maketrans(LATIN | CYRILLIC | GREEK | ARABIC)
# Accents come off before pairs are looked for: ού is ου.
_GREEK_ACCENTS: Final = re.compile("([\u03b1-\u03c9])[\u0300\u0301\u0308\u0313\u0314\u0342\u0345]+")
_ARTICLE: Final = "ال"
# What only joins or stretches letters, and marks that tell no vowel.
_SILENT: Final = dict.fromkeys(map(ord, "\u0640\u064b\u064c\u064d\u0651\u0652\u0670\u200c\u200d"))


def written_without_vowels(text: str) -> bool:
    """Whether the text has Arabic letters (Arabic, Persian, Urdu)."""
    return any("\u0600" <= letter <= "\u06ff" or "\ufb50" <= letter <= "\ufefc" for letter in text)


def to_latin(text: str) -> str:
    """Lower-case Latin letters without marks; letters of scripts we do not know stay as they are."""
    lowered = unicodedata.normalize("NFKC", text).casefold().translate(_SILENT)
    words = (_article(word) for word in lowered.split())
    joined = _GREEK_ACCENTS.sub(r"\1", unicodedata.normalize("NFD", " ".join(words)))
    for pair, letters in GREEK_PAIRS.items():
        joined = joined.replace(pair, letters)
    # Twice: marks come off first, and some letters (й, ё, أ) are one letter and a mark themselves.
    latin = unicodedata.normalize("NFC", joined).translate(_LETTERS)
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", latin)
        if not unicodedata.combining(letter)
    )
    return bare.translate(_LETTERS)


def _article(word: str) -> str:
    """Part the Arabic article from its noun, as Latin spelling does."""
    if word.startswith(_ARTICLE) and len(word) > 4 and not word.startswith("الله"):
        return f"al {word[2:]}"
    return word
