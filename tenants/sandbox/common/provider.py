"""What every provider stand-in is made of, and the path each call takes through its faults."""

import asyncio
import time
from typing import Any, ClassVar

import msgspec

from sandbox.common.book import Row
from sandbox.common.faults import CALLBACKS, CALLS, Kind, Strike
from sandbox.common.hooks import Hooks
from sandbox.common.later import Later
from sandbox.common.site import Options, Route, Site
from sandbox.common.wire import Answer, Asked, HangUp, as_json

BEFORE_ANSWER_S = 3.0


class Provider(Site):
    """A stand-in with merchants, an API, callbacks and switches."""

    own_kinds: ClassVar[tuple[Kind, ...]] = ()
    callback_kinds: ClassVar[tuple[Kind, ...]] = CALLBACKS

    def __init__(self, options: Options) -> None:
        super().__init__(options, (*self.own_kinds, *CALLS, *self.callback_kinds))
        self.hooks = Hooks(
            self.book,
            self.clock,
            self.faults,
            sign=self.sign,
            bend=self.bend,
            base_s=options.retry_base_s,
        )
        self.later = Later(self.book)

    # What a provider says of itself.

    def sign(self, merchant: Row, raw: bytes, at: int) -> dict[str, str]:
        """The headers that prove a callback's origin."""
        raise NotImplementedError

    def bend(self, document: Row, what: str) -> Row:
        """The same callback with a wrong amount, currency or reference."""
        raise NotImplementedError

    def merchant_of(self, asked: Asked) -> Row:
        """Who calls; raises `Refused` in the provider's own shape when nobody we know."""
        raise NotImplementedError

    def merchant_row(self, given: Row) -> Row:
        """A merchant's row from what the config file or a test gave."""
        raise NotImplementedError

    def truth(self, merchant: str) -> Row:
        """What was really done, for one merchant or (empty) for all."""
        raise NotImplementedError

    def recent(self, count: int) -> list[Row]:
        """The latest things for the home page, with what a person may do about each.

        at, what, id, amount, status, link, acts [{says, path, fields}]
        """
        raise NotImplementedError

    # The life of the process.

    async def start(self) -> None:
        await super().start()
        if self.options.config is not None:
            self._configure(msgspec.json.decode(self.options.config.read_bytes()))
        for run in (self.hooks.run, self.later.run, self.sweep):
            self.keep(run)

    async def stop(self) -> None:
        await self.hooks.close()
        await super().stop()

    async def sweep(self) -> None:
        """Whatever a provider does by the clock; nothing here."""

    def _configure(self, given: Row) -> None:
        for merchant in given.get("merchants", []):
            self.enrol(merchant)
        for code, value in given.get("faults", {}).items():
            self.faults.set(code, value)

    def enrol(self, given: Row) -> Row:
        """Open, or change, a merchant's account."""
        row = self.merchant_row(given)
        known = self.book.get("merchants", row["id"])
        return row if known == row else self.book.put("merchant.enrolled", "merchants", row)

    # The way of a call.

    async def call(self, route: Route, asked: Asked) -> Answer:
        """One API call, with whatever the switches do to it before and after it is applied."""
        if not route.op:
            return await super().call(route, asked)
        merchant = self.merchant_of(asked)["id"]
        about: dict[str, Any] = {"on": route.op, "merchant": merchant}
        changes = route.method != "GET"
        spoilt = await self._before(asked, about, changes=changes)
        if spoilt is not None:
            return spoilt

        answer = await super().call(route, asked)

        return (
            answer
            if answer.status >= 400
            else await self._after(asked, answer, about, changes=changes)
        )

    async def _before(self, asked: Asked, about: dict[str, Any], *, changes: bool) -> Answer | None:
        """What goes wrong while nothing has been done."""
        if (slow := self.faults.strike("slow_s", **about)) is not None:
            await asyncio.sleep(slow.seconds)
        if self.faults.strike("connection_reset", **about):
            raise HangUp
        if not changes:
            return None
        if (held := self.faults.strike("timeout_before_apply", **about)) is not None:
            await self._hold(asked, held)
        if self.faults.strike("error_500_before_apply", **about):
            return self.failure(500, "An error occurred on our side; nothing was done.")
        return None

    async def _after(
        self, asked: Asked, answer: Answer, about: dict[str, Any], *, changes: bool
    ) -> Answer:
        """What goes wrong with the answer when the thing has been done."""
        if changes:
            if self.faults.strike("callback_before_answer", **about):
                await self._callbacks_first(about["merchant"])
            if self.faults.strike("connection_reset_after_apply", **about):
                raise HangUp
            if (held := self.faults.strike("timeout_after_apply", **about)) is not None:
                await self._hold(asked, held)
            if self.faults.strike("error_500_after_apply", **about):
                return self.failure(500, "An error occurred on our side.")
        if self.faults.strike("wrong_json", **about):
            return Answer(answer.status, answer.content[: len(answer.content) // 2], answer.headers)
        return answer

    async def _hold(self, asked: Asked, strike: Strike) -> None:
        """Say nothing until the caller gives up or the time is over, then hang up."""
        await self.journal.settled()
        until = time.monotonic() + strike.seconds
        while time.monotonic() < until and not asked.gone():  # noqa: ASYNC110 - a socket has no event
            await asyncio.sleep(0.05)
        raise HangUp

    async def _callbacks_first(self, merchant: str) -> None:
        """Let every callback this call caused arrive before its answer."""
        until = time.monotonic() + self.options.settle_s + BEFORE_ANSWER_S
        await asyncio.sleep(self.options.settle_s + 0.1)
        while time.monotonic() < until and self.hooks.outstanding(merchant):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def base_url(self, asked: Asked) -> str:
        """Where a payer's browser reaches this process."""
        return self.options.public_url.rstrip("/") or f"http://{asked.host}"

    def settled_truth(self, merchant: str) -> Answer:
        callbacks = dict(sorted(self.hooks.tally.items()))
        return as_json({**self.truth(merchant), "callbacks": callbacks, "lines": self.book.lines})
