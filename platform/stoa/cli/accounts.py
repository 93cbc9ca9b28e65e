"""Whom the database servers run as, and the files only they may read."""

import os
import pwd
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stoa.kernel import where


@dataclass(frozen=True, slots=True)
class Account:
    """The owner of the servers' files: us, or `nobody` when we are root."""

    uid: int
    gid: int

    @property
    def given_up(self) -> bool:
        """Whether a program of this account has to give up being root."""
        return os.geteuid() != self.uid

    @property
    def user(self) -> int | None:
        """What subprocess takes as `user`: nobody else where nothing is given up."""
        return self.uid if self.given_up else None

    @property
    def group(self) -> int | None:
        """What subprocess takes as `group`."""
        return self.gid if self.given_up else None

    @property
    def extra_groups(self) -> list[int] | None:
        """What subprocess takes as `extra_groups`: none of root's."""
        return [] if self.given_up else None

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to this account, closed to all others."""
        path.chmod(mode)
        if self.given_up:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """A folder of this account, made where it is missing."""
        path.mkdir(parents=True, exist_ok=True)
        self.own(path, 0o700)
        return path

    def write(self, path: Path, text: str) -> Path:
        """A file only this account reads."""
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        self.own(path, 0o600)
        return path


def server_account() -> Account:
    """PostgreSQL refuses to be root; `nobody` exists everywhere and owns nothing else."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def own_state(state: Path) -> Path:
    """The state directory, ours alone to list and open to walk through for the servers' account.

    Raises:
        PermissionError: somebody else made it first, as can happen below /tmp; or we are root and
            it lies where the servers' account cannot walk.
    """
    state.mkdir(parents=True, exist_ok=True)
    if state.stat().st_uid != os.geteuid() or state.is_symlink():
        raise PermissionError(f"{state} belongs to somebody else; set STOA_STATE to another place")
    state.chmod(0o711)
    if server_account().given_up and not where.open_to_all(state):
        raise PermissionError(
            f"{state} lies below a private folder, and PostgreSQL does not run as root: "
            "set STOA_STATE to another place"
        )
    return state


def keep_secrets(directory: Path, names: Iterable[str]) -> None:
    """Make the secrets that are missing, one file each; what exists is never changed."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    us = Account(os.geteuid(), os.getegid())
    for name in names:
        if not (directory / name).exists():
            us.write(directory / name, secrets.token_urlsafe(32) + "\n")


def copied(source: Path, target: Path, account: Account) -> Path:
    """A copy of a folder that `account` may read, made again when the source has changed."""
    mark = target.with_name(target.name + ".from")
    seen = f"{source} {source.stat().st_mtime_ns}"
    if mark.is_file() and mark.read_text() == seen and target.is_dir():
        return target
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            account.own(path, 0o700 if path.is_dir() else path.stat().st_mode & 0o700 | 0o400)
    account.write(mark, seen)
    return target
