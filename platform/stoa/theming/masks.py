"""Personal data as those see it who may not see it: enough to recognise, too little to use."""

from typing import Final, Literal

from markupsafe import Markup

DOT: Final = "\u2022"
Kind = Literal["email", "phone", "name", "document", "iban", "card", "text"]


def mask(value: str | None, kind: Kind = "text") -> str:
    """`maria.lopez@example.com` as `m•••@e•••.com`; the length of what is hidden is not told."""
    text = (value or "").strip()
    if not text:
        return ""
    hidden = DOT * 3
    match kind:
        case "email" if "@" in text:
            person, _, host = text.partition("@")
            name, dot, ending = host.rpartition(".")
            return f"{person[:1]}{hidden}@{name[:1]}{hidden}{dot}{ending}"
        case "phone":
            return f"{text[:3]}{hidden}{text[-2:]}" if len(text) > 6 else hidden
        case "name":
            return " ".join(f"{word[:1]}{hidden}" for word in text.split())
        case "iban":
            return f"{text[:4]}{hidden}{text[-4:]}" if len(text) > 10 else hidden
        case "card" | "document":
            return f"{hidden}{text[-4:]}" if len(text) > 6 else f"{hidden}{text[-1:]}"
        case _:
            return f"{text[:1]}{hidden}"


def masked(value: str | None, kind: Kind = "text") -> Markup:
    """The mask as a page shows it, in one direction whatever the language."""
    return Markup('<bdi dir="ltr" class="masked">%s</bdi>') % mask(value, kind)


def initials(name: str | None) -> str:
    """At most two letters for an avatar."""
    words = [word for word in (name or "").replace("-", " ").split() if word[:1].isalnum()]
    if not words:
        return "?"
    picked = words[0][:1] + (words[-1][:1] if len(words) > 1 else "")
    return picked.upper()
