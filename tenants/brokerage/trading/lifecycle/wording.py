"""What wanted changes are called, and how their owner hears what became of them."""

from typing import Any, Final

from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.model import TradingAccount
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

KINDS: Final = {
    Wish.LEVERAGE: N_("Leverage"),
    Wish.PRODUCT: N_("Kind of account"),
    Wish.GROUP: N_("Group"),
    Wish.PASSWORD: N_("New password"),
    Wish.SWAP_FREE: N_("Without swaps"),
    Wish.SWAPS: N_("With swaps again"),
    Wish.ACCESS: N_("Access"),
    Wish.ARCHIVE: N_("Archive"),
    Wish.RESTORE: N_("Restore"),
    Wish.DORMANT: N_("Idle account"),
    Wish.MIGRATE: N_("Move to another server"),
}
ICONS: Final = {
    Wish.LEVERAGE: "scale",
    Wish.PRODUCT: "layout-grid",
    Wish.GROUP: "folder",
    Wish.PASSWORD: "key",
    Wish.SWAP_FREE: "moon",
    Wish.SWAPS: "sun",
    Wish.ACCESS: "lock",
    Wish.ARCHIVE: "archive",
    Wish.RESTORE: "archive-off",
    Wish.DORMANT: "zzz",
    Wish.MIGRATE: "server",
}
ACCESS: Final = {
    "full": N_("Everything"),
    "close-only": N_("Only closing"),
    "no-trading": N_("No trading"),
    "no-login": N_("No signing in"),
}
_DONE: Final = {
    Wish.LEVERAGE: N_("The leverage of your account {login} is 1:{leverage} now"),
    Wish.PRODUCT: N_("Your account {login} is of the kind {product} now"),
    Wish.PASSWORD: N_("Your account {login} has a new password: look at it once"),
    Wish.SWAP_FREE: N_("Your account {login} has no swaps now"),
    Wish.SWAPS: N_("Your account {login} has swaps again"),
    Wish.ARCHIVE: N_("Your account {login} is archived"),
    Wish.RESTORE: N_("Your account {login} is in use again"),
}
_REFUSED: Final = N_("Your request about account {login} was refused")

words.learn({**{str(key): text for key, text in KINDS.items()}, **ACCESS})
learn(
    {
        "request planned": Status(N_("Planned"), Tone.WAITING),
        "request asked": Status(N_("Waits for a decision"), Tone.NEEDS),
        "request approved": Status(N_("To be sent"), Tone.MOVING),
        "request sending": Status(N_("Being sent"), Tone.MOVING),
        "request done": Status(N_("Done"), Tone.DONE),
        "request refused": Status(N_("Refused"), Tone.STOPPED),
        "request cancelled": Status(N_("Taken back"), Tone.STOPPED),
        "batch planned": Status(N_("Planned"), Tone.WAITING),
        "batch asked": Status(N_("Waits for a second person"), Tone.NEEDS),
        "batch running": Status(N_("Running"), Tone.MOVING),
        "batch paused": Status(N_("Paused"), Tone.WAITING),
        "batch done": Status(N_("Done"), Tone.DONE),
        "batch cancelled": Status(N_("Taken back"), Tone.STOPPED),
    }
)


def wanted(row: AccountRequest) -> str:
    """What is wanted, in a few signs that need no translation, or a code that `word` translates."""
    wants: dict[str, Any] = row.wants
    match row.kind:
        case Wish.LEVERAGE:
            return f"1:{wants['leverage']}"
        case Wish.PRODUCT:
            return f"{wants['product']} · 1:{wants['leverage']}"
        case Wish.GROUP | Wish.SWAP_FREE | Wish.SWAPS:
            return str(wants.get("group", ""))
        case Wish.DORMANT:
            return f"step {wants.get('step', '')}"
        case Wish.MIGRATE:
            return f"{wants.get('server', '')} · {wants.get('group', '')}"
        case _:
            return ""


async def tell(work: Work, row: AccountRequest) -> None:
    """Tell the owner what became of it, where they asked for it or it concerns them."""
    title = _DONE.get(Wish(row.kind)) if row.state == RequestState.DONE else None
    if row.state == RequestState.REFUSED and row.asked_kind == "client":
        title = _REFUSED
    if title is None:
        return
    account = await work.get(TradingAccount, row.account)
    places = {
        "login": str(account.login or ""),
        "leverage": str(row.wants.get("leverage", "")),
        "product": str(row.wants.get("product", "")),
    }
    used = {key: value for key, value in places.items() if "{" + key + "}" in title}
    await notices.tell(work, row.client, title, path=f"/accounts/{row.account}", **used)


EFFECTS: Final = {
    "margin-call": N_("Margin call"),
    "stop-out": N_("Closes positions"),
}
STEPS: Final = {
    "notify": N_("Told"),
    "fee": N_("Charged"),
    "disable": N_("Put to sleep"),
    "archive": N_("Archived"),
}
CLASSES: Final = {
    "fx_major": N_("Major pairs"),
    "fx_minor": N_("Minor pairs"),
    "gold": N_("Gold"),
    "index": N_("Indices"),
    "index_minor": N_("Minor indices"),
    "commodity": N_("Commodities"),
    "share": N_("Shares"),
    "crypto": N_("Coins"),
    "other": N_("Other markets"),
}
words.learn(
    {
        **{f"class {key}": text for key, text in CLASSES.items()},
        **EFFECTS,
        **{f"step {key}": text for key, text in STEPS.items()},
        "step exempt": N_("Kept awake"),
        "asked client": N_("The client"),
        "asked staff": N_("Staff"),
        "asked rule": N_("A rule"),
    }
)
