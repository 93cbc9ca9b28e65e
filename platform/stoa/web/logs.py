"""Logs of every process: one JSON line each on a real installation, short words on a terminal."""

import logging
import os
import sys
from typing import Any

import structlog

_SECRET = ("password", "token", "secret", "authorization", "cookie", "csrf")


def set_up(process: str) -> None:
    """Called once at the start of a process."""
    level = os.environ.get("STOA_LOG", "info").upper()
    logging.basicConfig(stream=sys.stdout, level=level, format="%(message)s", force=True)
    for noisy in ("httpx2", "httpx", "asyncio", "arq", "aiosmtplib", "PIL", "granian.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    as_json = os.environ.get("STOA_LOG_JSON", "") == "1" or not sys.stdout.isatty()
    terse = os.environ.get("STOA_LOG_JSON", "") != "1"
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json and not terse
        else structlog.processors.KeyValueRenderer(
            key_order=["event"], drop_missing=True, repr_native_str=False
        )
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
