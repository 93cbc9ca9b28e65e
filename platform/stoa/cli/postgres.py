"""The embedded PostgreSQL: a data directory made once, and the server that runs on it."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from stoa.cli import binaries
from stoa.cli.accounts import Account
from stoa.cli.processes import Known, started, stop
from stoa.cli.programs import Program
from stoa.kernel.config import Role

# What a real installation sets as well (infra/): a crash must cost neither money nor minutes.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # Behind a directory that only its owner enters; a password is asked for all the same.
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "160",
    "reserved_connections": "12",
    # The indexes of a month's deals; a small installation never touches all of it.
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    # A schema per tenant: dropping or migrating one takes a lock on each of its tables.
    "max_locks_per_transaction": "512",
    "idle_in_transaction_session_timeout": "10s",
    # The default walks every file of every tenant after a crash: minutes, where this takes seconds.
    "recovery_init_sync_method": "syncfs",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "log_lock_waits": "on",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
# For tests: a killed process loses nothing that the kernel was given; a killed machine may.
FLEETING = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}
LINUX_ONLY = {"recovery_init_sync_method"}
VARIABLES = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
_LONGEST_SOCKET = 100
"""The kernel takes 107 bytes for the path of a socket (unix(7)); macOS takes 103."""


class WrongData(RuntimeError):
    """The data directory was made by another major version of PostgreSQL."""


def prepare(state: Path, account: Account, *, port: int, secrets: Path, durable: bool) -> Program:
    """Make the data directory where there is none, and name the server to run on it.

    Raises:
        WrongData: the directory needs another PostgreSQL.
        subprocess.CalledProcessError: initdb failed; its output is in the error.
    """
    installed = binaries.postgres(state, account)
    home = account.folder(state / "postgres")
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(installed, home, account, (secrets / Role.ADMIN).read_text().strip(), durable)
    _same_version(installed, data, account)
    told = SETTINGS | (DURABLE if durable else FLEETING) | {"port": str(port)}
    told["unix_socket_directories"] = str(socket_folder(state, port) or "")
    if os.uname().sysname != "Linux":
        told = {key: value for key, value in told.items() if key not in LINUX_ONLY}
    options = [part for key, value in told.items() for part in ("-c", f"{key}={value}")]
    return Program(
        name="postgres",
        argv=[str(installed / "bin" / "postgres"), "-D", str(data), *options],
        env=VARIABLES,
        inherit=False,
        account=account,
        before=lambda: release(data),
        ready=lambda: _says_ready(data),
        ready_within_s=180,
        stop_by=signal.SIGINT,
        grace_s=30,
        restarts=5,
        mutes=("logical replication launcher",),
        colour="blue",
    )


def socket_folder(state: Path, port: int) -> Path | None:
    """Where the server's socket lies: half the time per statement of a loopback connection.

    None where the path would be longer than a socket's may be.
    """
    folder = state.absolute() / "postgres"
    return folder if len(str(folder / f".s.PGSQL.{port}").encode()) <= _LONGEST_SOCKET else None


def release(data: Path) -> None:
    """Stop a server that an earlier start left on this directory, and forget one that is gone.

    PostgreSQL itself refuses to start where the number in its lock file runs again as a stranger.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    begun = started(pid)
    if begun is not None and _works_on(pid, data):
        stop(Known("postgres", pid, begun), by=signal.SIGINT, grace_s=30)
    lock.unlink(missing_ok=True)
    for left in data.parent.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _works_on(pid: int, data: Path) -> bool:
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    with contextlib.suppress(OSError):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return "postgres" in shown and f"-D {data} " in shown


def _says_ready(data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _initialise(
    installed: Path, home: Path, account: Account, password: str, durable: bool
) -> None:
    # Made beside and moved when complete, so that a start killed in the middle leaves no half.
    draft = home / "data.new"
    subprocess.run(["rm", "-rf", str(draft)], check=True)
    # Not over stdin: after giving up root, initdb could not open it again.
    handed = account.write(home / "password", password + "\n")
    command = [
        *[str(installed / "bin" / "initdb"), "-D", str(draft), "-U", Role.ADMIN.value],
        *["--auth=scram-sha-256", f"--pwfile={handed}", "-E", "UTF8", "--data-checksums"],
        *["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"],
        *([] if durable else ["--no-sync"]),
    ]
    try:
        _as(account, command)
    except subprocess.CalledProcessError as error:
        error.add_note(str(error.stderr))
        raise
    finally:
        handed.unlink()
    draft.rename(home / "data")


def _same_version(installed: Path, data: Path, account: Account) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    told = _as(account, [str(installed / "bin" / "postgres"), "--version"])
    if told.split()[-1].partition(".")[0] != made_by:
        raise WrongData(
            f"{data} was made by PostgreSQL {made_by}, and this is {told.strip()}: move the data "
            "with pg_dump, or name another directory in STOA_STATE"
        )


def _as(account: Account, command: list[str]) -> str:
    return subprocess.run(
        command,
        check=True,
        cwd="/",
        env=VARIABLES,
        capture_output=True,
        text=True,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    ).stdout
