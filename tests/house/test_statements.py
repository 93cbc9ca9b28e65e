"""Statements that cost more to make than to run."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_aliases_are_made_once() -> None:
    """An alias copies every column of its table: made in the function that used it, it was a fifth
    of what the trader room's first screen cost.
    """
    late = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for root in ("platform", "tenants")
        for path in sorted((ROOT / root).rglob("*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "aliased"
    ]

    assert late == []
