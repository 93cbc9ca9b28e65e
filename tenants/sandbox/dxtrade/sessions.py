"""Session tokens: given at login, kept alive by being used, gone after half an hour of silence."""

import secrets
import time

from sandbox.trading.config import Config, Manager
from sandbox.trading.web_server import HttpError, Request, Response, reply

TIMEOUT_S = 30 * 60
_SCHEME = "DXAPI "


class Sessions:
    """Tokens of one of the two APIs: each has its own login."""

    def __init__(self, config: Config, domain: str) -> None:
        self._config = config
        self._domain = domain
        self._held: dict[str, tuple[int, float]] = {}

    def login(self, body: dict[str, object]) -> Response:
        manager = next(
            (one for one in self._config.managers if str(one.login) == body.get("username")), None
        )
        right = manager is not None and body.get("password") == manager.password
        if (
            not right
            or manager is None
            or not manager.enabled
            or body.get("domain") != self._domain
        ):
            raise HttpError(401, "Authorization failed: wrong username, domain or password")
        token = secrets.token_hex(16)
        self._held[token] = (manager.login, time.monotonic())
        return reply({"sessionToken": token, "timeout": "00:30:00"})

    def who(self, request: Request) -> Manager:
        """Whose token a request bears. Raises HttpError 401."""
        header = request.headers.get("authorization", "")
        token = header.removeprefix(_SCHEME) if header.startswith(_SCHEME) else ""
        login, used = self._held.get(token, (0, 0.0))
        manager = self._config.manager(login)
        if manager is None or not manager.enabled or time.monotonic() - used > TIMEOUT_S:
            self._held.pop(token, None)
            raise HttpError(401, "Authorization required")
        self._held[token] = (login, time.monotonic())
        return manager

    def forget(self) -> None:
        """All tokens end, as after a restart of the real one."""
        self._held.clear()
