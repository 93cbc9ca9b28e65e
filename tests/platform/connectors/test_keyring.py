from datetime import UTC, datetime

import msgspec
import pytest

from stoa.connectors.health import Health
from stoa.connectors.keyring import Keyring, SecretName, secret_fields, secret_names
from stoa.connectors.outcomes import Confirmed, Outcome, hard, technical
from stoa.connectors.trouble import Unreachable


class Settings(msgspec.Struct, frozen=True):
    host: str = "h"
    key: SecretName = "psp.key"
    hook: SecretName = "psp.hook"


def test_settings_name_their_secrets_and_never_hold_them() -> None:
    assert secret_fields(Settings) == ("key", "hook")
    assert secret_names(Settings(hook="other")) == ("psp.key", "other")


def test_the_newest_secret_is_sent_and_all_active_ones_are_accepted() -> None:
    ring = Keyring({"psp.key": ["new", "old", ""]})

    assert ring.current("psp.key") == "new"
    assert ring.active("psp.key") == ("new", "old")


def test_a_missing_secret_stops_the_call_before_anything_is_sent() -> None:
    ring = Keyring({"psp.key": ""})

    assert ring.active("nothing") == ()
    with pytest.raises(Unreachable):
        ring.current("psp.key")


def test_a_keyring_does_not_print_what_it_holds() -> None:
    assert "hidden" not in repr(Keyring({"psp.key": "hidden"}))


def test_outcomes_survive_being_written_down() -> None:
    for outcome in (Confirmed("77"), technical("timeout"), hard("no-money", "Not enough money")):
        written = msgspec.json.encode(outcome)
        assert msgspec.json.decode(written, type=Outcome) == outcome


def test_percentiles_are_of_the_answered_calls() -> None:
    health = Health()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for hundredths in range(1, 101):
        health.succeeded(at, hundredths / 100)
    health.failed(at, "no-answer")

    view = health.view()

    assert (view.p50_ms, view.p95_ms, view.p99_ms) == (500.0, 950.0, 990.0)
    assert (view.calls, view.failures, view.last_trouble) == (101, 1, "no-answer")
