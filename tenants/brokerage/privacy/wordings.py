"""States, kinds and causes as words."""

from typing import Final

from brokerage.privacy.asking import REFUSALS
from brokerage.privacy.rules import SENTENCES
from stoa.theming import statuses, words
from stoa.theming.statuses import Status, Tone
from stoa.theming.texts import N_

STATES: Final = {
    "asked": N_("Asked"),
    "proposed": N_("Waits for a second person"),
    "running": N_("Being carried out"),
    "done": N_("Carried out"),
    "refused": N_("Refused"),
}
CAUSES: Final = {
    "client": N_("The client's wish"),
    "letter": N_("The client's wish by letter"),
    "period": N_("End of the time of keeping"),
}
CATEGORIES: Final = {
    "marketing": N_("Marketing data and origin"),
    "traces": N_("Traces of signing in: devices and addresses"),
    "communications": N_("Letters, notices and notes"),
    "documents": N_("Identity documents and other papers"),
    "screening": N_("Results of checks"),
    "financial": N_("Payment details and reasons of payments"),
    "identity": N_("Identity and contact details"),
}
_TONES: Final = {
    "asked": Tone.NEEDS,
    "proposed": Tone.NEEDS,
    "running": Tone.MOVING,
    "done": Tone.DONE,
    "refused": Tone.STOPPED,
}

words.learn({f"because {code}": label for code, label in SENTENCES.items()})
words.learn({f"erasure refused {code}": label for code, label in REFUSALS.items()})
words.learn({f"personal {code}": label for code, label in CATEGORIES.items()})
words.learn({f"erasure for {code}": label for code, label in CAUSES.items()})
statuses.learn({f"erasure {code}": Status(label, _TONES[code]) for code, label in STATES.items()})
statuses.learn(
    {
        "says goes": Status(N_("Goes"), Tone.STOPPED),
        "says gone": Status(N_("Gone"), Tone.WAITING),
        "says later": Status(N_("Goes on a day"), Tone.WAITING),
        "says stays": Status(N_("Stays"), Tone.DONE),
        "hold on": Status(N_("Stands"), Tone.STOPPED, icon="gavel"),
        "hold asked": Status(N_("Lifting is asked for"), Tone.NEEDS, icon="gavel"),
        "hold lifted": Status(N_("Lifted"), Tone.WAITING),
    }
)
