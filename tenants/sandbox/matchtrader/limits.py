"""Five hundred requests a minute for each token; the next one has to wait.

`STANDIN_CALLS_A_MINUTE` in its environment is another number, for what is measured with no ration.
"""

import os
import time
from collections import deque

MOST = int(os.environ.get("STANDIN_CALLS_A_MINUTE", "500"))
WINDOW_S = 60.0


class Limits:
    def __init__(self) -> None:
        self._asked: dict[str, deque[float]] = {}

    def wait_s(self, token: str) -> float:
        """Count a request; above 0 it is one too many, and this is how long to wait."""
        now, asked = time.monotonic(), self._asked.setdefault(token, deque())
        while asked and asked[0] <= now - WINDOW_S:
            asked.popleft()
        if len(asked) >= MOST:
            return asked[0] + WINDOW_S - now
        asked.append(now)
        return 0.0
