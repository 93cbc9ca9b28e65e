"""Who takes a payment: every condition, every way of choosing, and the same answer years later."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from brokerage.payments.routing import deciding, rates, record
from brokerage.payments.routing.costs import cost_of
from brokerage.payments.routing.deciding import Ask, CapUse, Seen
from brokerage.payments.routing.terms import Cost, Route, Times
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.settings import parse

ONE = UUID("0190f0d0-0000-7000-8000-000000000001")
BOTH = {"alpha": Seen("alpha"), "beta": Seen("beta")}
FRIDAY_NIGHT = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)


def ask(amount="100.00", currency="EUR", key=ONE, **more):
    return Ask(key, more.pop("method", Method.CARD), Money(Decimal(amount), currency), **more)


def rules(*told):
    return msgspec.convert(list(told), tuple[Route, ...], strict=False)


def use(*psps):
    return [{"psp": psp, "share": share} for psp, share in psps]


def order(routes, asked, seen=BOTH, **more):
    return deciding.decide(routes, asked, seen, **more).order


ALPHA = {"name": "Rule", "use": use(("alpha", 100))}
FITS = {
    "method": ({"method": ["card"]}, {}, {"method": Method.CRYPTO}),
    "currency": ({"currency": ["EUR"]}, {}, {"currency": "USD"}),
    "country": ({"country": ["ES"]}, {"country": "ES"}, {"country": "DE"}),
    "not-country": ({"not_country": ["DE"]}, {"country": "ES"}, {"country": "DE"}),
    "level": ({"level": ["verified"]}, {"level": "verified"}, {"level": "basic"}),
    "client-type": (
        {"client_type": ["corporate"]},
        {"client_type": "corporate"},
        {"client_type": "individual"},
    ),
    "risk": ({"risk": ["low"]}, {"risk": "low"}, {"risk": "high"}),
    "tag": ({"tag": ["vip", "gold"]}, {"tags": ("gold",)}, {"tags": ("new",)}),
    "not-tag": ({"not_tag": ["vip"]}, {"tags": ()}, {"tags": ("vip",)}),
    "first": ({"first": "yes"}, {"first": True}, {"first": False}),
    "brand": ({"brand": ["visa"]}, {"brand": "visa"}, {"brand": "amex"}),
    "card-country": ({"card_country": ["IE"]}, {"card_country": "IE"}, {"card_country": ""}),
    "amount": ({"amount": {"min": "50", "max": "100", "in": "EUR"}}, {}, {"amount": "100.01"}),
    "time": (
        {"time": {"days": ["fri"], "from": "22:00", "to": "06:00"}},
        {"at": FRIDAY_NIGHT},
        {"at": FRIDAY_NIGHT.replace(hour=12)},
    ),
}


@pytest.mark.parametrize("named", FITS)
def test_a_condition_that_does_not_hold_is_the_reason_the_rule_is_passed_over(named):
    when, fits, other = FITS[named]
    routes = rules({**ALPHA, "when": when})

    assert order(routes, ask(**fits)) == ("alpha",)
    missed = deciding.decide(routes, ask(**(fits | other)), BOTH)
    assert missed.order == ()
    assert missed.passed == ((1, "Rule", named),)


def test_an_amount_in_another_currency_is_compared_at_the_rate_of_the_moment():
    routes = rules({**ALPHA, "when": {"amount": {"max": "5000", "in": "EUR"}}})

    assert order(routes, ask("700000", "JPY", worth={"EUR": Decimal(4340)})) == ("alpha",)
    assert order(routes, ask("900000", "JPY", worth={"EUR": Decimal(5580)})) == ()
    unknown = deciding.decide(routes, ask("1", "JPY"), BOTH)
    assert unknown.passed == ((1, "Rule", "no-rate"),)


@pytest.mark.parametrize(
    ("told", "hour", "within"),
    [
        ({"from": "08:00", "to": "18:00"}, 8, True),
        ({"from": "08:00", "to": "18:00"}, 18, False),
        ({"days": ["sat"], "from": "22:00", "to": "06:00"}, 1, False),
        ({"days": ["thu"], "from": "22:00", "to": "06:00"}, 1, True),
        ({"days": ["fri"]}, 0, True),
        ({"days": ["mon"]}, 12, False),
    ],
)
def test_hours_are_the_tenants_own_and_a_night_belongs_to_the_day_it_began(told, hour, within):
    times = msgspec.convert(told, Times)

    assert times.covers(datetime(2026, 11, 27, hour, 0, tzinfo=UTC)) is within


def test_health_of_providers_is_a_condition_too():
    down = {"alpha": Seen("alpha", healthy=False), "beta": Seen("beta")}
    routes = rules(
        {"name": "While alpha is down", "when": {"down": ["alpha"]}, "use": use(("beta", 1))}
    )

    assert order(routes, ask(), down) == ("beta",)
    assert order(routes, ask()) == ()


def test_shares_are_kept_to_and_the_same_payment_falls_on_the_same_side():
    routes = rules({"name": "Split", "use": use(("alpha", 70), ("beta", 30))})
    keys = [uuid7() for _ in range(4_000)]

    first = [order(routes, ask(key=key))[0] for key in keys]

    assert 0.66 < first.count("alpha") / len(keys) < 0.74
    assert first == [order(routes, ask(key=key))[0] for key in keys]


def test_the_cheapest_is_first_and_an_unknown_cost_comes_after_every_known_one():
    routes = rules(
        {"name": "Cheap", "by": "lowest-cost", "use": use(("alpha", 1), ("beta", 1), ("gamma", 1))}
    )
    seen = {
        "alpha": Seen("alpha", cost=Decimal("2.90")),
        "beta": Seen("beta", cost=Decimal("1.10")),
        "gamma": Seen("gamma"),
    }

    assert order(routes, ask(), seen) == ("beta", "alpha", "gamma")


def test_the_best_approval_rate_needs_proof_and_a_tenth_still_goes_by_shares():
    routes = rules({"name": "Best", "by": "best-approval", "use": use(("alpha", 50), ("beta", 50))})
    lucky = {"alpha": Seen("alpha", paid=2, ended=2), "beta": Seen("beta", paid=900, ended=1000)}

    made = [deciding.decide(routes, ask(key=uuid7()), lucky) for _ in range(2_000)]

    best = [one for one in made if one.by == "best-approval"]
    assert 0.86 < len(best) / len(made) < 0.94
    assert {one.order[0] for one in best} == {"beta"}
    assert {one.order[0] for one in made if one.by == "split"} == {"alpha", "beta"}


def test_a_full_cap_moves_on_and_the_next_rule_takes_what_this_one_cannot():
    full = CapUse("day", Decimal(950), Decimal(100), Decimal(1000), "EUR")
    seen = {"alpha": Seen("alpha", caps=(full,)), "beta": Seen("beta"), "gamma": Seen("gamma")}
    first = {"name": "One", "use": use(("alpha", 100))}

    made = deciding.decide(rules(first, {"name": "Two", "use": use(("gamma", 100))}), ask(), seen)
    assert (made.route, made.order) == ("Two", ("gamma",))
    assert made.passed == ((1, "One", "nobody"),)
    stop = rules({**first, "otherwise": "stop"}, {"name": "Two", "use": use(("gamma", 100))})
    stopped = deciding.decide(stop, ask(), seen)
    assert (stopped.route, stopped.order, stopped.looked) == ("One", (), (("alpha", "day-cap"),))


def test_who_fails_is_asked_last_and_who_is_paused_never():
    routes = rules({"name": "All", "use": use(("alpha", 100)), "cascade": ["beta", "gamma"]})
    seen = {
        "alpha": Seen("alpha", healthy=False),
        "beta": Seen("beta", paused="operator"),
        "gamma": Seen("gamma"),
    }

    made = deciding.decide(routes, ask(), seen)

    assert made.order == ("gamma", "alpha")
    assert dict(made.looked) == {"alpha": "failing", "beta": "paused-operator", "gamma": "usable"}


def test_a_provider_that_comes_back_gets_its_part_of_the_traffic():
    routes = rules({"name": "All", "use": use(("alpha", 100)), "cascade": ["beta"]})
    seen = {"alpha": Seen("alpha", share=25), "beta": Seen("beta")}

    first = [order(routes, ask(key=uuid7()), seen)[0] for _ in range(4_000)]

    assert 0.22 < first.count("alpha") / len(first) < 0.28


def test_a_provider_that_was_tried_is_not_asked_again():
    routes = rules({"name": "All", "use": use(("alpha", 100)), "cascade": ["beta"]})

    made = deciding.decide(routes, ask(), BOTH, tried=frozenset({"alpha"}))

    assert made.order == ("beta",)
    assert dict(made.looked)["alpha"] == "tried"


def test_a_stored_decision_comes_out_the_same_after_a_journey_through_json():
    """N08: the record alone, and the rules it names, are enough."""
    routes = rules(
        {"name": "Night", "when": {"time": {"days": ["sun"]}}, "use": use(("alpha", 100))},
        {
            "name": "Large",
            "when": {"amount": {"min": "50", "in": "USD"}, "tag": ["vip"]},
            "by": "best-approval",
            "use": use(("alpha", 60), ("beta", 40)),
            "cascade": ["gamma"],
        },
    )
    for key in (uuid7() for _ in range(200)):
        asked = ask(
            key=key,
            tags=("vip",),
            at=FRIDAY_NIGHT,
            worth={"USD": Decimal("108.50")},
            country="ES",
        )
        cap = CapUse("month", Decimal("10.5"), Decimal(1), Decimal(20), "USD")
        seen = {
            "alpha": Seen("alpha", caps=(cap,), paid=3, ended=9, cost=Decimal("1.2")),
            "beta": Seen("beta", share=25, paid=30, ended=40),
        }
        tried = frozenset({"gamma"})
        made = deciding.decide(routes, asked, seen, tried=tried)
        kept = json.loads(
            json.dumps(record.kept(made, asked, seen, tried=tried, routes=routes, version=7))
        )

        assert record.same(kept, record.again(kept, routes))
        assert record.ask_of(kept) == asked
    other = rules({"name": "Other", "use": use(("beta", 100))})
    assert not record.same(kept, record.again(kept, other))
    assert kept["rules"] == record.hash_of(routes) != record.hash_of(other)


GOLDEN = {
    "engine": 1,
    "version": 3,
    "route": "Cards",
    "rule": 2,
    "point": 5092,
    "by": "split",
    "order": ["alpha", "beta"],
    "looked": [["alpha", "usable"], ["beta", "failing"]],
    "passed": [[1, "Large", "amount"]],
    "tried": [],
    "ask": {
        "id": "0190f0d0-0000-7000-8000-000000000001",
        "method": "card",
        "amount": "100.00",
        "currency": "EUR",
        "country": "ES",
        "level": "verified",
    },
    "seen": {
        "alpha": {
            "carries": True,
            "healthy": True,
            "paused": "",
            "share": 100,
            "caps": [["day", "10", "100", "5000", "EUR"]],
            "cost": None,
            "paid": 0,
            "ended": 0,
        },
        "beta": {
            "carries": True,
            "healthy": False,
            "paused": "",
            "share": 100,
            "caps": [],
            "cost": "1.10",
            "paid": 0,
            "ended": 0,
        },
    },
}


def test_a_record_of_the_first_engine_still_comes_out_as_it_did():
    """Whoever changes the way of deciding keeps this one under its number."""
    routes = rules(
        {
            "name": "Large",
            "when": {"amount": {"min": "5000", "in": "EUR"}},
            "use": use(("beta", 100)),
        },
        {"name": "Cards", "when": {"method": ["card"]}, "use": use(("alpha", 70), ("beta", 30))},
    )

    assert record.same(GOLDEN, record.again(GOLDEN, routes))


def test_a_cost_is_by_the_first_line_that_fits_with_its_fixed_part_and_its_least():
    costs = msgspec.convert(
        [
            {
                "method": ["card"],
                "country": ["GB"],
                "percent": "2.9",
                "fixed": {"amount": "0.25", "currency": "EUR"},
            },
            {"percent": "1", "least": {"amount": "2", "currency": "USD"}},
        ],
        tuple[Cost, ...],
        strict=False,
    )

    def same(money, to):
        return Money(money.amount, to)

    hundred = Money(Decimal("100.00"), "EUR")
    assert cost_of(costs, Method.CARD, hundred, "GB", same) == Money(Decimal("3.15"), "EUR")
    assert cost_of(costs, Method.CARD, hundred, "ES", same) == Money(Decimal("2.00"), "EUR")
    assert cost_of(costs, Method.CARD, hundred, "GB", lambda _money, _to: None) is None
    assert cost_of((), Method.CARD, hundred, "GB", same) is None


def test_few_tries_prove_little():
    assert rates.bounds(0, 0) == (0, 1)
    low, high = rates.bounds(90, 100)
    assert (low.quantize(Decimal("0.001")), high.quantize(Decimal("0.001"))) == (
        Decimal("0.826"),
        Decimal("0.945"),
    )


PSPS = {"psps": [{"code": "alpha", "connector": "stripe"}]}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}], "when": {"code": "1"}}]},
         "$.routes[0].when"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha", "eval": "x"}]}]},
         "$.routes[0].use[0]"),
        ({"routes": [{"name": "A", "use": [{"psp": "nobody"}]}]}, "nobody"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}], "cascade": ["nobody"]}]}, "nobody"),
        ({"routes": [{"name": "A"}]}, "uses no provider"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}]}] * 2}, "twice"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}],
                      "when": {"time": {"from": "25:00"}}}]}, "$.routes[0].when.time.from"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}],
                      "when": {"amount": {"min": "NaN", "in": "EUR"}}}]}, "bound"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}],
                      "when": {"amount": {"min": "9", "max": "1", "in": "EUR"}}}]}, "min"),
        ({"routes": [{"name": "A", "use": [{"psp": "alpha"}],
                      "when": {"country": ["Spain"]}}]}, "$.routes[0].when.country[0]"),
        ({"psps": [{"code": "alpha", "connector": "stripe", "caps": [{"per": "day"}]}]}, "cap"),
        ({"breaker": {"steps": [50, 10]}}, "rise"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_with_their_path(told, says):
    with pytest.raises(Invalid) as refused:
        parse("payments", PaymentsSettings, PSPS | told)

    assert says in str(refused.value)
