"""Cookies: host-only, unreadable to scripts, prefixed where the site has TLS. Their names are read by
whoever looks into a browser, so they name nobody.
"""

from http.cookies import SimpleCookie

from litestar import Request
from litestar.response import Response

from stoa.web.visit import Visit


def name(plain: str, *, secure: bool) -> str:
    """What it is called in the browser: under TLS nobody but this very host may set it."""
    return f"__Host-{plain}" if secure else plain


def header(key: str, value: str, *, secure: bool, max_age_s: int) -> str:
    cookie = SimpleCookie()
    cookie[key] = value
    morsel = cookie[key]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    morsel["max-age"] = max_age_s
    if secure:
        morsel["secure"] = True
    return morsel.OutputString()


def sign_in(visit: Visit, audience: str, bearer: str, *, secure: bool, max_age_s: int) -> None:
    """Have the front set the session's cookie on whatever answer this request gets."""
    visit.set_cookies.append((name(audience, secure=secure), bearer, max_age_s))


def sign_out(visit: Visit, audience: str, *, secure: bool) -> None:
    visit.set_cookies.append((name(audience, secure=secure), "", 0))


__all__ = ["Request", "Response", "header", "name", "sign_in", "sign_out"]
