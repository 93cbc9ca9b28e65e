"""Run one stand-in: `python -m support.psp adyen`. Prints its port, then serves until killed."""

import asyncio
import importlib
import json
import sys
from collections import Counter
from typing import Any

from support.outside import Asked, Told, read_request
from support.psp.provider import Provider, Wrong

CONTROL = "/_/"


class Stand:
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.faults: list[dict[str, str]] = []
        self.calls: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await read_request(reader)) is not None:
                told = self.answer(asked)
                if told is None:
                    return
                writer.write(told.wire())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, asked: Asked) -> Told | None:
        if asked.path.startswith(CONTROL):
            return self.control(asked)
        self.calls[f"{asked.method} {asked.path}"] += 1
        fault = self._fault(asked)
        if fault == "lost-before":
            return None
        if fault.startswith("error-"):
            return self.provider.error(int(fault[6:9]), fault[10:] or "broken", "a bad day")
        try:
            told = self.provider.handle(asked)
        except Wrong as wrong:
            self.provider.refused.append(f"{asked.method} {asked.path}: {wrong.why}")
            return wrong.told
        return None if fault == "lost-after" else told

    def _fault(self, asked: Asked) -> str:
        for one in self.faults:
            if asked.method in one["method"] and one["path"] in f"{asked.path}$":
                self.faults.remove(one)
                return one["kind"]
        return ""

    def control(self, asked: Asked) -> Told:
        body: dict[str, Any] = json.loads(asked.body or b"{}")
        provider = self.provider
        match asked.path.removeprefix(CONTROL):
            case "pay":
                return Told(json=[one.plain() for one in provider.pay(**body)])
            case "settle":
                return Told(json=[one.plain() for one in provider.settle(**body)])
            case "send":
                return Told(json=[one.plain() for one in provider.send(**body)])
            case "fault":
                self.faults.append(body)
            case "switch":
                for name, value in body.items():
                    setattr(provider, name, value)
            case "reset":
                self.faults.clear()
                provider.odd = provider.declines = ""
                provider.refused.clear()
            case "made":
                return Told(
                    json={
                        "deposits": len(provider.deposits),
                        "payouts": len(provider.payouts),
                        "refunds": len(provider.refunds),
                        "refused": provider.refused,
                        "calls": dict(self.calls),
                    }
                )
            case _:
                return Told(404)
        return Told(json={})


async def main(name: str) -> None:
    provider: Provider = importlib.import_module(f"support.psp.{name}").Standin()
    stand = Stand(provider)
    server = await asyncio.start_server(stand.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    provider.base = f"http://127.0.0.1:{port}"
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


asyncio.run(main(sys.argv[1]))
