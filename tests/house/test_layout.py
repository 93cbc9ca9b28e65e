"""The two source roots stay roots."""

import ast
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import brokerage
import sandbox
import stoa

ROOT = Path(__file__).resolve().parents[2]


def test_the_source_roots_are_not_packages() -> None:
    """A `platform/__init__.py` shadowed Python's own `platform`: nothing that asks for the system's
    name worked any more, under `python -m pytest` and not under plain `pytest`. A
    `tenants/__init__.py` gives every module of the product a second name, and a second copy.
    """
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert not (ROOT / "tenants" / "__init__.py").exists()
    assert platform.system()


def test_each_package_comes_from_its_own_root() -> None:
    for package, root in ((stoa, "platform"), (brokerage, "tenants"), (sandbox, "tenants")):
        assert Path(str(package.__file__)).is_relative_to(ROOT / root)


def test_no_module_takes_the_name_of_the_standard_librarys() -> None:
    """`import secrets` beside a file of that name finds ours as soon as the folder is on the path."""
    taken = {"secrets", "email", "types", "queue", "calendar", "logging"}

    named = {path.stem for root in ("platform", "tenants") for path in (ROOT / root).rglob("*.py")}

    assert named & taken == set()


def test_no_test_meets_the_rows_of_another_file() -> None:
    """Counts held alone and failed beside other files, by whichever files a process was dealt: a
    tenant lives as long as one file's tests.
    """
    holds = ("house", "aurora", "borealis")
    longer = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name, takes in _fixtures_of_the_session(path)
        if takes & set(holds)
    ]

    assert longer == []


def test_no_test_forges_by_a_character_that_may_have_been_there() -> None:
    """`proof[:-1] + "0"` is the proof itself one time in sixteen; `forged` never is."""
    luck = re.compile(r"[a-z]\w*\[:-\d\] ?\+ ?\"")
    lucky = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if luck.search(line) and path != Path(__file__)
    ]

    assert lucky == []


def _fixtures_of_the_session(path: Path) -> Iterator[tuple[str, set[str]]]:
    for one in ast.walk(ast.parse(path.read_text())):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = [ast.unparse(mark) for mark in one.decorator_list]
            if any("fixture(scope='session'" in mark for mark in marks):
                yield one.name, {argument.arg for argument in one.args.args}
