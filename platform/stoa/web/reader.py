"""Who reads: their language and their light or dark, known even where no page could be made."""

from typing import Any, Final

from litestar import Request

from stoa.theming.texts import LANGUAGES
from stoa.web.visit import Visit

AnyRequest = Request[Any, Any, Any]

LANGUAGE_COOKIE: Final = "language"
_MODES: Final = frozenset({"light", "dark", "auto"})


def spoken(chosen: str | None, accepted: str) -> str | None:
    """The language this browser chose, else the first it accepts that we speak."""
    if chosen in LANGUAGES:
        return chosen
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower().split("-")[0]
        if code in LANGUAGES:
            return code
    return None


def here(request: AnyRequest) -> str:
    """The page asked for, with all that its address says: where one comes back to."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def locale(request: AnyRequest, seen: Visit) -> str:
    """What this browser chose, else the person's own language, else the browser's first we speak."""
    stranger = seen.person is None and seen.operator is None
    accepted = request.headers.get("accept-language", "") if stranger else ""
    seen.locale = spoken(request.cookies.get(LANGUAGE_COOKIE), accepted) or seen.locale
    return seen.locale


def chosen_mode(request: AnyRequest) -> Any:
    """light, dark or auto as this browser chose, or None; needs no row of the person's."""
    chosen = request.cookies.get("mode")
    return chosen if chosen in _MODES else None


def mode(request: AnyRequest, seen: Visit) -> Any:
    """light, dark or auto as chosen here, else as the person keeps it, else None."""
    who = seen.person or seen.operator
    kept = who.mode if who is not None and who.mode != "auto" else None
    return chosen_mode(request) or kept
