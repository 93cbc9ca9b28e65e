"""FIX on the wire: whole messages come out of any stream, and what is bent is told apart."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerage.trading.connectors.fix import codec, executions
from brokerage.trading.connectors.fix.codec import Framer, Garbled, Message

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TEXT = st.text(
    st.characters(blacklist_characters="\x01", blacklist_categories=["Cs"]), min_size=1, max_size=20
)
TAGS = st.integers(36, 9_999).filter(lambda tag: tag not in {*codec._DATA, *codec._DATA.values()})
BODY = st.lists(st.tuples(TAGS, TEXT), max_size=8)


def whole(body, kind="8"):
    return codec.encode("FIX.4.4", [(35, kind), *body])


def test_a_message_that_others_wrote_is_read():
    """A public sample of another engine's log: its length and checksum were not counted by us."""
    raw = b"8=FIX.4.2|9=49|35=5|34=1|49=ARCA|52=20150916-04:14:05.306|56=TW|10=157|"

    (message,) = Framer().feed(raw.replace(b"|", b"\x01"))

    assert isinstance(message, Message)
    assert (message.kind, message.whole(34), message.get(49)) == ("5", 1, "ARCA")


@settings(max_examples=150, deadline=None)
@given(st.lists(BODY, min_size=1, max_size=4), st.data())
def test_whatever_is_written_is_read_however_it_is_split(bodies, data):
    stream = b"".join(whole(body) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer = Framer()

    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[start:end])

    assert [one.fields[1:] for one in found] == [tuple(body) for body in bodies]
    assert framer.pending == 0


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), BODY, st.binary(max_size=80), BODY)
def test_garbage_costs_no_message_but_what_it_is_in(before, first, between, second):
    """Whole messages after a separator are found again, whatever came before them."""
    framer = Framer()
    junk = [part.replace(b"8=FIX", b"") + b"\x01" for part in (before, between)]

    found = framer.feed(junk[0] + whole(first) + junk[1] + whole(second))

    read = [one.fields[1:] for one in found if isinstance(one, Message)]
    assert read == [tuple(first), tuple(second)]


@settings(max_examples=200, deadline=None)
@given(BODY, st.data())
def test_a_changed_byte_is_noticed_or_changes_nothing_that_is_read(body, data):
    raw = bytearray(whole(body))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))

    found = Framer().feed(bytes(raw) + whole([(58, "after")]))

    read = [one for one in found if isinstance(one, Message)]
    assert [one.fields[1:] for one in read][-1:] == [((58, "after"),)] or not read
    assert all(one.fields[1:] in {tuple(body), ((58, "after"),)} for one in read)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(junk):
    framer = Framer()

    for one in framer.feed(junk) + framer.feed(b"\x01" + whole([(58, "x")])):
        assert isinstance(one, Message | Garbled)

    assert framer.pending <= codec.LARGEST + 512


def test_a_separator_inside_data_of_a_told_length_is_no_end():
    raw = b"35=8\x0195=5\x0196=a\x01b=c\x0158=x\x01"
    head = b"8=FIX.4.4\x019=%d\x01" % len(raw) + raw

    (message,) = Framer().feed(head + b"10=%03d\x01" % codec.checksum(head))

    assert (message.get(96), message.get(58), message.bent) == ("a\x01b=c", "x", "")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"8=FIX.4.4|9=12|35=0|34=1|58=a|10=000|", "BodyLength does not lead"),
        (b"8=FIX.4.4|35=0|9=5|10=161|", "do not open it"),
        (b"8=FIX.4.4|9=999999|35=0|10=161|", "larger than any message"),
        (b"8=FIX.4.4|9=5|34=0|10=162|", "MsgType is not the third"),
        (b"8=FIX.4.4|9=5|35=0|10=000|", "CheckSum is wrong"),
        (b"9=5|35=0|10=161|", "no BeginString"),
    ],
)
def test_a_bent_frame_says_how(raw, why):
    found = Framer().feed(raw.replace(b"|", b"\x01") + whole([(58, "next")]))

    assert isinstance(found[0], Garbled)
    assert why in found[0].why
    assert isinstance(found[-1], Message) and found[-1].get(58) == "next"


GOOD = {
    35: "8", 49: "MARKET", 56: "BROKER", 34: "2", 52: "20261126-11:59:59", 17: "E1", 150: "F",
    1: "A", 55: "EURUSD", 54: "1", 32: "1000", 31: "1.1", 60: "20261126-11:59:58.123",
}  # fmt: skip


def told(**changed):
    fields = GOOD | {int(tag[1:]): value for tag, value in changed.items()}
    raw = codec.encode("FIX.4.4", [(tag, value) for tag, value in fields.items() if value != ""])
    (message,) = Framer().feed(raw)
    return executions.read(message, NOW)


def test_a_report_of_a_trade_is_read():
    (one,) = told(_12="3.5")

    assert (one.account, one.exec_id, one.symbol, one.side) == ("A", "E1", "EURUSD", "buy")
    assert (str(one.quantity), str(one.price), str(one.commission)) == ("1000", "1.1", "3.5")
    assert one.at == datetime(2026, 11, 26, 11, 59, 58, 123000, tzinfo=UTC)


@pytest.mark.parametrize("exec_type", list("034568ABCDEIL"))
def test_what_moves_nothing_says_nothing(exec_type):
    assert told(_150=exec_type, _31="0", _32="0") == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"_150": "Z"}, "ExecType Z is not in the list"),
        ({"_150": ""}, "ExecType \\(none\\)"),
        ({"_54": "7"}, "Side 7 is not in the list"),
        ({"_31": "0"}, "LastPx is 0"),
        ({"_31": "-1.1"}, "LastPx is -1.1"),
        ({"_31": "1e5"}, "LastPx is no number"),
        ({"_31": "NaN"}, "LastPx is no number"),
        ({"_31": "1." + "1" * 30}, "LastPx is no number"),
        ({"_32": "0"}, "LastQty is 0"),
        ({"_32": ""}, "LastQty is missing"),
        ({"_32": "9" * 40}, "LastQty is no number"),
        ({"_60": "20271126-11:00:00"}, "in the future"),
        ({"_60": "19700101-00:00:00"}, "before the year 2000"),
        ({"_60": "20261326-11:00:00"}, "no time"),
        ({"_75": "2026-11-26"}, "TradeDate is no date"),
        ({"_17": ""}, "ExecID is missing"),
        ({"_17": "x" * 101}, "ExecID is longer"),
        ({"_1": ""}, "Account is missing"),
        ({"_1": "a\x00b"}, "cannot be kept"),
        ({"_55": ""}, "Symbol is missing"),
        ({"_150": "H"}, "ExecRefID is missing"),
        ({"_150": "G"}, "ExecRefID is missing"),
        ({"_35": "AE", "_552": "2"}, "NoSides does not agree"),
        ({"_35": "AE", "_487": "9"}, "TradeReportTransType 9"),
    ],
)
def test_what_nobody_may_book_is_refused_with_its_reason(changed, why):
    with pytest.raises(executions.Bent, match=why):
        told(**changed)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, 12, 19, 487, 571, 572, 552]), TEXT, max_size=6))
def test_no_report_breaks_the_reader(changed):
    fields = {**GOOD, **changed, 35: changed.get(35, "8")}
    kind = fields.pop(35)
    kind = kind if re.fullmatch(r"[A-Z0-9]{1,2}", kind) else "AE"
    (message,) = Framer().feed(codec.encode("FIX.4.4", [(35, kind), *fields.items()]))

    try:
        found = executions.read(message, NOW)
    except executions.Bent as why:
        assert str(why)
    else:
        assert all(one.account and one.exec_id for one in found)
