"""What one case is, and how it is played: never more than one at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from brokerage.trading.conformance.report import Finding, Verdict
from brokerage.trading.conformance.stage import Failed, Lacking, Stage, Unchecked, names
from brokerage.trading.connector import Verb
from stoa.kernel.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Case:
    """`title` is a promise of the port; `verbs` must all be offered for it to be played."""

    code: str
    title: str
    verbs: frozenset[Verb]
    play: Callable[[Stage], Awaitable[None]]
    push: bool = False

    def lacking(self, stage: Stage) -> str:
        """Why the adapter does not offer this, or nothing."""
        missing = names(self.verbs - stage.can.verbs)
        if missing:
            return f"declared as lacking: {', '.join(missing)}"
        return "declared as lacking: push" if self.push and not stage.can.push else ""


def case(code: str, title: str, *verbs: Verb, push: bool = False) -> Callable[..., Case]:
    """Name a function as a case."""

    def made(play: Callable[[Stage], Awaitable[None]]) -> Case:
        return Case(code, title, frozenset(verbs), play, push)

    return made


async def played(stage: Stage, one: Case) -> Finding:
    """Play a case; whatever it raises becomes a verdict."""
    lacking = one.lacking(stage)
    if lacking:
        return _finding(stage, one, Verdict.NOT_OFFERED, lacking, 0.0)
    began = time.monotonic()
    verdict, why = Verdict.PASSED, ""
    try:
        async with asyncio.timeout(stage.plan.case_s):
            await one.play(stage)
    except Lacking as told:
        verdict, why = Verdict.NOT_OFFERED, str(told)
    except Unchecked as told:
        verdict, why = Verdict.UNCHECKED, str(told)
    except Failed as told:
        verdict, why = Verdict.FAILED, str(told)
    except TimeoutError:
        verdict, why = Verdict.FAILED, f"Not done within {stage.plan.case_s:.0f} s."
    except Refusal as told:
        verdict, why = Verdict.FAILED, f"{type(told).__name__} {told.code}: {told}"
    except Exception as told:
        # An adapter may raise refusals and nothing else.
        verdict, why = Verdict.FAILED, f"raised {type(told).__name__}: {told}"
    return _finding(stage, one, verdict, why, time.monotonic() - began)


def _finding(stage: Stage, one: Case, verdict: Verdict, why: str, took_s: float) -> Finding:
    return Finding(
        code=one.code,
        verbs=names(one.verbs),
        title=one.title,
        verdict=verdict,
        why=why,
        calls=stage.recorder.taken(),
        took_ms=round(took_s * 1000),
    )
