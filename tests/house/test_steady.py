"""No test depends on how quick a machine is, or on the day and the zone it runs in.

Time and again a change was refused for a test that passed here and failed elsewhere: it had slept
for a while and then looked, or had given up after some seconds. What must come is waited for by a
condition and for long (`support.patience.until`); how long something took is read where it was
written down, or shown by the order of things.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = sorted(path for path in TESTS.rglob("*.py") if path != Path(__file__))
PATIENT_S = 60
"""Who gives up sooner gives up on a slow machine."""
COUNTED_S = 30
"""So long all looks of a counted loop may rest between them; each look takes its time, too."""
MOMENT_S = 0.2
"""A shorter sleep lets others have their turn, and nothing may rest on it."""
CLOCKS = {"monotonic", "perf_counter", "time"}
CONNECTORS = "tenants/brokerage/trading/connectors"
SLEEPS = {
    "support/walk/supporting.py": "each process believes what it read for a second",
    "support/walk/chromium.py": "a form takes the next press a moment after its answer",
    "platform/connectors/test_lines.py": "a provider that hangs",
    "tenants/sandbox/mail/test_mail.py": "who waits already and who asks later get the same",
    f"{CONNECTORS}/test_ctrader_at_the_sandbox.py": "bad ticks come meanwhile, or do not",
    f"{CONNECTORS}/test_matchtrader_at_the_sandbox.py": "parts rows by more than one window",
    f"{CONNECTORS}/test_tradelocker_at_the_sandbox.py": "past a slack, or further past it",
    f"{CONNECTORS}/test_tradelocker_stream.py": "the last news; all is read once more afterwards",
}
"""Where something sleeps without looking again, and why nothing rests on how long it is."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def number(node: ast.AST | None) -> float | None:
    value = getattr(node, "value", None)
    return (
        float(value) if isinstance(node, ast.Constant) and isinstance(value, int | float) else None
    )


def sleeps(node: ast.AST, loop: ast.AST | None = None) -> Iterator[tuple[ast.Call, ast.AST | None]]:
    """Every sleep below, with the loop that looks again after it: one that can end early."""
    for child in ast.iter_child_nodes(node):
        inner = loop
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner = None
        elif isinstance(child, ast.While) or (
            isinstance(child, ast.For)
            and any(isinstance(part, ast.Break | ast.Return) for part in ast.walk(child))
        ):
            inner = child
        if isinstance(child, ast.Call) and called(child) == "sleep" and child.args:
            yield child, inner
        yield from sleeps(child, inner)


def unlooked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Sleeps after which nobody looks again."""
    for node, loop in sleeps(tree):
        length = number(node.args[0])
        if loop is None and length is not None and length >= MOMENT_S:
            yield node.lineno, "sleeps instead of waiting for something"


def impatient(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Limits that a slow machine does not keep."""
    for node, loop in sleeps(tree):
        length = number(node.args[0])
        if isinstance(loop, ast.For) and called(loop.iter) == "range" and length:
            times = number(loop.iter.args[-1])  # type: ignore[attr-defined]
            if times is not None and length * times < COUNTED_S:
                yield node.lineno, f"looks again for {length * times:g} s only"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [one.value for one in node.keywords if one.arg == "within_s"]
        if called(node) == "wait_for":
            given += node.args[1:]
        if called(node) == "timeout" and isinstance(node.func, ast.Attribute):
            given += node.args
        if any((limit := number(one)) is not None and limit < PATIENT_S for one in given):
            yield node.lineno, "gives up within a minute"


def timed(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Assertions on how quick something was."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert) or not isinstance(node.test, ast.Compare):
            continue
        quick = isinstance(node.test.ops[-1], ast.Lt | ast.LtE)
        limit = number(node.test.comparators[-1])
        clock = any(called(part) in CLOCKS for part in ast.walk(node.test))
        if quick and clock and limit is not None and limit < PATIENT_S:
            yield node.lineno, "asserts how quick it was"


def dated(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The day and the zone of the machine."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            said = ast.unparse(node.func)
            if said in {"date.today", "datetime.today", "datetime.utcnow", "datetime.datetime.now"}:
                yield node.lineno, "takes the machine's day"
            if said == "datetime.now" and not (node.args or node.keywords):
                yield node.lineno, "takes the machine's zone"


RULES = (unlooked, impatient, timed, dated)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_test_depends_on_speed_or_day(rule) -> None:
    found = []
    for path in FILES:
        name = str(path.relative_to(TESTS))
        if rule is unlooked and name in SLEEPS:
            continue
        found += [f"{name}:{line} {why}" for line, why in rule(parsed(path))]

    assert found == []


def test_each_exception_is_one() -> None:
    for name in SLEEPS:
        assert list(unlooked(parsed(TESTS / name))), f"{name} needs no exception"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (unlooked, "async def test():\n    await sleep(0.3)\n    assert came"),
        (unlooked, "for one in some:\n    time.sleep(1)"),
        (impatient, "for _ in range(40):\n    if came:\n        break\n    time.sleep(0.1)"),
        (impatient, "await asyncio.wait_for(task, 5)"),
        (impatient, "async with asyncio.timeout(10):\n    pass"),
        (impatient, "await site.ready(within_s=20)"),
        (timed, "assert time.monotonic() - began < 5"),
        (dated, "at = date.today()"),
        (dated, "at = datetime.now()"),
    ],
)
def test_each_rule_sees_what_it_is_about(rule, code) -> None:
    assert list(rule(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "while not came:\n    await asyncio.sleep(0.5)",
        "for _ in range(400):\n    if came:\n        break\n    time.sleep(0.1)",
        "assert time.monotonic() - began >= 0.6",
        "assert time.monotonic() < ends",
        "at = datetime.now(UTC)",
        "await until(lambda: came)",
    ],
)
def test_no_rule_minds_what_is_right(code) -> None:
    for rule in RULES:
        assert list(rule(ast.parse(code))) == [], rule.__name__
