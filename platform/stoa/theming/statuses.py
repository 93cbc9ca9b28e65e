"""One registry of states: a word, a tone and an icon, the same on every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from markupsafe import Markup

from stoa.theming.icons import icon
from stoa.theming.look import TONE_ICONS, shown
from stoa.theming.texts import N_


class Tone(StrEnum):
    """Who has the ball: grey nobody yet, amber you, blue us, green nobody any more, red stopped."""

    WAITING = "waiting"
    NEEDS = "needs"
    MOVING = "moving"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    label: str
    tone: Tone
    icon: str = ""

    @property
    def drawn(self) -> str:
        return self.icon or ICONS[self.tone]


ICONS: Final[Mapping[Tone, str]] = {tone: TONE_ICONS[tone.value] for tone in Tone}

_KNOWN: Final[dict[str, Status]] = {
    # nobody has acted yet
    "draft": Status(N_("Draft"), Tone.WAITING, icon="pencil"),
    "new": Status(N_("New"), Tone.WAITING, icon="sparkles"),
    "waiting": Status(N_("Waiting"), Tone.WAITING),
    "queued": Status(N_("Queued"), Tone.WAITING),
    "pending": Status(N_("Pending"), Tone.WAITING),
    "requested": Status(N_("Requested"), Tone.WAITING),
    "scheduled": Status(N_("Scheduled"), Tone.WAITING, icon="calendar-time"),
    "held": Status(N_("On hold"), Tone.WAITING, icon="player-pause"),
    "unknown": Status(N_("Being looked up"), Tone.WAITING, icon="help-circle"),
    "invited": Status(N_("Invited"), Tone.WAITING, icon="mail"),
    "archived": Status(N_("Archived"), Tone.WAITING, icon="archive"),
    "closed": Status(N_("Closed"), Tone.WAITING, icon="lock"),
    "cancelled": Status(N_("Cancelled"), Tone.WAITING, icon="circle-minus"),
    "read_only": Status(N_("Read only"), Tone.WAITING, icon="eye"),
    "dismissed": Status(N_("Dismissed"), Tone.WAITING, icon="circle-minus"),
    "inactive": Status(N_("Inactive"), Tone.WAITING, icon="circle-minus"),
    # the reader has to act
    "needs_you": Status(N_("Needs you"), Tone.NEEDS),
    "missing": Status(N_("Missing"), Tone.NEEDS),
    "incomplete": Status(N_("Incomplete"), Tone.NEEDS),
    "review": Status(N_("In review"), Tone.NEEDS, icon="eye-check"),
    "flagged": Status(N_("Flagged"), Tone.NEEDS, icon="flag"),
    "expiring": Status(N_("Expiring"), Tone.NEEDS, icon="hourglass-low"),
    "overdue": Status(N_("Overdue"), Tone.NEEDS, icon="alarm"),
    "past_due": Status(N_("Past due"), Tone.NEEDS, icon="alarm"),
    "degraded": Status(N_("Degraded"), Tone.NEEDS, icon="activity"),
    "unmatched": Status(N_("Unmatched"), Tone.NEEDS, icon="arrows-split-2"),
    "trial": Status(N_("Trial"), Tone.NEEDS, icon="hourglass-low"),
    # on its way
    "moving": Status(N_("Moving"), Tone.MOVING),
    "processing": Status(N_("Processing"), Tone.MOVING),
    "in_flight": Status(N_("In flight"), Tone.MOVING, icon="transfer"),
    "approved": Status(N_("Approved"), Tone.MOVING, icon="checks"),
    "sending": Status(N_("Sending"), Tone.MOVING, icon="send"),
    "sent": Status(N_("Sent"), Tone.MOVING, icon="send"),
    "claimed": Status(N_("Claimed"), Tone.MOVING, icon="user-check"),
    "checking": Status(N_("Checking"), Tone.MOVING),
    "provisioning": Status(N_("Being set up"), Tone.MOVING),
    "running": Status(N_("Running"), Tone.MOVING),
    "retrying": Status(N_("Trying again"), Tone.MOVING, icon="refresh"),
    "open": Status(N_("Open"), Tone.MOVING, icon="circle-dot"),
    "contacted": Status(N_("Contacted"), Tone.MOVING, icon="phone"),
    "accruing": Status(N_("Accruing"), Tone.MOVING, icon="coins"),
    # over, well
    "done": Status(N_("Done"), Tone.DONE),
    "active": Status(N_("Active"), Tone.DONE),
    "live": Status(N_("Live"), Tone.DONE),
    "verified": Status(N_("Verified"), Tone.DONE, icon="shield-check"),
    "completed": Status(N_("Completed"), Tone.DONE),
    "settled": Status(N_("Settled"), Tone.DONE),
    "paid": Status(N_("Paid"), Tone.DONE),
    "credited": Status(N_("Credited"), Tone.DONE),
    "passed": Status(N_("Passed"), Tone.DONE),
    "matched": Status(N_("Matched"), Tone.DONE),
    "accepted": Status(N_("Accepted"), Tone.DONE),
    "healthy": Status(N_("Healthy"), Tone.DONE),
    "won": Status(N_("Won"), Tone.DONE),
    "clear": Status(N_("All clear"), Tone.DONE, icon="shield-check"),
    "delivered": Status(N_("Delivered"), Tone.DONE),
    # over, or halted
    "stopped": Status(N_("Stopped"), Tone.STOPPED),
    "rejected": Status(N_("Rejected"), Tone.STOPPED),
    "declined": Status(N_("Declined"), Tone.STOPPED),
    "failed": Status(N_("Failed"), Tone.STOPPED),
    "refused": Status(N_("Refused"), Tone.STOPPED),
    "expired": Status(N_("Expired"), Tone.STOPPED, icon="hourglass-empty"),
    "suspended": Status(N_("Suspended"), Tone.STOPPED, icon="ban"),
    "blocked": Status(N_("Blocked"), Tone.STOPPED, icon="ban"),
    "reversed": Status(N_("Reversed"), Tone.STOPPED, icon="arrow-back-up"),
    "returned": Status(N_("Returned"), Tone.STOPPED, icon="arrow-back-up"),
    "down": Status(N_("Down"), Tone.STOPPED, icon="plug-connected-x"),
    "lost": Status(N_("Lost"), Tone.STOPPED),
    "revoked": Status(N_("Revoked"), Tone.STOPPED, icon="ban"),
    "deleted": Status(N_("Deleted"), Tone.STOPPED, icon="trash"),
    "dead": Status(N_("Dead letter"), Tone.STOPPED, icon="mail-x"),
}


def learn(words: Mapping[str, Status]) -> None:
    """Add states a module brings. One word has one meaning: a known one cannot change.

    Raises:
        ValueError: the word is known with another label or tone.
    """
    for word, told in words.items():
        key = _key(word)
        if _KNOWN.setdefault(key, told) != told:
            raise ValueError(f"the state {word!r} already means {_KNOWN[key].label!r}")


def known(word: str) -> Status:
    """The status of a state word; an unknown one waits, under its own name."""
    key = _key(word)
    if found := _KNOWN.get(key):
        return found
    return Status(key.replace("_", " ").capitalize(), Tone.WAITING)


def status(word: object, label: str | None = None, tone: str | None = None) -> Markup:
    """A state as a page shows it: icon, word, colour. `label` is already translated text."""
    if word is None:
        return Markup("")
    told = known(str(word))
    shade = Tone(tone) if tone else told.tone
    drawn = icon(told.drawn if shade is told.tone else ICONS[shade])
    text = label or said(word)
    return Markup('<span class="state tone-%s">%s%s</span>') % (shade.value, drawn, text)


def said(word: object) -> str:
    """A state by its word alone, in the reader's language."""
    return shown().texts.gettext(known(str(word)).label)


def tone(word: object) -> str:
    """The tone alone, for what is drawn in the colour of a state."""
    return known(str(word)).tone.value


def icons() -> frozenset[str]:
    """Every icon a status may draw, for the build that ships only what is used."""
    return frozenset(told.drawn for told in _KNOWN.values()) | frozenset(ICONS.values())


def _key(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
