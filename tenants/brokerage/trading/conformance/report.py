"""What a run found, as values, and as a page a person reads."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class Verdict(StrEnum):
    """NOT_OFFERED: the adapter declares that its platform lacks it. UNCHECKED: this server, or
    this run, gave no way to see it.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_OFFERED = "not-offered"
    UNCHECKED = "unchecked"


class Call(msgspec.Struct, frozen=True):
    """One question of the port and its answer, both without secrets."""

    asked: str
    answered: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    verbs: tuple[str, ...]
    title: str
    verdict: Verdict
    why: str = ""
    calls: tuple[Call, ...] = ()
    took_ms: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`facts` are what the server and the adapter say of themselves; `left` is what a run leaves."""

    connector: str
    label: str
    identity: str
    began: datetime
    took_s: float
    facts: dict[str, str]
    findings: tuple[Finding, ...]
    left: tuple[str, ...]

    def of(self, code: str) -> Finding:
        return next(one for one in self.findings if one.code == code)

    def count(self, verdict: Verdict) -> int:
        return sum(one.verdict is verdict for one in self.findings)

    @property
    def fine(self) -> bool:
        return not self.count(Verdict.FAILED)


_WORDS: Final = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "FAIL",
    Verdict.NOT_OFFERED: "not offered",
    Verdict.UNCHECKED: "not checked",
}


def as_json(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def as_markdown(report: Report) -> str:
    """The summary first, then what failed, then every case with what was asked and answered."""
    lines = [
        f"# {report.label} ({report.connector})",
        "",
        f"{'Conforms' if report.fine else 'DOES NOT CONFORM'}: "
        + ", ".join(f"{report.count(one)} {_WORDS[one]}" for one in Verdict)
        + f". Run at {report.began:%Y-%m-%d %H:%M} UTC, {report.took_s:.1f} s.",
        "",
        "## The server",
        "",
        "| | |",
        "|---|---|",
        *(f"| {_cell(name)} | {_cell(text)} |" for name, text in report.facts.items()),
        "",
        "## Cases",
        "",
        "| case | verbs | result | why |",
        "|---|---|---|---|",
        *(
            f"| {_cell(one.title)} | {', '.join(one.verbs)} | {_WORDS[one.verdict]} "
            f"| {_cell(one.why)} |"
            for one in report.findings
        ),
    ]
    lines += ["", "## Left behind", "", *(f"- {_line(one)}" for one in report.left or ("nothing",))]
    lines += ["", "## What was asked and answered", ""]
    for one in report.findings:
        if one.calls:
            lines += [f"### {one.title}: {_WORDS[one.verdict]} ({one.took_ms} ms)", ""]
            lines += [f"- `{_code(call.asked)}` → `{_code(call.answered)}`" for call in one.calls]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("\\", "\\\\").replace("|", "\\|")


def _code(text: str) -> str:
    return _line(text).replace("`", "'")
