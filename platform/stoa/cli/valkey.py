"""The embedded Valkey: doorbells, sessions and rate limits; nothing that PostgreSQL lacks."""

import socket
from pathlib import Path

from stoa.cli import binaries
from stoa.cli.accounts import Account
from stoa.cli.programs import Program

SETTINGS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "daemonize": "no",
    "appendonly": "no",
    "maxmemory": "256mb",
    # Only what expires anyway may be pushed out: a doorbell or a session, never a lock.
    "maxmemory-policy": "volatile-ttl",
    "loglevel": "warning",
    "tcp-keepalive": "60",
}


def prepare(state: Path, account: Account, *, port: int, secrets: Path, durable: bool) -> Program:
    """Write the configuration, with the password, where only the server reads it."""
    server = binaries.valkey(state, account)
    home = account.folder(state / "valkey")
    password = (secrets / "redis").read_text().strip()
    told = SETTINGS | {
        "port": str(port),
        "dir": f'"{home}"',
        "requirepass": password,
        "save": "60 1" if durable else '""',
    }
    text = "".join(f"{key} {value}\n" for key, value in told.items())
    settings = account.write(home / "valkey.conf", text)
    return Program(
        name="valkey",
        argv=[str(server), str(settings)],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        inherit=False,
        account=account,
        ready=lambda: answers(port, password),
        ready_within_s=30,
        restarts=5,
        mutes=("Memory overcommit",),
        colour="red",
    )


def answers(port: int, password: str) -> bool:
    """Whether the server with this password answers, its snapshot loaded."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\r\n") < 2:
                part = line.recv(256)
                if not part:
                    return False
                said += part
    except OSError:
        return False
    return b"+PONG" in said
