"""Changed rules over a known past: volume, approval with its bounds, cost and caps come out right."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from brokerage.payments.routing import simulating
from brokerage.payments.routing.deciding import Ask, Seen
from brokerage.payments.routing.simulating import Facts, Past, Rate
from brokerage.payments.routing.terms import Cap, Route
from brokerage.payments.values import Method
from stoa.kernel.money import Money

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
BOTH = {"alpha": Seen("alpha"), "beta": Seen("beta")}


def rules(*told):
    return msgspec.convert(list(told), tuple[Route, ...], strict=False)


def past(number, first="alpha", paid=True, amount="100", seen=None):
    money = Money(Decimal(amount), "EUR")
    key = UUID(int=number + 1)
    return Past(
        key,
        f"D-{number}",
        AT + timedelta(hours=number),
        Ask(key, Method.CARD, money),
        seen or BOTH,
        first,
        paid,
        money.amount,
        Decimal("2.90") if paid and first == "alpha" else Decimal(0),
    )


def facts(rates=None, caps=None):
    return Facts(
        rates=rates or {("alpha", "card"): Rate(100, 70, 10), ("beta", "card"): Rate(100, 90, 0)},
        caps=caps or {},
        cost=lambda psp, one: (
            one.ask.money.amount * {"alpha": Decimal("0.029"), "beta": Decimal("0.015")}[psp]
        ),
        in_cap=lambda one, _currency: one.ask.money.amount,
        days=lambda at: (at.strftime("%Y-%m-%d"), at.strftime("%Y-%m")),
        carries=lambda _psp, _ask: True,
    )


ALL_ALPHA = rules({"name": "A", "use": [{"psp": "alpha"}]})
ALL_BETA = rules({"name": "B", "use": [{"psp": "beta"}]})


def test_the_same_rules_move_nothing_and_keep_every_real_end():
    lines = [past(number, paid=number % 10 < 7) for number in range(100)]

    found = simulating.simulate(lines, ALL_ALPHA, facts())
    rate = simulating.approval(found, facts())

    assert (found.looked, found.moved, found.lost) == (100, 0, 0)
    assert rate.was == rate.now == rate.low == rate.high == Decimal("70.00")
    assert found.now["alpha"].cost == found.was["alpha"].cost == Decimal("203.00")


def test_all_to_another_provider_is_expected_as_it_did_with_bounds_around_it():
    lines = [past(number, paid=number % 10 < 7) for number in range(100)]

    found = simulating.simulate(lines, ALL_BETA, facts())
    rate = simulating.approval(found, facts())

    assert found.moved == 100 and found.now["beta"].count == 100
    assert rate.was == Decimal("70.00") and rate.now == Decimal("89.22")
    assert rate.low < Decimal(85) and rate.high > Decimal(93) and not rate.thin
    expected = Decimal(100) * Decimal(91) / 102 * Decimal("1.5")
    assert abs(found.now["beta"].cost - expected) < Decimal("0.01")


def test_a_provider_without_history_is_said_to_be_a_guess():
    lines = [past(number) for number in range(50)]
    known = facts(rates={("alpha", "card"): Rate(100, 70, 10)})

    found = simulating.simulate(lines, ALL_BETA, known)
    rate = simulating.approval(found, known)

    assert rate.thin and rate.high - rate.low > Decimal(50)


def test_technical_trouble_of_the_first_is_expected_to_be_taken_by_the_next():
    both = rules({"name": "B", "use": [{"psp": "beta"}], "cascade": ["alpha"]})
    shaky = facts(rates={("alpha", "card"): Rate(100, 70, 0), ("beta", "card"): Rate(100, 50, 40)})

    alone = simulating.simulate([past(0)], ALL_BETA, shaky)
    helped = simulating.simulate([past(0)], both, shaky)

    assert helped.now["beta"].paid - alone.now["beta"].paid == Decimal("0.4") * Decimal(71) / 102


def test_caps_are_counted_anew_as_the_volume_moves():
    caps = {"beta": (msgspec.convert({"per": "day", "count": 5}, Cap),), "alpha": ()}
    lines = [past(number) for number in range(48)]
    both = rules({"name": "B", "use": [{"psp": "beta"}], "cascade": ["alpha"]})

    found = simulating.simulate(lines, both, facts(caps=caps))

    days = {one.at.date() for one in lines}
    assert found.now["beta"].count == 5 * len(days)
    assert found.now["beta"].turned == 48 - 5 * len(days)
    assert found.now["beta"].fullest == 100
    only = simulating.simulate(lines, ALL_BETA, facts(caps=caps))
    assert only.lost == 48 - 5 * len(days)


def test_who_was_down_then_is_down_in_the_simulation_too():
    down = {"alpha": Seen("alpha"), "beta": Seen("beta", paused="tenant")}

    found = simulating.simulate([past(0, seen=down)], ALL_BETA, facts())

    assert found.lost == 1 and found.elsewhere[0]["now"] == ""


def test_what_is_stored_is_plain_and_lists_at_most_a_hundred():
    found = simulating.simulate([past(number) for number in range(300)], ALL_BETA, facts())

    told = simulating.told(found, facts(), "EUR")

    assert msgspec.json.decode(msgspec.json.encode(told)) == told
    assert len(told["elsewhere"]) == 100 and told["moved"] == 300
    assert told["psps"]["beta"]["now"]["share"] == "100.00"
    assert told["cost"]["was"]["percent"] == "2.900"
