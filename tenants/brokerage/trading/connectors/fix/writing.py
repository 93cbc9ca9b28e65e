"""What a side of a FIX session writes: headers, messages once, and the same again when asked.

Every message is kept with its number in the step that sends it; a password is kept as stars. What
is sent again says so (43, 122), and administrative messages are filled over.
"""

from collections.abc import Sequence
from datetime import datetime

from brokerage.trading.connectors.fix import codec
from brokerage.trading.connectors.fix.codec import Message
from brokerage.trading.connectors.fix.executions import moment
from brokerage.trading.connectors.fix.numbers import AGAIN, Kept, Numbers, Step
from brokerage.trading.connectors.fix.settings import Settings

Fields = list[tuple[int, str | int]]


def stamp(now: datetime) -> str:
    """UTCTimestamp with milliseconds."""
    return f"{now:%Y%m%d-%H:%M:%S}.{now.microsecond // 1000:03d}"


class Writing:
    """The outgoing half of a session, over kept numbers."""

    def __init__(self, settings: Settings, numbers: Numbers, password: str) -> None:
        self.settings = settings
        self.numbers = numbers
        self._password = password
        self._sent_at: datetime | None = None

    def fill(
        self, begin: int, end: int, stored: Sequence[tuple[int, bytes]], now: datetime, step: Step
    ) -> None:
        """Send again what may be sent again, and fill over the rest: `stored` by number."""
        at = begin
        for seq, raw in stored:
            if at < seq:
                self._gap_fill(at, seq, now, step)
            step.out += self._again(raw, seq, now)
            at = seq + 1
        if at <= end:
            self._gap_fill(at, end + 1, now, step)

    def _gap_fill(self, seq: int, new: int, now: datetime, step: Step) -> None:
        fields = [*self._head("4", seq, now, first=now), (123, "Y"), (36, new)]
        step.out += codec.encode(self.settings.version, fields)

    def _again(self, raw: bytes, seq: int, now: datetime) -> bytes:
        (message,) = [one for one in codec.Framer().feed(raw) if isinstance(one, Message)]
        first = moment(message.get(52)) or now
        body = [one for one in message.fields if one[0] not in {35, 49, 56, 34, 52, 43, 122}]
        fields: Fields = [*self._head(message.kind, seq, now, first=first), *body]
        return codec.encode(self.settings.version, fields)

    def _head(self, kind: str, seq: int, now: datetime, first: datetime | None = None) -> Fields:
        fields: Fields = [(35, kind), (49, self.settings.sender), (56, self.settings.target)]
        fields.append((34, seq))
        if first is not None:
            fields.append((43, "Y"))
        fields.append((52, stamp(now)))
        if first is not None:
            fields.append((122, stamp(first)))
        return fields

    def _send(self, kind: str, body: Fields, now: datetime, step: Step) -> None:
        seq = self.numbers.next_out
        raw = codec.encode(self.settings.version, [*self._head(kind, seq, now), *body])
        self.numbers.next_out += 1
        self._sent_at = now
        step.out += raw
        kept = raw
        if kind == "A" and self._password:
            shown = [(tag, "***" if tag == 554 else value) for tag, value in body]
            kept = codec.encode(self.settings.version, [*self._head(kind, seq, now), *shown])
        again = kind in AGAIN
        step.kept.append(Kept(self.numbers.epoch, True, seq, kind, kept, again=again))

    def _reject(
        self, seq: int, message: Message, code: int, tag: int, text: str, now: datetime, step: Step
    ) -> None:
        fields: Fields = [(45, seq)]
        if tag:
            fields.append((371, tag))
        if message.kind:
            fields.append((372, message.kind[:8]))
        fields += [(373, code), (58, text)]
        step.incidents.append(f"a message of theirs was rejected: {text}")
        self._send("3", fields, now, step)
