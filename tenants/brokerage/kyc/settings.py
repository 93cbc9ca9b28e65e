"""What a tenant may tune in verification: packs, questionnaires, risk, lists, blocked countries."""

from typing import Annotated, Any, ClassVar, Self

import msgspec

from brokerage.kyc.jurisdictions import defaults, forms
from brokerage.kyc.jurisdictions.packs import Blocked, Pack, Questionnaire, StepKind
from brokerage.kyc.risk import RiskModel
from stoa.kernel.refusals import Unfit


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Against which lists, and from which score a person looks at it."""

    lists: tuple[str, ...] = ("ofac-sdn",)
    threshold: Annotated[int, msgspec.Meta(ge=60, le=100)] = 80


class KycSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `kyc` slice. The first pack that fits a client is the client's jurisdiction."""

    RETIRED: ClassVar[frozenset[str]] = frozenset({"face_match_least"})

    packs: tuple[Pack, ...] = defaults.PACKS
    questionnaires: tuple[Questionnaire, ...] = defaults.QUESTIONNAIRES
    risk: RiskModel = RiskModel()
    blocked: Blocked = Blocked()
    screening: Screening = Screening()
    demo_before_verified: bool = True
    live_before_verified: bool = False
    provider: str = ""
    """Code of the verification provider; empty means that officers look at documents themselves."""
    connections: dict[str, dict[str, Any]] = {}
    """What each provider's connector is told (`[kyc.connections.sumsub]`); secrets lie in the vault."""
    poll_after_s: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 120
    """A provider that has been silent for so long is asked."""
    claim_minutes: Annotated[int, msgspec.Meta(ge=1, le=240)] = 10
    expiry_warn_days: tuple[Annotated[int, msgspec.Meta(ge=1, le=365)], ...] = (60, 30, 7)
    second_officer_for: tuple[str, ...] = ("override", "risk-downgrade", "limit-lift")

    def __post_init__(self) -> None:
        """Refuse what cannot work, with the path; msgspec turns it into a validation error."""
        _unique("packs", [pack.code for pack in self.packs])
        _unique("questionnaires", [each.code for each in self.questionnaires])
        known = {each.code for each in self.questionnaires}
        for each in self.questionnaires:
            _scored(each)
        for pack in self.packs:
            _consistent(pack, known, set(self.risk.bands))

    def pack(self, code: str) -> Pack | None:
        return next((pack for pack in self.packs if pack.code == code), None)

    def questionnaire(self, code: str) -> Questionnaire | None:
        return next((each for each in self.questionnaires if each.code == code), None)

    def with_packs(self, *packs: Pack) -> Self:
        return msgspec.structs.replace(self, packs=packs)


def _unique(where: str, codes: list[str]) -> None:
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise Unfit("{where}: {twice} is there twice", where=where, twice=", ".join(twice))


def _consistent(pack: Pack, questionnaires: set[str], bands: set[str]) -> None:
    where = f"packs.{pack.code}"
    _unique(f"{where}.steps", [step.code for step in pack.steps])
    _unique(f"{where}.levels", [level.code for level in pack.levels])
    pages = forms.steps_of(pack)
    for step in pages:
        _unique(f"{where}.steps.{step.code}.fields", [field.code for field in step.fields])
        if step.kind is StepKind.QUESTIONNAIRE and step.questionnaire not in questionnaires:
            raise Unfit(
                "{where}.steps.{code}: there is no questionnaire {questionnaire}, known are {these}",
                where=where,
                code=step.code,
                questionnaire=repr(step.questionnaire),
                these=", ".join(sorted(questionnaires)) or "none",
            )
    steps = {step.code for step in pages}
    for level in pack.levels:
        for missing in sorted(set(level.needs_steps) - steps):
            raise Unfit(
                "{where}.levels.{code}: there is no step {missing}",
                where=where,
                code=level.code,
                missing=repr(missing),
            )
        for missing in sorted(set(level.needs_checks) - set(pack.checks)):
            raise Unfit(
                "{where}.levels.{code}: the pack has no check {missing}",
                where=where,
                code=level.code,
                missing=repr(missing),
            )
    if set(pack.refresh_months) != bands:
        raise Unfit(
            "{where}.refresh_months: name every risk band: {these}",
            where=where,
            these=", ".join(sorted(bands)),
        )


def _scored(each: Questionnaire) -> None:
    where = f"questionnaires.{each.code}"
    _unique(f"{where}.questions", [question.code for question in each.questions])
    if not each.questions or not all(question.choices for question in each.questions):
        raise Unfit(
            "{where}: every questionnaire has questions, every question has choices", where=where
        )
    if not any(band.from_percent == 0 for band in each.bands):
        raise Unfit(
            "{where}.bands: one band starts at 0, so that every score has a meaning", where=where
        )
    _unique(f"{where}.bands", [str(band.from_percent) for band in each.bands])
