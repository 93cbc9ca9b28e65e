from hypothesis import given
from hypothesis import strategies as st

from stoa.connectors.breaker import Breaker, Circuit, Limits


def entered(breaker: Breaker, now: float) -> int:
    ticket = breaker.enter(now)
    assert ticket is not None
    return ticket


def opened() -> Breaker:
    breaker = Breaker()
    for second in range(3):
        breaker.failed(entered(breaker, second), second, 0.1)
    assert breaker.circuit(2) is Circuit.OPEN
    return breaker


def test_three_failures_in_a_row_open_it() -> None:
    breaker = opened()

    assert breaker.enter(3) is None
    assert breaker.view(3).opens_again_s == 14


def test_half_of_the_calls_failing_opens_it_within_the_window() -> None:
    breaker = Breaker()
    for at in range(20):
        ticket = breaker.enter(at)
        if ticket is None:
            break
        if at % 2:
            breaker.failed(ticket, at, 0.1)
        else:
            breaker.succeeded(ticket, at, 0.1)

    assert breaker.circuit(20) is not Circuit.CLOSED


def test_a_provider_that_crawls_opens_it() -> None:
    breaker = Breaker()
    for at in range(5):
        breaker.succeeded(entered(breaker, at), at, 6)

    assert breaker.circuit(5) is Circuit.OPEN


def test_failures_beyond_the_window_are_forgotten() -> None:
    breaker = Breaker(Limits(in_a_row=99))
    for at in (0, 1, 2, 3):
        breaker.failed(entered(breaker, at), at, 0.1)

    breaker.failed(entered(breaker, 100), 100, 0.1)

    assert breaker.circuit(100) is Circuit.CLOSED
    assert breaker.view(100).calls == 1


def test_it_half_opens_by_itself_and_lets_only_a_few_try() -> None:
    breaker = opened()

    first, second = entered(breaker, 18), entered(breaker, 18)

    assert breaker.circuit(18) is Circuit.HALF_OPEN
    assert breaker.enter(18) is None
    breaker.succeeded(first, 19, 0.1)
    assert breaker.circuit(19) is Circuit.HALF_OPEN
    breaker.succeeded(second, 19, 0.1)
    assert breaker.circuit(19) is Circuit.CLOSED


def test_a_failed_trial_opens_it_for_twice_as_long_up_to_a_bound() -> None:
    breaker = opened()
    now = 2.0
    pauses = []
    for _ in range(8):
        now += breaker.view(now).opens_again_s
        breaker.failed(entered(breaker, now), now, 0.1)
        pauses.append(breaker.view(now).opens_again_s)

    assert pauses == [30, 60, 120, 240, 300, 300, 300, 300]


def test_a_cancelled_trial_gives_its_place_back() -> None:
    breaker = opened()
    first, second = entered(breaker, 18), entered(breaker, 18)

    breaker.abandoned(first)
    third = entered(breaker, 18)
    breaker.succeeded(second, 18, 0.1)
    breaker.succeeded(third, 18, 0.1)

    assert breaker.circuit(18) is Circuit.CLOSED


def test_the_end_of_a_call_from_before_it_opened_changes_nothing() -> None:
    breaker = Breaker()
    late = entered(breaker, 0)
    for second in range(3):
        breaker.failed(entered(breaker, second), second, 0.1)
    entered(breaker, 18)

    breaker.succeeded(late, 18, 0.1)
    breaker.failed(late, 18, 0.1)

    assert breaker.circuit(18) is Circuit.HALF_OPEN


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from("sfax")), max_size=200))
def test_whatever_happens_it_lets_someone_try_again(steps: list[tuple[float, str]]) -> None:
    breaker = Breaker()
    now = 0.0
    for pause, end in steps:
        now += pause
        ticket = breaker.enter(now)
        if ticket is None:
            continue
        match end:
            case "s":
                breaker.succeeded(ticket, now, 0.1)
            case "f":
                breaker.failed(ticket, now, 0.1)
            case "a":
                breaker.abandoned(ticket)
            case _:
                breaker.succeeded(ticket, now, 9)

    assert breaker.enter(now + Limits().longest_open_s) is not None
