"""What a tenant tunes here: the pipeline, who gets new leads, what a lead is worth."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit
from stoa.theming.texts import N_

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,23}$")]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A column of the board. Leads that became clients lie in the `won` one."""

    code: Code
    label: Annotated[str, Meta(min_length=1, max_length=40)]
    outcome: Literal["open", "won", "lost"] = "open"


class ScoreRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Points for a lead whose `field` is one of the values; no values: is filled in at all."""

    code: Code
    label: Annotated[str, Meta(min_length=1, max_length=80)]
    field: Literal["source", "campaign", "country", "language", "phone", "client"]
    values: tuple[Annotated[str, Meta(max_length=120)], ...] = ()
    points: Annotated[int, Meta(ge=-100, le=100)]


_STAGES = (
    Stage(code="new", label=N_("New")),
    Stage(code="contacted", label=N_("Contacted")),
    Stage(code="interested", label=N_("Interested")),
    Stage(code="won", label=N_("Became a client"), outcome="won"),
    Stage(code="lost", label=N_("Lost"), outcome="lost"),
)
_RULES = (
    ScoreRule(code="phone", label=N_("Can be called"), field="phone", points=20),
    ScoreRule(
        code="signed-up",
        label=N_("Began to open an account"),
        field="source",
        values=("registration",),
        points=40,
    ),
    ScoreRule(code="campaign", label=N_("Came by a campaign"), field="campaign", points=10),
)


class CrmSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first open stage is where leads begin; exactly one stage is `won`."""

    stages: Annotated[tuple[Stage, ...], Meta(min_length=2, max_length=12)] = _STAGES
    score: Annotated[tuple[ScoreRule, ...], Meta(max_length=40)] = _RULES
    assign: Literal["round-robin", "nobody"] = "round-robin"
    assign_role: Annotated[str, Meta(max_length=60)] = "Sales"
    unverified_after_hours: Annotated[int, Meta(ge=1, le=720)] = 24
    """A registration whose address is not proven by then becomes a lead."""
    first_call_hours: Annotated[int, Meta(ge=0, le=720)] = 4
    """New leads with an owner get a task due in so many hours; 0 opens none."""
    suppress_while_verifying: bool = True
    """No campaign reaches someone whose verification is being looked at."""

    def __post_init__(self) -> None:
        codes = [stage.code for stage in self.stages]
        if len(set(codes)) != len(codes):
            raise Unfit("two stages share a code")
        kinds = [stage.outcome for stage in self.stages]
        if kinds.count("won") != 1 or "open" not in kinds:
            raise Unfit("one stage is won, and at least one is open")

    def stage(self, code: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.code == code), None)

    @property
    def first(self) -> str:
        return next(stage.code for stage in self.stages if stage.outcome == "open")

    @property
    def won(self) -> str:
        return next(stage.code for stage in self.stages if stage.outcome == "won")

    @property
    def open_codes(self) -> tuple[str, ...]:
        return tuple(stage.code for stage in self.stages if stage.outcome == "open")
