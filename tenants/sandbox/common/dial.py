"""Where a callback's address leads on this machine."""

from urllib.parse import urlsplit, urlunsplit


def dial(url: str) -> tuple[str, str]:
    """The address to connect to, and the Host to name.

    Names under `.localhost` are this machine by RFC 6761, but not every resolver knows it.
    """
    parts = urlsplit(url)
    name = (parts.hostname or "").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        place = "127.0.0.1" if parts.port is None else f"127.0.0.1:{parts.port}"
        return urlunsplit(parts._replace(netloc=place)), parts.netloc.rpartition("@")[2]
    return url, parts.netloc.rpartition("@")[2]
