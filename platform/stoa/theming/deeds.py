"""The audit's name of what was done, in people's words: the thing and the deed."""

import re
from collections.abc import Mapping
from typing import Final

from stoa.theming.look import shown
from stoa.theming.texts import N_

THINGS: Final[Mapping[str, str]] = {
    "account-requests": N_("Account changes"),
    "accounts": N_("Trading accounts"),
    "approvals": N_("Approvals"),
    "bonuses": N_("Bonuses"),
    "brand": N_("Brand"),
    "campaigns": N_("Campaigns"),
    "clients": N_("Clients"),
    "deposit": N_("Deposits"),
    "deposits": N_("Deposits"),
    "disputes": N_("Disputes"),
    "invitation": N_("Invitation"),
    "kyc": N_("Verification"),
    "leads": N_("Leads"),
    "ledger": N_("Ledger"),
    "me": N_("Own sign-in"),
    "messages": N_("Messages"),
    "money": N_("Money"),
    "negative": N_("Negative balances"),
    "notices": N_("Notices"),
    "partner": N_("Partners"),
    "partners": N_("Partners"),
    "profile": N_("Profile"),
    "psps": N_("Payment providers"),
    "recon": N_("Reconciliation"),
    "register": N_("Registration"),
    "requests": N_("Account changes"),
    "routing": N_("Routing"),
    "second-factor": N_("Second factor"),
    "segments": N_("Segments"),
    "settings": N_("Settings"),
    "sign-in": N_("Sign-in"),
    "tasks": N_("Tasks"),
    "transfers": N_("Transfers"),
    "verify": N_("Verification"),
    "verify-email": N_("E-mail address"),
    "withdraw": N_("Withdrawals"),
    "withdrawals": N_("Withdrawals"),
}
"""What the first word of an address, or a module, is about."""
DEEDS: Final[Mapping[str, str]] = {
    "accept": N_("accepted"),
    "accounts": N_("account added"),
    "addresses": N_("address asked for"),
    "adjust": N_("correction asked for"),
    "again": N_("tried again"),
    "agree": N_("agreed"),
    "agreements": N_("agreement accepted"),
    "answered": N_("answered"),
    "apply": N_("applied"),
    "approve": N_("approved"),
    "archive": N_("archived"),
    "ask": N_("asked for"),
    "assign": N_("assigned"),
    "attribution": N_("partner decided"),
    "bonuses": N_("bonus given"),
    "book": N_("booked"),
    "campaigns": N_("campaign written"),
    "cancel": N_("cancelled"),
    "claim": N_("taken up"),
    "clear": N_("cleared"),
    "client-money": N_("client money calculated"),
    "close": N_("closed"),
    "codes": N_("recovery codes made"),
    "collect": N_("collected"),
    "contact": N_("contact changed"),
    "country": N_("country changed"),
    "debited": N_("debited"),
    "decline": N_("declined"),
    "details": N_("details changed"),
    "diligence": N_("diligence set"),
    "disputes": N_("dispute opened"),
    "done": N_("done"),
    "drafts": N_("draft written"),
    "drop": N_("dropped"),
    "end": N_("ended"),
    "exchange": N_("exchanged"),
    "explain": N_("explained"),
    "export": N_("exported"),
    "fees": N_("fees booked"),
    "files": N_("file brought"),
    "freeze": N_("frozen"),
    "give": N_("handed over"),
    "hits": N_("match decided"),
    "import": N_("imported"),
    "imports": N_("file brought"),
    "language": N_("language chosen"),
    "leverage": N_("leverage"),
    "live": N_("put live"),
    "move": N_("moved"),
    "new": N_("added"),
    "new-password": N_("new password"),
    "next": N_("next taken up"),
    "note": N_("note written"),
    "notes": N_("note written"),
    "open": N_("opened"),
    "own": N_("taken up"),
    "owner": N_("owner changed"),
    "partner": N_("made a partner"),
    "pass": N_("check passed by hand"),
    "password": N_("password"),
    "pause": N_("paused"),
    "pay": N_("paid"),
    "product": N_("account type"),
    "proposals": N_("second decision"),
    "prove": N_("proved"),
    "read": N_("read"),
    "refuse": N_("refused"),
    "reject": N_("rejected"),
    "release": N_("given back"),
    "reopen": N_("opened again"),
    "resend": N_("sent again"),
    "resolve": N_("resolved"),
    "restore": N_("restored"),
    "resume": N_("resumed"),
    "retry": N_("tried again"),
    "returned": N_("returned"),
    "reveal": N_("unmasked"),
    "reverse": N_("reversed"),
    "review": N_("reviewed"),
    "revoke": N_("revoked"),
    "risk": N_("risk set"),
    "rules": N_("rules written"),
    "sections": N_("changed"),
    "set-up": N_("set up"),
    "settings": N_("settings changed"),
    "sign": N_("signed"),
    "spread": N_("spread out"),
    "stage": N_("stage changed"),
    "start": N_("started"),
    "stop": N_("stopped"),
    "submit": N_("submitted"),
    "swap-free": N_("swap-free"),
    "tag": N_("tagged"),
    "tags": N_("tagged"),
    "take-back": N_("taken back"),
    "test": N_("connection tested"),
    "tokens": N_("key made"),
    "transfer": N_("transferred"),
    "try": N_("tried"),
    "undo": N_("undone"),
    "unfreeze": N_("unfrozen"),
    "unlink": N_("unlinked"),
    "verify": N_("answered"),
    "zone": N_("read by machine"),
}
"""What the last word of an address does."""
_BY_ITSELF: Final = N_("by itself")
_CHANGED: Final = N_("changed")
_SIDES: Final = frozenset({"desk", "api", "v1", "partner"})
_MODULES: Final[Mapping[str, str]] = {
    "payments": "deposits",
    "trading": "accounts",
    "crm": "messages",
    "fees": "money",
}
_REQUEST: Final = re.compile(r"(?:POST|PUT|PATCH|DELETE) (/\S*)")
_REACTION: Final = re.compile(r"(?:brokerage\.|stoa\.)?([a-z_]+)[:.][a-z_.]+")


def deed(action: str) -> str:
    """`Withdrawals: approved` for `POST /desk/withdrawals/{withdrawal}/approve`.

    A name nobody has words for stands as it is: it is the record.
    """
    request = _REQUEST.fullmatch(action)
    if request is not None:
        words = [one for one in request[1].split("/") if one and not one.startswith("{")]
        if len(words) > 1 and words[0] in _SIDES:
            words = words[1:]
        thing = THINGS.get(words[0]) if words else None
        done = DEEDS.get(words[-1], _CHANGED) if len(words) > 1 else _CHANGED
    else:
        reaction = _REACTION.fullmatch(action)
        module = reaction[1] if reaction is not None else ""
        thing, done = THINGS.get(_MODULES.get(module, module)), _BY_ITSELF
    say = shown().texts.gettext
    return f"{say(thing)}: {say(done)}" if thing else action
