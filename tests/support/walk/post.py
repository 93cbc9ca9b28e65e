"""The mail catcher as a mailbox: what arrived for somebody, and the link or code in it."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

WAIT_S = 25
TRIES = 8


@dataclass
class Post:
    """Reads each letter once, oldest first, as a person empties a mailbox."""

    url: str
    _seen: dict[str, int] = field(default_factory=dict)

    async def letter(self, to: str, words: str = "") -> dict[str, Any]:
        """The next letter for this address that has these words; waits for it."""
        key = f"{to}|{words}"
        async with httpx2.AsyncClient(base_url=self.url, timeout=120, trust_env=False) as http:
            asked = {"to": to, "q": words, "after": self._seen.get(key, 0), "wait_s": WAIT_S}
            for _ in range(TRIES):
                answer = (await http.get("/api/messages", params=asked)).json()
                if answer["messages"]:
                    break
            assert answer["messages"], f"no letter to {to} with {words!r}"
            oldest = answer["messages"][-1]
            self._seen[key] = int(oldest["id"])
            return (await http.get(f"/api/messages/{oldest['id']}")).json()

    async def link(self, to: str, part: str) -> str:
        """Path and query of the link with `part` in it."""
        letter = await self.letter(to, part)
        found = next(link for link in letter["links"] if part in link)
        parts = urlsplit(found)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def code(self, to: str, sender: str) -> str:
        """The next code of six digits that this sender wrote."""
        letter = await self.letter(to, sender)
        return re.findall(r"\b(\d{6})\b", letter["text"])[0]

    async def count(self, to: str, words: str = "") -> int:
        async with httpx2.AsyncClient(base_url=self.url, timeout=120, trust_env=False) as http:
            answer = await http.get("/api/messages", params={"to": to, "q": words})
            return len(answer.json()["messages"])
