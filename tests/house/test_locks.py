"""The locks name what is installed by version and hash, and never where it comes from."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==\S+", re.IGNORECASE)


def test_no_lock_names_a_host() -> None:
    """A registry's address in a lock ties every machine to that registry."""
    for name in ("requirements.lock", "package-lock.json"):
        assert "://" not in (ROOT / name).read_text(), name


def test_every_python_library_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    assert len(lines) > 50
    for line in lines:
        assert PINNED.match(line), line
        assert "--hash=sha256:" in line, line.split()[0]


def test_the_build_backend_is_in_the_lock() -> None:
    """Without it pip would fetch an unpinned one to install the project itself."""
    pins = (ROOT / "requirements.lock").read_text()

    assert re.search(r"^hatchling==", pins, re.MULTILINE)
    assert re.search(r"^editables==", pins, re.MULTILINE)


def test_every_front_end_package_is_pinned_and_hashed() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]

    assert lock["packages"][""]["dependencies"] == wanted
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for name, package in lock["packages"].items():
        assert name == "" or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package
