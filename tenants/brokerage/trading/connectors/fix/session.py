"""The initiator's side of a FIX session, without a socket, a clock or a database of its own.

    session = Session(settings, numbers, password)
    step = session.begin(now, anew=False)         a Logon
    session.take(message, now, step)              what came, in the order it came
    session.tick(now, step)                       heartbeats, silence, an unanswered request
    session.fill(begin, end, stored, now, step)   the answer to a ResendRequest, with what was stored

Whoever drives it stores a step in one transaction and writes its bytes after the commit, so that no
number ever advances past a message that is not kept. Source: FIX Session Layer Test Cases (FIX
Trading Community), FIX 4.4 Volume 2, FIXT 1.1.
"""

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from brokerage.trading.connectors.fix.codec import Garbled, Message
from brokerage.trading.connectors.fix.executions import moment
from brokerage.trading.connectors.fix.numbers import ADMIN, Kept, Numbers, Step
from brokerage.trading.connectors.fix.settings import Settings
from brokerage.trading.connectors.fix.writing import Fields, Writing, stamp

LOGON_S: Final = 10.0
LOGOUT_S: Final = 2.0
ASK_AGAIN_S: Final = 15.0
ASKS_MOST: Final = 5
STORM: Final = 20
"""ResendRequests a minute from the other side before we hang up."""
QUEUE_MOST: Final = 10_000
QUEUE_BYTES: Final = 16 * 1024 * 1024
_TELLS: Final = frozenset({"8", "AE"})
_PATIENCE: Final = 1.2


class Phase(StrEnum):
    IDLE = "idle"
    LOGON = "logon"
    OPEN = "open"
    LOGOUT = "logout"
    OVER = "over"


class Session(Writing):
    """One connection's worth of a session. Made anew for each connection, over kept numbers."""

    def __init__(self, settings: Settings, numbers: Numbers, password: str = "") -> None:
        super().__init__(settings, numbers, password)
        self.phase = Phase.IDLE
        self._anew = False
        self._heard_at: datetime | None = None
        self._since: datetime | None = None
        self._probe: tuple[str, datetime] | None = None
        self._queue: dict[int, Message] = {}
        self._queued_bytes = 0
        self._answered: set[int] = set()
        self._asked: tuple[int, datetime] | None = None
        self._asks = 0
        self._storm: deque[datetime] = deque()

    @property
    def gap(self) -> tuple[int, int] | None:
        """The numbers that are missing, both included, while they are asked for."""
        if self._asked is None or not self._queue:
            return None
        return self.numbers.next_in, min(self._queue) - 1

    # ---- what we do of ourselves

    def begin(self, now: datetime, *, anew: bool) -> Step:
        """Log on; `anew` asks the other side to begin all numbers at one again."""
        step = Step()
        if anew:
            self.numbers.anew()
        self._anew = anew
        logon: Fields = [(98, 0), (108, self.settings.heart_s)]
        if anew:
            logon.append((141, "Y"))
        if self.settings.user:
            logon.append((553, self.settings.user))
        if self._password:
            logon.append((554, self._password))
        if self.settings.version == "FIXT.1.1":
            logon.append((1137, 9))
        self.phase, self._since = Phase.LOGON, now
        self._heard_at = now
        self._send("A", logon, now, step)
        return step

    def leave(self, text: str, now: datetime, step: Step, *, incident: bool = False) -> None:
        """Say good-bye and wait a moment for the answer."""
        if self.phase in {Phase.LOGOUT, Phase.OVER}:
            return
        if incident:
            step.incidents.append(text)
        self._send("5", [(58, text)] if text else [], now, step)
        self.phase, self._since = Phase.LOGOUT, now

    def tick(self, now: datetime, step: Step) -> None:
        """What time alone asks for."""
        waited = (now - self._since).total_seconds() if self._since else 0.0
        if self.phase is Phase.LOGON and waited > LOGON_S:
            self._end("the logon was not answered", step, incident=True)
        elif self.phase is Phase.LOGOUT and waited > LOGOUT_S:
            self._end("logged out", step)
        elif self.phase is Phase.OPEN:
            self._live(now, step)

    def _live(self, now: datetime, step: Step) -> None:
        heart = timedelta(seconds=self.settings.heart_s)
        if self._probe is not None and now - self._probe[1] > heart * _PATIENCE:
            self._end("the other side went silent", step, incident=True)
            return
        if self._probe is None and self._heard_at and now - self._heard_at > heart * _PATIENCE:
            self._probe = (f"alive-{stamp(now)}", now)
            self._send("1", [(112, self._probe[0])], now, step)
        elif self._sent_at is None or now - self._sent_at >= heart:
            self._send("0", [], now, step)
        if self._asked and (now - self._asked[1]).total_seconds() > ASK_AGAIN_S:
            self._ask(now, step)

    # ---- what comes

    def garbled(self, what: Garbled, step: Step) -> None:
        """Ignored, as the standard has it: the number it took is missed with the next message."""
        step.garbled += 1
        step.incidents.append(f"a garbled message was ignored: {what.why}")

    def take(self, message: Message, now: datetime, step: Step) -> None:
        """One message as it came; after the end of the session it is left alone."""
        if self.phase is Phase.OVER:
            return
        step.heard = True
        self._heard_at, self._probe = now, None
        seq = message.whole(34)
        if not self._ours(message, seq, now, step) or seq is None:
            return
        kind = message.kind
        if self.phase is Phase.LOGON and kind != "A":
            self._no_logon(message, step)
        elif kind == "A":
            self._logon(message, seq, now, step)
        elif kind == "4" and not message.flag(123):
            self._reset(message, seq, now, step)
        elif seq > self.numbers.next_in:
            self._too_high(message, seq, now, step)
        elif seq < self.numbers.next_in:
            self._too_low(message, seq, now, step)
        else:
            self._in_order(message, seq, now, step)
            self._drain(now, step)

    def _ours(self, message: Message, seq: int | None, now: datetime, step: Step) -> bool:
        """Whether version, names, number and time let it be looked at further."""
        if message.begin != self.settings.version:
            self.leave(
                f"BeginString {message.begin} is not this session's", now, step, incident=True
            )
        elif seq is None or seq < 1:
            self.leave("MsgSeqNum (34) is missing", now, step, incident=True)
        elif (message.get(49), message.get(56)) != (self.settings.target, self.settings.sender):
            self._reject(seq, message, 9, 49, "CompID problem", now, step)
            self.leave("the CompIDs are not this session's", now, step, incident=True)
        elif not self._timely(message, seq, now, step):
            self.leave("SendingTime (52) is not near our time", now, step, incident=True)
        else:
            return True
        return False

    def _timely(self, message: Message, seq: int, now: datetime, step: Step) -> bool:
        sent = moment(message.get(52))
        slack = self.settings.slack_s
        if sent is not None and (not slack or abs((now - sent).total_seconds()) <= slack):
            return True
        self._reject(seq, message, 10, 52, "SendingTime accuracy problem", now, step)
        return False

    def _no_logon(self, message: Message, step: Step) -> None:
        text = message.get(58)[:200]
        what = f"the logon was refused: {text}" if message.kind in "35" else "no Logon came first"
        self._end(what, step, incident=True)

    def _logon(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        if self.phase is not Phase.LOGON:
            if seq == self.numbers.next_in:
                self._keep(message, seq, step)
            step.incidents.append("a second Logon came in an open session and was ignored")
            return
        if message.flag(141) and not self._anew:
            step.incidents.append(
                "the other side began its numbers anew: what it sent before and we had not "
                "received does not come by itself"
            )
            self.numbers.anew()
            self.numbers.next_out = 2
        if seq < self.numbers.next_in and not message.flag(43):
            self._low(seq, now, step)
            return
        self.phase, self._since = Phase.OPEN, now
        if seq == self.numbers.next_in:
            self._keep(message, seq, step)
            self._drain(now, step)
        elif seq > self.numbers.next_in:
            self._too_high(message, seq, now, step)

    def _reset(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        """SequenceReset-Reset: its own number does not count."""
        new = message.whole(36)
        if new is None or new < self.numbers.next_in:
            self._reject(seq, message, 5, 36, "NewSeqNo would go back", now, step)
            return
        step.incidents.append(
            f"the other side moved its numbers from {self.numbers.next_in} to {new} (reset)"
        )
        self._advance(new)
        self._drain(now, step)

    def _too_high(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        if message.kind == "5":
            self._end("logged out by the other side with a gap open", step, incident=True)
            return
        if message.kind == "2" and seq not in self._answered:
            # Answered first: two sides that wait for one another would wait for ever.
            self._answered.add(seq)
            self._resend(message, now, step)
        size = len(message.raw)
        room = len(self._queue) < QUEUE_MOST and self._queued_bytes + size <= QUEUE_BYTES
        if room and seq not in self._queue:
            self._queue[seq] = message
            self._queued_bytes += size
        if self._asked is None and self.phase is not Phase.OVER:
            self._ask(now, step)

    def _ask(self, now: datetime, step: Step) -> None:
        """Ask for all from the first number that is missing; not without end."""
        self._asks += 1
        if self._asks > ASKS_MOST:
            self.leave(
                f"message {self.numbers.next_in} did not come, though asked for {ASKS_MOST} times",
                now,
                step,
                incident=True,
            )
            return
        self._asked = (self.numbers.next_in, now)
        self._send("2", [(7, self.numbers.next_in), (16, 0)], now, step)

    def _too_low(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        if not message.flag(43):
            self._low(seq, now, step)
            return
        first, sent = moment(message.get(122)), moment(message.get(52))
        if first is None:
            self._reject(seq, message, 1, 122, "OrigSendingTime is missing", now, step)
        elif sent is not None and first > sent:
            self._reject(seq, message, 10, 122, "OrigSendingTime is after SendingTime", now, step)
            self.leave("OrigSendingTime (122) is after SendingTime (52)", now, step, incident=True)
        # Known: it was stored when its number was counted.

    def _low(self, seq: int, now: datetime, step: Step) -> None:
        text = f"MsgSeqNum too low, expecting {self.numbers.next_in} but received {seq}"
        self.leave(text, now, step, incident=True)

    def _in_order(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        """The number that was expected: kept, counted, then answered."""
        if message.bent:
            self._keep(message, seq, step)
            self._reject(seq, message, 0, 0, message.bent, now, step)
            return
        if message.kind == "4":
            self._fill_over(message, seq, now, step)
            return
        self._keep(message, seq, step)
        if message.kind in ADMIN:
            self._of_session(message, seq, now, step)
        elif message.kind == "j":
            step.incidents.append(f"the other side rejected a message: {message.get(58)[:200]}")
        elif message.kind not in _TELLS:
            asked: Fields = [(45, seq), (372, message.kind[:8]), (380, 3)]
            self._send("j", [*asked, (58, "unsupported MsgType")], now, step)

    def _of_session(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        match message.kind:
            case "1":
                self._probed(message, seq, now, step)
            case "2":
                if seq not in self._answered:
                    self._resend(message, now, step)
                self._answered.discard(seq)
            case "3":
                step.incidents.append(f"the other side rejected a message: {message.get(58)[:200]}")
            case "5":
                self._logged_out(message, now, step)
            case _:
                pass

    def _fill_over(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        """SequenceReset-GapFill: the numbers up to NewSeqNo hold nothing for us."""
        new = message.whole(36)
        if new is None or new <= seq:
            self._keep(message, seq, step)
            self._reject(seq, message, 5, 36, "NewSeqNo does not go on", now, step)
            return
        self._keep(message, seq, step)
        self._advance(new)

    def _probed(self, message: Message, seq: int, now: datetime, step: Step) -> None:
        asked = message.get(112)
        if asked:
            self._send("0", [(112, asked)], now, step)
        else:
            self._reject(seq, message, 1, 112, "TestReqID is missing", now, step)

    def _logged_out(self, message: Message, now: datetime, step: Step) -> None:
        text = message.get(58)[:200]
        if self.phase is not Phase.LOGOUT:
            self._send("5", [], now, step)
        self._end(f"logged out by the other side: {text}" if text else "logged out", step)
        if text:
            step.incidents.append(f"the other side logged us out: {text}")

    def _drain(self, now: datetime, step: Step) -> None:
        """What waited behind a gap, as far as it is closed."""
        while self.phase in {Phase.OPEN, Phase.LOGOUT}:
            message = self._queue.pop(self.numbers.next_in, None)
            if message is None:
                break
            self._queued_bytes -= len(message.raw)
            if message.kind == "A":
                self._keep(message, self.numbers.next_in, step)
            else:
                self._in_order(message, self.numbers.next_in, now, step)
        for seq in [one for one in self._queue if one < self.numbers.next_in]:
            self._queued_bytes -= len(self._queue.pop(seq).raw)
        if self._asked is not None and self.numbers.next_in > self._asked[0]:
            self._asks = 0
            self._asked = (self.numbers.next_in, self._asked[1]) if self._queue else None

    # ---- being asked for what we sent

    def _resend(self, message: Message, now: datetime, step: Step) -> None:
        begin, end = message.whole(7), message.whole(16)
        self._storm.append(now)
        while self._storm and (now - self._storm[0]).total_seconds() > 60:
            self._storm.popleft()
        if len(self._storm) > STORM:
            self.leave("more resend requests than a session bears", now, step, incident=True)
            return
        last = self.numbers.next_out - 1
        if begin is None or end is None or begin < 1 or (end and end < begin):
            self._reject(message.whole(34) or 0, message, 5, 7, "no such range", now, step)
            return
        if begin <= last:
            step.resend.append((begin, min(end or last, last)))

    # ---- the small change

    def _keep(self, message: Message, seq: int, step: Step) -> None:
        epoch, kind = self.numbers.epoch, message.kind
        step.kept.append(Kept(epoch, False, seq, kind, message.raw, message=message))
        self._advance(seq + 1)

    def _advance(self, to: int) -> None:
        self.numbers.next_in = to

    def _end(self, why: str, step: Step, *, incident: bool = False) -> None:
        if incident:
            step.incidents.append(why)
        step.over = why
        self.phase = Phase.OVER
