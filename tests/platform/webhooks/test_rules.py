"""When a delivery is tried again, given up, and when an endpoint is left alone."""

from datetime import timedelta
from uuid import uuid4

from brokerage.clients.events import ClientRegistered
from stoa.webhooks import rules


def test_tries_are_spread_over_three_days_and_then_end():
    waited, tries = timedelta(0), 1
    while (pause := rules.next_try(tries, waited)) is not None:
        waited += pause
        tries += 1

    assert timedelta(hours=60) < waited <= timedelta(days=3)
    assert tries == 11


def test_what_waited_three_days_is_given_up_however_few_the_tries():
    assert rules.next_try(1, timedelta(days=3)) is None


def test_an_endpoint_rests_after_five_failures_and_longer_each_time_up_to_an_hour():
    rests = [rules.rest(failures) for failures in range(20)]

    assert rests[:5] == [None] * 5
    assert rests[5] == timedelta(seconds=30)
    assert rests[6] == timedelta(minutes=1)
    assert max(one for one in rests if one) == timedelta(hours=1)


def test_only_a_2xx_is_a_receipt():
    assert [status for status in (199, 200, 204, 299, 301, 400, 500) if rules.heard(status)] == [
        200,
        204,
        299,
    ]


def test_a_fact_is_about_its_first_id():
    client = uuid4()

    told = ClientRegistered(client=client, country="DE", language="de", client_type="individual")

    assert rules.about(told) == f"client:{client}"
