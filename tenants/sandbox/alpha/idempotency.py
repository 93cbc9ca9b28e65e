"""One effect per `Idempotency-Key`: the first answer again, or 400 for another request."""

import hashlib
import time
from collections.abc import Callable

from sandbox.alpha.errors import error
from sandbox.common.book import Book
from sandbox.common.wire import Answer, Asked, Refused

KEPT_S = 86_400
LONGEST = 255


class Once:
    def __init__(self, book: Book) -> None:
        self._book = book

    def run(self, merchant: str, asked: Asked, act: Callable[[], Answer]) -> Answer:
        """Answer with `act`, unless this key was used before.

        The answer is written in the same line of the journal as the effect, so that no crash can
        keep one without the other. Refusals before anything was tried are not kept.
        """
        key = asked.headers.get("idempotency-key", "")
        if not key:
            return act()
        if len(key) > LONGEST:
            raise Refused(error(400, "invalid_request_error", "The idempotency key is too long."))
        mark = _mark(asked)
        row = self._book.get("idempotency", f"{merchant}:{key}")
        if row is not None and row["at"] > time.time() - KEPT_S:
            return _again(row, key, mark)
        answer = act()
        self._book.put(
            "idempotency.kept",
            "idempotency",
            {
                "id": f"{merchant}:{key}",
                "mark": mark,
                "status": answer.status,
                "content": answer.content.decode(),
                "at": time.time(),
            },
        )
        return answer


def _mark(asked: Asked) -> str:
    pairs = sorted(asked.form_pairs())
    return hashlib.sha256(repr((asked.method, asked.path, pairs)).encode()).hexdigest()


def _again(row: dict[str, object], key: str, mark: str) -> Answer:
    if row["mark"] != mark:
        raise Refused(
            error(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
            )
        )
    headers = (("content-type", "application/json"), ("idempotent-replayed", "true"))
    return Answer(int(str(row["status"])), str(row["content"]).encode(), headers)
