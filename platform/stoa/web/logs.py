"""Logs of every process: one JSON line each where a machine reads, short lines for people."""

import logging
import os
import sys
from typing import Any, Final

import structlog

_ALWAYS: Final = ("timestamp", "process")
"""What the line of a terminal has no room for: its reader sees both."""
_SECRET = ("password", "token", "secret", "authorization", "cookie", "csrf")


def set_up(process: str) -> None:
    """Called once at the start of a process."""
    level = os.environ.get("STOA_LOG", "info").upper()
    logging.basicConfig(stream=sys.stdout, level=level, format="%(message)s", force=True)
    for noisy in ("httpx2", "httpx", "asyncio", "arq", "aiosmtplib", "PIL", "granian.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if os.environ.get("STOA_LOG_JSON", "") == "1"
        else _for_people(coloured=sys.stdout.isatty() or "FORCE_COLOR" in os.environ)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            _one_line,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


_COLOURS: Final = {"warning": "33", "error": "31", "critical": "31", "debug": "2"}


def _for_people(*, coloured: bool) -> Any:
    """Short lines for whoever watches; what was asked and answered reads as one sentence."""

    def shown(_logger: Any, _method: str, event: Any) -> str:
        level = event.pop("level", "info")
        said = {key: value for key, value in event.items() if key not in _ALWAYS}
        trace = said.pop("exception", None)
        line = _exchange(said) if said["event"] in {"request", "egress"} else said.pop("event")
        words = [line, *(f"{key}={value}" for key, value in said.items() if value is not None)]
        line = " ".join(words)
        if coloured and level in _COLOURS:
            line = f"\x1b[{_COLOURS[level]}m{line}\x1b[0m"
        return f"{line}\n{trace}" if trace else line

    return shown


def _exchange(said: dict[str, Any]) -> str:
    """One request, ours or to us; who it was and its reference only where it went wrong."""
    ours = said.pop("event") == "egress"
    place = said.pop("place" if ours else "route")
    took = said.pop("took_ms" if ours else "ms")
    method, status = said.pop("method"), str(said.pop("status"))
    if status[:1] in {"1", "2", "3"}:
        said.clear()
    return f"{'→ ' if ours else ''}{method} {place} {status} {took:.0f} ms"


def _without_secrets(_logger: Any, _method: str, event: Any) -> Any:
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event


def _one_line(_logger: Any, _method: str, event: Any) -> Any:
    """Nothing a person typed breaks a log line in two; tracebacks keep theirs."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = value.replace("\r", "\\r").replace("\n", "\\n").replace("\x1b", "\\e")
    return event
