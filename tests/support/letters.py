"""Every letter there is, and facts enough for each: a new one is written here once."""

from typing import Final

from stoa.kernel import where

TEMPLATES: Final = sorted(
    one.stem for one in (where.themes() / "default/templates/mail").glob("*.html")
)
FACTS: Final = {
    "amount": "12.50", "fee_amount": "1.00", "came_amount": "12.50", "currency": "EUR", "reference": "D-1",
    "hours": 24, "days": 3, "reason": "a reason", "level": "verified", "device": "Firefox", "what": "on",
    "tail": "3000", "login": "4711", "subject": "Hello {name}", "body": "Dear {name}", "action": "Open",
    "rule": "sign:profit", "value": "1", "bound": "2", "kind": "live", "product": "standard",
    "server": "mt5", "method": "bank", "label": "IBAN", "breached_at": "2026-03-04T05:06:07+00:00",
    "changed_at": "2026-03-04T05:06:07+00:00",
    "made_at": "2026-03-04T05:06:07+00:00", "refused_at": "2026-03-04T05:06:07+00:00",
    "signed_in_at": "2026-03-04T05:06:07+00:00", "usable_at": "2026-03-04T05:06:07+00:00",
    "promised_at": "2026-03-04T05:06:07+00:00", "until_at": "2026-03-04T05:06:07+00:00", "tries": 3,
    "minutes": 15, "asked_at": "2026-03-04T05:06:07+00:00", "need": "2", "change": "on",
    "destination": "•••• 1234", "document": "passport", "expires_on": "2026-12-01", "place": "ES", "by": "Olivia",
    "goes": "marketing traces",
    "stays": "identity:law:2031-11-27 documents:hold:", "why": "not-theirs",
}  # fmt: skip
