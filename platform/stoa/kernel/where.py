"""Where the parts of the product that are not Python lie, in a checkout and in an installed wheel."""

import hashlib
import os
import stat
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

STATE_VARIABLE = "STOA_STATE"
_PACKAGE = Path(__file__).resolve().parents[1]


class NotFoundHere(LookupError):
    """A part of the installation is missing: not a visitor's mistake, so not a Refusal."""


def checkout() -> Path | None:
    """The root of the source tree this code runs from; None when installed from a wheel."""
    root = _PACKAGE.parents[1]
    if (root / "pyproject.toml").is_file() and (root / "platform" / "stoa").is_dir():
        return root
    return None


def themes() -> Path:
    """The folder with one folder per theme."""
    return _shipped("themes", "themes")


def migrations() -> Path:
    """The folder with the two migration lines, `platform` and `tenants`."""
    return _shipped("migrations", "migrations")


def blueprints() -> Path:
    """The folder with the settings a tenant may start from, one TOML file each."""
    return _shipped("blueprints", "tenants/blueprints")


def node_modules() -> Path:
    """Where the pinned front-end packages are unpacked; only a checkout has them."""
    root = checkout()
    if root is None:
        raise NotFoundHere("front-end packages are unpacked in a checkout, and this is a wheel")
    return root / "node_modules"


def state(environ: Mapping[str, str] = os.environ) -> Path:
    """The directory for everything that outlives a run: databases, secrets, uploaded files.

    `STOA_STATE` names it; otherwise it is `.stoa` in the checkout. PostgreSQL refuses to run as
    root, so that for root its files belong to `nobody`, who cannot walk into a private home: then,
    and wherever the checkout is not ours to write, it is a directory of this checkout elsewhere.
    """
    if named := environ.get(STATE_VARIABLE):
        return Path(named).expanduser().resolve()
    return _usual_state(checkout(), environ)


def _usual_state(root: Path | None, environ: Mapping[str, str]) -> Path:
    if root is None:
        return _elsewhere(environ)
    if os.geteuid() == 0 and not open_to_all(root):
        return _elsewhere(environ, root)
    usual = root / ".stoa"
    if usual.exists():
        return usual if usual.stat().st_uid == os.geteuid() else _elsewhere(environ, root)
    return usual if os.access(root, os.W_OK) else _elsewhere(environ, root)


def open_to_all(path: Path) -> bool:
    """Whether any account may walk down to `path`."""
    folders = [folder for folder in (path, *path.parents) if folder.is_dir()]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def _elsewhere(environ: Mapping[str, str], root: Path | None = None) -> Path:
    name = hashlib.sha256(str(root).encode()).hexdigest()[:12] if root else "stoa"
    if os.geteuid() == 0:
        if os.access("/var/lib", os.W_OK):
            return Path("/var/lib/stoa") / name
        return Path("/tmp") / f"stoa-{name}"  # noqa: S108 - its owner is checked when it is made
    home = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "stoa" / name


def _shipped(kind: str, in_checkout: str) -> Path:
    wheel = Path(str(files("stoa"))) / "_data" / kind
    if wheel.is_dir():
        return wheel
    root = checkout()
    if root is not None and (root / in_checkout).is_dir():
        return root / in_checkout
    raise NotFoundHere(f"the {kind} that ship with the product are missing from this installation")
