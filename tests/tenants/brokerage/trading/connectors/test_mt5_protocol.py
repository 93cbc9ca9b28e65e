from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.trading.connector import Access, DealKind
from brokerage.trading.connectors.mt5_webapi import (
    bodies,
    frames,
    login,
    records,
    retcodes,
    zones,
)
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import Invalid

HASHED = login.password_hash("Pässw0rd1")


def test_the_first_packet_alone_carries_the_prefix() -> None:
    assert frames.pack(1, b"ab", first=True) == b"MT5WEBAPI000200010ab"
    assert frames.pack(16383, b"") == b"00003fff0"


def test_numbers_wrap_at_the_client_s_last() -> None:
    assert frames.next_number(16382) == 16383
    assert frames.next_number(16383) == 1


@pytest.mark.parametrize("number", [0, -1, 16384])
def test_a_number_outside_the_client_s_range_is_not_packed(number: int) -> None:
    with pytest.raises(frames.BrokenFrame):
        frames.pack(number, b"")


def test_a_body_beyond_the_four_digits_is_not_packed() -> None:
    frames.pack(1, b"x" * 65535)
    with pytest.raises(frames.BrokenFrame):
        frames.pack(1, b"x" * 65536)


@pytest.mark.parametrize(
    "head",
    [b"00g200010", b"+0020001 ", b"0_020001 0"[:9], b"0x0200010", b"000200012", b" 00200010"],
)
def test_a_header_that_is_not_hex_breaks_the_stream(head: bytes) -> None:
    with pytest.raises(frames.BrokenFrame):
        frames.FrameParser().feed(head)


@given(
    st.lists(st.tuples(st.integers(1, 0xFFFF), st.booleans(), st.binary(max_size=300)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_frames_come_back_whole_however_the_stream_is_cut(
    told: list[tuple[int, bool, bytes]], chance: object
) -> None:
    stream = b"".join(
        b"%04X%04x%d" % (len(body), number, more) + body for number, more, body in told
    )
    parser = frames.FrameParser()
    found: list[frames.Frame] = []
    at = 0
    while at < len(stream):
        step = chance.randint(1, 40)  # type: ignore[attr-defined]
        found += parser.feed(stream[at : at + step])
        at += step

    assert [(one.number, one.more, one.body) for one in found] == told
    assert parser.waiting == 0


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_no_stream_of_bytes_does_worse_than_break(pieces: list[bytes]) -> None:
    parser = frames.FrameParser()
    for piece in pieces:
        try:
            parser.feed(piece)
        except frames.BrokenFrame:
            return
        assert parser.waiting <= frames.HEADER + frames.LARGEST


PLAIN = st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])


@given(st.text(PLAIN), st.text(PLAIN))
def test_values_come_back_whatever_they_hold(one: str, other: str) -> None:
    body = bodies.write("USER_ADD", {"NAME": one, "COMMENT": other}, '{"a":"|"}')

    answer = bodies.read(body)

    assert (answer.command, answer.json) == ("USER_ADD", '{"a":"|"}')
    assert answer.params == {"NAME": one, "COMMENT": other}


@given(st.binary(max_size=400))
def test_no_body_does_worse_than_being_unreadable(body: bytes) -> None:
    try:
        answer = bodies.read(body)
    except Unreadable:
        return
    assert answer.retcode is None or answer.retcode >= 0


def test_a_value_cannot_add_a_parameter_or_end_the_line() -> None:
    body = bodies.write("TRADE_BALANCE", {"COMMENT": "x|BALANCE=9\r\n{}", "BALANCE": "1"})

    assert bodies.read(body).params == {"COMMENT": "x|BALANCE=9\n{}", "BALANCE": "1"}


def test_answers_are_read_as_servers_write_them() -> None:
    text = 'group_get|RetCode=0 Done|Group=real\\eur\\vip|\r\n{"Group":"x"}'

    answer = bodies.read(text.encode("utf-16-le"))

    assert (answer.command, answer.retcode, answer.retext) == ("GROUP_GET", 0, "Done")
    assert answer.params["GROUP"] == "real\\eur\\vip"


@pytest.mark.parametrize(
    ("told", "retcode"),
    [("0", 0), ("13 Not found", 13), ("", None), ("x 1", None), ("-1 odd", None), ("٣", None)],
)
def test_the_number_of_a_return_code_is_what_counts(told: str, retcode: int | None) -> None:
    assert bodies.read(f"PING|RETCODE={told}|\r\n".encode("utf-16-le")).retcode == retcode


def test_the_published_login_vector_holds() -> None:
    challenge = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")

    assert login.challenge_answer(HASHED, challenge) == "7ee684e3fb28bfdabd73ea3f2507ba76"
    assert login.proves(HASHED, challenge, "7EE684E3FB28BFDABD73EA3F2507BA76")
    assert not login.proves(HASHED, challenge, "7ee684e3fb28bfdabd73ea3f2507ba77")
    assert not login.proves(HASHED, challenge, "")


def test_the_first_packet_is_plain_ofb_of_the_openssl_command() -> None:
    """openssl enc -aes-256-ofb -K 00..1f -iv f0..ff over `MetaTrader 5 Web API!`."""
    stream = login.Stream(bytes(range(32)), bytes(range(0xF0, 0x100)))

    assert (
        stream.apply(b"MetaTrader 5 Web API!").hex() == "df65b9ec77e4e1af3f1bc661606506768865fc96ca"
    )


@given(st.lists(st.binary(max_size=70), max_size=6))
def test_both_ends_stay_in_step_over_packets_of_any_size(packets: list[bytes]) -> None:
    rand = bytes(range(256))
    sending, _ = login.streams(HASHED, rand)
    receiving, _ = login.streams(HASHED, rand)

    assert [receiving.apply(sending.apply(packet)) for packet in packets] == packets


def test_a_packet_begins_with_a_fresh_block_of_keystream() -> None:
    key, vector = bytes(range(32)), bytes(16)
    whole = login.Stream(key, vector).apply(bytes(64))
    stream = login.Stream(key, vector)

    assert stream.apply(bytes(20)) == whole[:20]
    assert stream.apply(bytes(16)) == whole[32:48]


def test_a_short_random_text_gives_no_keys() -> None:
    with pytest.raises(ValueError, match="too short"):
        login.streams(HASHED, bytes(255))


NEW_YORK = zones.named("ny+7")


@pytest.mark.parametrize(
    ("utc", "hour"),
    [("2026-01-15T12:00", 14), ("2026-07-15T12:00", 15), ("2026-03-20T12:00", 15)],
)
def test_new_york_plus_seven_ends_the_day_at_new_york_s_close(utc: str, hour: int) -> None:
    instant = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    wall = datetime.fromtimestamp(NEW_YORK.to_server(instant), UTC)

    assert wall.hour == hour
    close = instant.astimezone(ZoneInfo("America/New_York")).replace(hour=17)
    assert datetime.fromtimestamp(NEW_YORK.to_server(close), UTC).hour == 0


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["utc", "ny+7", "Europe/Athens", "+02:00", "-03:30"]),
)
def test_an_instant_comes_back_unless_its_hour_happened_twice(when: datetime, rule: str) -> None:
    instant = when.replace(tzinfo=UTC, microsecond=0)
    clock = zones.named(rule)

    back = clock.to_utc(clock.to_server(instant))

    assert instant - back in {timedelta(0), timedelta(hours=1)}


@given(
    st.datetimes(datetime(2025, 10, 20), datetime(2026, 4, 5)),  # noqa: DTZ001
    st.integers(0, 7 * 86400),
    st.floats(0, 1),
)
def test_a_window_misses_no_deal_even_when_the_clock_goes_back(
    when: datetime, span_s: int, share: float
) -> None:
    since = when.replace(tzinfo=UTC, microsecond=0)
    until = since + timedelta(seconds=span_s)
    inside = since + timedelta(seconds=int(span_s * share))

    first, last = zones.window(NEW_YORK, since, until)

    assert first <= NEW_YORK.to_server(inside) <= last


def test_an_unknown_clock_rule_is_refused() -> None:
    for rule in ("moon", "Europe/Nowhere", "../etc/passwd", "+25:00", ""):
        with pytest.raises(Invalid):
            zones.named(rule)


def test_the_measured_offset_is_in_quarter_hours() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert zones.measured(int(now.timestamp()) + 10_803, now) == (10_800, 3)
    assert zones.measured(int(now.timestamp()) - 12_610, now) == (-12_600, -10)


def test_only_codes_that_are_known_refusals_count_as_refused() -> None:
    assert retcodes.outcome_of(0, "Done", "77") == Confirmed("77")
    assert isinstance(retcodes.outcome_of(0, "Done", ""), Unknown)
    assert isinstance(retcodes.outcome_of(10019, "", ""), Refused)
    for doubtful in (None, 1, 2, 4, 7, 9, 10, 11, 14, 17, 10008, 10009, 10012, 10031, 99999):
        assert isinstance(retcodes.outcome_of(doubtful, "", "77"), Unknown)


def test_volumes_become_lots_by_the_finer_field_where_it_agrees() -> None:
    assert records.lots(10000, 0) == 1
    assert records.lots(1, 12345) == Decimal("0.00012345")
    assert records.lots(10000, 5) == 1


@pytest.mark.parametrize(
    ("rights", "access"),
    [
        (0x163, Access.FULL),
        (0x162, Access.NO_LOGIN),
        (0x167, Access.NO_TRADING),
        (0x363, Access.NO_TRADING),
    ],
)
def test_rights_are_read_as_access(rights: int, access: Access) -> None:
    assert records.access_of(rights) is access


@given(st.integers(0, 0x3FFF), st.sampled_from([Access.FULL, Access.NO_TRADING, Access.NO_LOGIN]))
def test_setting_access_touches_no_other_right(rights: int, access: Access) -> None:
    after = records.rights_for(access, rights)

    assert records.access_of(after) is access
    untouched = ~(records.ENABLED | records.TRADING_DISABLED | records.READ_ONLY)
    assert after & untouched == rights & untouched


def test_a_deal_of_an_unheard_kind_is_kept_as_other() -> None:
    raw = records.decode('{"Deal":"1","Login":"2","Action":"99","Time":"3"}', records.RawDeal)

    assert raw.value(zones.Offset()).kind is DealKind.OTHER


@pytest.mark.parametrize(
    ("told", "offset_s"),
    [
        ('{"TimeZone":"120","DaylightState":"1"}', 10800),
        ('{"TimeZone":"7200","DaylightState":"0"}', 7200),
        ('{"TimeZone":"-300"}', -18000),
        ("{}", None),
        ("[]", None),
        ('{"TimeZone":"x"}', None),
    ],
)
def test_the_time_settings_give_an_offset_or_none(told: str, offset_s: int | None) -> None:
    assert records.zone_offset_s(told) == offset_s
