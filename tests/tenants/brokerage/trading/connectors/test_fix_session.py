"""The session's conduct, case by case after the FIX Session Layer Test Cases, in both versions."""

from datetime import UTC, datetime, timedelta

import pytest

from brokerage.trading.connectors.fix import codec
from brokerage.trading.connectors.fix.codec import Framer, Message
from brokerage.trading.connectors.fix.hours import session_day
from brokerage.trading.connectors.fix.numbers import Numbers, Step
from brokerage.trading.connectors.fix.session import ASKS_MOST, STORM, Phase, Session
from brokerage.trading.connectors.fix.settings import Settings
from brokerage.trading.connectors.fix.writing import stamp

START = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Peer:
    """The session under test, and the other side as messages by hand."""

    def __init__(self, version: str, next_in: int = 1, next_out: int = 1, **given) -> None:
        mine = Settings(host="x", sender="US", target="THEM", version=version, heart_s=10, **given)
        self.version = version
        self.now = START
        self.numbers = Numbers(next_in, next_out)
        self.session = Session(mine, self.numbers, "secret")
        self.kept: list[tuple[int, str]] = []
        self.incidents: list[str] = []
        self.resend: list[tuple[int, int]] = []
        self.over = ""

    def begin(self, *, anew: bool = False) -> list[Message]:
        return self._out(self.session.begin(self.now, anew=anew))

    def hear(self, kind: str, seq: int, *body, dup=False, orig=None, **head) -> list[Message]:
        step = Step()
        fields = [(35, kind), (49, "THEM"), (56, "US"), (34, seq)]
        if dup:
            fields.append((43, "Y"))
        fields.append((52, stamp(head.get("sent", self.now))))
        if orig is not None or (dup and orig is None and not head.get("no_orig")):
            fields.append((122, stamp(orig or self.now - timedelta(minutes=1))))
        fields = [(tag, head.get(f"_{tag}", value)) for tag, value in fields]
        raw = codec.encode(head.get("version", self.version), [*fields, *body])
        (message,) = Framer().feed(raw)
        self.session.take(message, self.now, step)
        return self._out(step)

    def wait(self, seconds: float) -> list[Message]:
        self.now += timedelta(seconds=seconds)
        step = Step()
        self.session.tick(self.now, step)
        return self._out(step)

    def fill(self, begin: int, end: int, stored) -> list[Message]:
        step = Step()
        self.session.fill(begin, end, stored, self.now, step)
        return self._out(step)

    def _out(self, step: Step) -> list[Message]:
        self.kept += [(one.seq, one.kind) for one in step.kept if not one.outward]
        self.incidents += step.incidents
        self.resend += step.resend
        self.over = step.over or self.over
        return [one for one in Framer().feed(bytes(step.out)) if isinstance(one, Message)]


@pytest.fixture(params=["FIX.4.4", "FIXT.1.1"])
def peer(request):
    one = Peer(request.param, next_in=5, next_out=9)
    one.begin()
    one.hear("A", 5, (98, 0), (108, 10))
    return one


def kinds(messages):
    return [one.kind for one in messages]


@pytest.mark.parametrize("version", ["FIX.4.4", "FIXT.1.1"])
def test_a_logon_says_who_we_are_and_which_version(version):
    peer = Peer(version, user="broker")

    (logon,) = peer.begin()

    assert (logon.kind, logon.whole(34), logon.get(108)) == ("A", 1, "10")
    assert (logon.get(49), logon.get(56), logon.get(553)) == ("US", "THEM", "broker")
    assert logon.get(1137) == ("9" if version == "FIXT.1.1" else "")
    assert logon.get(554) == "secret"


def test_a_password_is_never_kept():
    step = Peer("FIX.4.4").session.begin(START, anew=False)

    assert b"554=secret" in step.out
    assert b"secret" not in step.kept[0].raw


def test_the_first_message_must_be_a_logon():
    peer = Peer("FIX.4.4")
    peer.begin()

    assert peer.hear("0", 1) == []
    assert peer.over == "no Logon came first"


def test_a_refused_logon_is_told_with_its_reason():
    peer = Peer("FIX.4.4")
    peer.begin()

    peer.hear("5", 1, (58, "unknown user"))

    assert peer.incidents == ["the logon was refused: unknown user"]


def test_a_logon_that_nobody_answers_ends():
    peer = Peer("FIX.4.4")
    peer.begin()

    peer.wait(11)

    assert peer.over == "the logon was not answered"


def test_a_logon_with_a_reset_begins_both_sides_at_one():
    peer = Peer("FIX.4.4", next_in=50, next_out=70)

    (logon,) = peer.begin(anew=True)
    peer.hear("A", 1, (98, 0), (108, 10), (141, "Y"))

    assert (logon.whole(34), logon.get(141)) == (1, "Y")
    assert (peer.numbers.next_in, peer.numbers.next_out, peer.numbers.epoch) == (2, 2, 1)


def test_a_reset_that_the_other_side_makes_is_seen():
    peer = Peer("FIX.4.4", next_in=50, next_out=70)
    peer.begin()

    peer.hear("A", 1, (98, 0), (108, 10), (141, "Y"))

    assert (peer.numbers.next_in, peer.numbers.next_out) == (2, 2)
    assert "began its numbers anew" in peer.incidents[0]


def test_a_logon_that_is_too_low_ends_with_a_logout_and_an_incident():
    peer = Peer("FIX.4.4", next_in=5)
    peer.begin()

    (out,) = peer.hear("A", 3, (98, 0), (108, 10))

    assert out.kind == "5"
    assert "too low, expecting 5 but received 3" in out.get(58)
    assert peer.incidents
    assert peer.numbers.next_in == 5


def test_a_logon_that_is_too_high_is_taken_and_the_rest_asked_for():
    peer = Peer("FIX.4.4", next_in=5)
    peer.begin()

    (out,) = peer.hear("A", 8, (98, 0), (108, 10))
    for seq in (5, 6):
        peer.hear("8", seq, (150, "0"), dup=True)
    peer.hear("4", 7, (123, "Y"), (36, 9), dup=True)

    assert (out.kind, out.get(7), out.get(16)) == ("2", "5", "0")
    assert peer.numbers.next_in == 9
    assert [one for one in peer.kept if one[1] == "8"] == [(5, "8"), (6, "8")]


def test_numbers_in_order_are_kept_one_by_one(peer):
    for seq in (6, 7, 8):
        assert peer.hear("8", seq, (150, "0")) == []

    assert peer.kept == [(5, "A"), (6, "8"), (7, "8"), (8, "8")]
    assert peer.numbers.next_in == 9


def test_what_comes_too_early_waits_and_is_asked_for_once(peer):
    first = peer.hear("8", 9, (150, "0"))
    second = peer.hear("8", 10, (150, "0"))

    assert kinds(first) == ["2"] and second == []
    assert peer.session.gap == (6, 8)
    assert peer.numbers.next_in == 6

    for seq in (6, 7, 8):
        peer.hear("8", seq, (150, "0"), dup=True)

    assert [one[0] for one in peer.kept] == [5, 6, 7, 8, 9, 10]
    assert peer.session.gap is None
    assert peer.hear("8", 9, (150, "0"), dup=True) == []
    assert [one[0] for one in peer.kept].count(9) == 1


def test_a_gap_that_stays_is_asked_for_again_and_not_for_ever(peer):
    peer.hear("8", 9, (150, "0"))

    asked = []
    for seq in range(10, 100):
        asked += peer.wait(8) + peer.hear("0", seq)

    assert kinds(asked).count("2") == ASKS_MOST - 1
    assert kinds(asked).count("5") == 1
    assert "did not come, though asked" in peer.incidents[-1]


def test_a_gap_fill_over_signs_of_life_goes_on(peer):
    peer.hear("8", 20, (150, "0"))

    peer.hear("4", 6, (123, "Y"), (36, 20), dup=True)

    assert peer.numbers.next_in == 21


def test_a_gap_fill_that_goes_back_is_rejected(peer):
    (out,) = peer.hear("4", 6, (123, "Y"), (36, 4))

    assert (out.kind, out.get(373), out.get(371)) == ("3", "5", "36")
    assert peer.numbers.next_in == 7


def test_a_reset_moves_the_number_whatever_its_own(peer):
    peer.hear("4", 999, (123, "N"), (36, 40))

    assert peer.numbers.next_in == 40
    assert "from 6 to 40 (reset)" in peer.incidents[0]


def test_a_reset_that_goes_back_is_rejected(peer):
    (out,) = peer.hear("4", 6, (36, 2))

    assert (out.kind, out.get(373)) == ("3", "5")
    assert peer.numbers.next_in == 6


def test_a_number_that_is_too_low_ends_the_session_visibly(peer):
    (out,) = peer.hear("8", 3, (150, "0"))

    assert out.kind == "5" and "too low" in out.get(58)
    assert "too low" in peer.incidents[0]
    assert peer.wait(3) == [] and peer.over == "logged out"


def test_a_possible_duplicate_that_is_known_is_left(peer):
    assert peer.hear("8", 3, (150, "0"), dup=True) == []
    assert peer.kept == [(5, "A")] and not peer.incidents


def test_a_possible_duplicate_needs_its_first_time(peer):
    (out,) = peer.hear("8", 3, (150, "0"), dup=True, no_orig=True)

    assert (out.kind, out.get(373), out.get(371)) == ("3", "1", "122")


def test_a_duplicate_that_was_first_sent_later_ends_the_session(peer):
    out = peer.hear("8", 3, (150, "0"), dup=True, orig=START + timedelta(minutes=5))

    assert kinds(out) == ["3", "5"]


@pytest.mark.parametrize(
    ("head", "reject"),
    [
        ({"_49": "OTHERS"}, "9"),
        ({"_56": "OTHERS"}, "9"),
        ({"sent": START - timedelta(minutes=10)}, "10"),
        ({"sent": START + timedelta(minutes=10)}, "10"),
    ],
)
def test_names_and_times_that_are_wrong_are_rejected_and_end_it(peer, head, reject):
    out = peer.hear("8", 6, (150, "0"), **head)

    assert kinds(out) == ["3", "5"]
    assert out[0].get(373) == reject
    assert peer.numbers.next_in == 6


def test_another_version_ends_it(peer):
    other = "FIX.4.2"

    assert kinds(peer.hear("8", 6, (150, "0"), version=other)) == ["5"]


def test_a_test_request_is_answered_with_its_own_id(peer):
    (out,) = peer.hear("1", 6, (112, "are you there"))

    assert (out.kind, out.get(112)) == ("0", "are you there")


def test_a_message_of_a_kind_we_do_not_take_is_answered_by_a_business_reject(peer):
    (out,) = peer.hear("D", 6, (11, "x"))

    assert (out.kind, out.get(45), out.get(372), out.get(380)) == ("j", "6", "D", "3")
    assert peer.numbers.next_in == 7


def test_signs_of_life_are_given_and_asked_for(peer):
    assert kinds(peer.wait(10)) == ["0"]
    assert kinds(peer.wait(2.5)) == ["1"]
    peer.hear("0", 6, (112, "alive"))
    assert peer.over == ""
    peer.wait(10)
    peer.wait(2.5)
    peer.wait(13)
    assert peer.over == "the other side went silent"


def test_a_resend_is_filled_over_and_rejects_are_sent_again(peer):
    peer.hear("4", 6, (123, "Y"), (36, 4))
    assert peer.hear("2", 7, (7, 1), (16, 0)) == []
    assert peer.resend == [(1, 10)]
    reject = codec.encode(
        peer.version,
        [(35, "3"), (49, "US"), (56, "THEM"), (34, 4), (52, stamp(START)), (45, 2), (58, "no")],
    )

    out = peer.fill(1, 10, [(4, reject)])

    assert [(one.kind, one.whole(34), one.whole(36)) for one in out] == [
        ("4", 1, 4),
        ("3", 4, None),
        ("4", 5, 11),
    ]
    assert all(one.flag(43) and one.get(122) for one in out)
    assert (out[1].get(58), out[1].get(45)) == ("no", "2")
    assert peer.numbers.next_out == 11


def test_a_resend_asked_from_behind_a_gap_is_answered_first(peer):
    """Two sides that each miss something would else wait for one another for ever."""
    out = peer.hear("2", 9, (7, 1), (16, 0))

    assert kinds(out) == ["2"]
    assert peer.resend == [(1, 9)]
    for seq in (6, 7, 8):
        peer.hear("8", seq, (150, "0"), dup=True)
    assert peer.resend == [(1, 9)]
    assert peer.numbers.next_in == 10


def test_a_storm_of_resend_requests_ends_the_session(peer):
    for seq in range(6, 7 + STORM):
        out = peer.hear("2", seq, (7, 1), (16, 0))

    assert kinds(out) == ["5"]
    assert "more resend requests" in peer.incidents[-1]


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (5, 2), ("x", 0)])
def test_a_resend_of_no_range_is_rejected(peer, begin, end):
    assert kinds(peer.hear("2", 6, (7, begin), (16, end))) == ["3"]


def test_a_logout_is_answered_and_ends_it(peer):
    (out,) = peer.hear("5", 6, (58, "end of day"))

    assert out.kind == "5"
    assert peer.over == "logged out by the other side: end of day"
    assert peer.numbers.next_in == 7


def test_our_own_logout_waits_for_the_answer(peer):
    step = Step()
    peer.session.leave("", peer.now, step)
    peer.hear("8", 6, (150, "0"))
    peer.hear("5", 7)

    assert peer.over == "logged out"
    assert (6, "8") in peer.kept
    assert peer.session.phase is Phase.OVER


@pytest.mark.parametrize(
    ("begins", "ends", "days", "when", "day"),
    [
        ("00:00", "00:00", None, "2026-11-26T12:00", "2026-11-26"),
        ("22:00", "21:00", None, "2026-11-26T12:00", "2026-11-25"),
        ("22:00", "21:00", None, "2026-11-26T21:30", None),
        ("22:00", "21:00", None, "2026-11-26T22:00", "2026-11-26"),
        ("08:00", "17:00", None, "2026-11-26T07:59", None),
        ("22:00", "21:00", ("sun", "mon", "tue", "wed", "thu"), "2026-11-28T12:00", None),
        ("22:00", "21:00", ("sun", "mon", "tue", "wed", "thu"), "2026-11-30T03:00", "2026-11-29"),
    ],
)
def test_a_session_has_its_hours(begins, ends, days, when, day):
    given = {"days": days} if days else {}
    mine = Settings(host="x", sender="a", target="b", begins=begins, ends=ends, **given)

    found = session_day(mine, datetime.fromisoformat(when).replace(tzinfo=UTC))

    assert (found.isoformat() if found else None) == day
