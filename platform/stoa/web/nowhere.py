"""Answers given before it is known whose page is asked for: an unknown name, a name that is none,
too large a body, records out of reach. A person gets a page in the browser's language that names
nobody and loads nothing; other systems get RFC 9457.
"""

import html
from typing import Any, Final

import msgspec
from litestar.types import Send

from stoa.kernel.ids import token
from stoa.theming import texts
from stoa.theming.texts import N_

_STYLE: Final = """:root{color-scheme:light dark;--ink:#1b2330;--soft:#586173;--paper:#f6f7f9;--line:#dfe3ea}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf1;--soft:#a3acbb;--paper:#11151c;--line:#2b323e}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic",sans-serif}
main{max-width:32rem}p{margin:0 0 .75rem;color:var(--soft)}h1{margin:0 0 .75rem;font-size:1.6rem;line-height:1.25;font-weight:600;text-wrap:balance}
.mark{width:2.5rem;height:.25rem;border-radius:1rem;background:var(--line);margin-bottom:1.5rem}.code{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem;font-variant-numeric:tabular-nums}"""

_SAID: Final = {
    400: (
        "bad-host",
        N_("This address cannot be read"),
        N_("Check the address for a typing mistake, or follow your link again."),
    ),
    413: (
        "too-large",
        N_("That is too large."),
        N_("Nothing was saved. Send something smaller."),
    ),
    421: (
        "misdirected",
        N_("There is nothing at this address"),
        N_(
            "Check the address for a typing mistake. If it came in a message or from a bookmark, "
            "ask the company you deal with for its current address."
        ),
    ),
    503: (
        "unavailable",
        N_("We are not reachable right now."),
        N_("We cannot reach our records. Nothing was changed. Try again shortly."),
    ),
}


async def answer(send: Send, status: int, *, language: str, accept: str) -> None:
    """Send the whole answer: `language` is one we speak, `accept` the header as it came."""
    code, title, sentence = _SAID[status]
    say = texts.of(language).gettext
    extra: list[tuple[bytes, bytes]] = []
    if "text/html" in accept:
        nonce = token(16)
        body = _page(status, language, say(title), say(sentence), nonce).encode()
        kind = b"text/html; charset=utf-8"
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'"
        extra = [
            (b"content-security-policy", policy.encode()),
            (b"content-language", language.encode()),
        ]
    else:
        body = msgspec.json.encode(_problem(status, code, say(sentence)))
        kind = b"application/problem+json"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept, Accept-Language, Cookie"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        *extra,
    ]
    if status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _problem(status: int, code: str, sentence: str) -> dict[str, Any]:
    return {
        "type": f"urn:problem-type:{code}",
        "title": code.replace("-", " "),
        "status": status,
        "detail": sentence,
        "code": code,
    }


def _page(status: int, language: str, title: str, sentence: str, nonce: str) -> str:
    direction = "rtl" if language == "ar" else "ltr"
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{html.escape(title)}</title>'
        f'<style nonce="{nonce}">{_STYLE}</style></head><body><main>'
        f'<div class="mark"></div><h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p>'
        f'<p class="code">{status}</p></main></body></html>'
    )
