"""Times as the WebServices write them: milliseconds, UTC, without a zone."""

import datetime as dt

_FORMAT = "%Y-%m-%dT%H:%M:%S.%f"
_WRITTEN = 23


def written(ms: int) -> str:
    moment = dt.datetime.fromtimestamp(ms // 1000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}"


def read(text: str) -> int | None:
    """UTC milliseconds, or None for anything but ``yyyy-MM-ddTHH:mm:ss.SSS``."""
    if len(text) != _WRITTEN:
        return None
    try:
        moment = dt.datetime.strptime(text, _FORMAT).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
