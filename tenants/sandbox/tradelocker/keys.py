"""Idempotency keys: the same key is answered the same again, whatever became of the first answer.

A key is written down before the thing is done, with what proves that it was done; a key whose proof
is not in the book never happened, as after a crash in between.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.trading.notes import Notes
from sandbox.trading.web_server import HttpError, Request, Response

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TABLE = "keys"

Done = tuple[int, dict[str, Any]]
"""Status and answer."""


class Keys:
    def __init__(self, notes: Notes, proven: Callable[[str, dict[str, Any]], bool]) -> None:
        self._notes = notes
        self._proven = proven

    def once(
        self, request: Request, expected: dict[str, Any], status: int, act: Callable[[], object]
    ) -> Response:
        """Do a thing once for its key; ``expected`` is the answer it will have.

        Raises:
            HttpError: 400 for a key that is no UUID, 422 for one used with another request.
        """
        key = request.headers.get("idempotency-key", "")
        if not key:
            act()
            return _answer((status, expected))
        if _UUID.fullmatch(key) is None:
            raise HttpError(400, "Idempotency-Key must be a valid UUID")
        said = hashlib.sha256(request.path.encode() + b"\n" + request.body).hexdigest()
        known = self._notes.get(_TABLE, key)
        if known is not None and self._proven(request.path, known["answer"]):
            if known["said"] != said:
                raise HttpError(422, "Idempotency-Key was used for another request")
            replayed = _answer((known["status"], known["answer"]))
            replayed.headers["idempotent-replayed"] = "true"
            return replayed
        self._notes.put(_TABLE, key, {"said": said, "status": status, "answer": expected})
        try:
            act()
        except BaseException:
            self._notes.put(_TABLE, key, None)
            raise
        return _answer((status, expected))


def _answer(done: Done) -> Response:
    return Response(msgspec.json.encode(done[1]), done[0])
