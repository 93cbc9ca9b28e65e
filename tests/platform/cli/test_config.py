from pathlib import Path

import pytest

from stoa.cli import servers
from stoa.kernel import where
from stoa.kernel.config import Config, ConfigProblem, Role, variables


def _load(state: Path, **told: str) -> Config:
    return Config.load({"STOA_STATE": str(state), **told})


def test_a_variable_wins_over_what_the_supervisor_noted(tmp_path: Path) -> None:
    servers.note(tmp_path, {"web": {"port": 8111}, "services": {"mail": "smtp://127.0.0.1:2525"}})

    assert _load(tmp_path).port == 8111
    assert _load(tmp_path, STOA_PORT="9000").port == 9000
    assert _load(tmp_path).services == {"mail": "smtp://127.0.0.1:2525"}


def test_no_password_is_ever_printed(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        STOA_DATABASE_URL="postgresql://boss:hush-1@db/stoa",
        STOA_DATABASE_APP_PASSWORD="hush-2",
        STOA_REDIS_URL="redis://:hush-3@cache/0",
    )

    assert "hush" not in repr(config)
    assert "hush" not in str(config)


def test_each_login_has_its_own_password_and_odd_signs_survive(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "stoa_app").write_text("a/b@c:d\n")

    config = _load(
        tmp_path,
        STOA_DATABASE_URL="postgresql://db:6432/broker?sslmode=require",
        STOA_DATABASE_DIRECT="db:5432",
    )

    assert config.dsn(Role.APP) == (
        "postgresql://stoa_app:a%2Fb%40c%3Ad@db:6432/broker?sslmode=require"
    )
    assert config.sqlalchemy_url(Role.APP, direct=True) == (
        "postgresql+asyncpg://stoa_app:a%2Fb%40c%3Ad@db:5432/broker?ssl=require"
    )
    with pytest.raises(ConfigProblem, match="no password for stoa_owner"):
        config.dsn(Role.OWNER)


def test_addresses_are_written_as_a_browser_needs_them(tmp_path: Path) -> None:
    here = _load(tmp_path, STOA_PORT="8001")
    real = _load(tmp_path, STOA_DOMAIN="Broker.Example.", STOA_SCHEME="https")

    assert here.url(here.control_host) == "http://control.localhost:8001/"
    assert real.url(real.tenant_host("acme"), "/desk") == "https://acme.broker.example/desk"


@pytest.mark.parametrize(
    "told",
    [
        {"STOA_PORT": "eighty"},
        {"STOA_PORT": "70000"},
        {"STOA_SCHEME": "ftp"},
        {"STOA_PRODUCTION": "maybe"},
        {"STOA_DEMO": "perhaps"},
        {"STOA_PRODUCTION": "1"},
        {"STOA_TRUSTED_PROXIES": "10.0.0.0/33"},
        {"STOA_DATABASE_URL": "mysql://db/stoa"},
        {"STOA_REDIS_URL": "http://cache"},
    ],
)
def test_what_makes_no_sense_is_refused_and_named(tmp_path: Path, told: dict[str, str]) -> None:
    with pytest.raises(ConfigProblem, match=next(iter(told))):
        _load(tmp_path, **told)


def test_every_variable_tells_its_meaning() -> None:
    for variable, meaning in variables():
        assert variable.startswith("STOA_")
        assert meaning.endswith(".")


def test_the_parts_that_ship_are_found() -> None:
    assert (where.themes() / "default").is_dir()
    assert where.migrations().is_dir()
    assert list(where.blueprints().glob("*.toml"))


def test_root_below_a_private_home_keeps_its_state_where_nobody_can_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir(parents=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: 0)

    state = where._usual_state(checkout, {})

    assert checkout not in state.parents
    assert state == where._usual_state(checkout, {})
    assert state != where._usual_state(tmp_path / "another", {})


def test_state_stays_in_the_checkout_where_everyone_may_walk() -> None:
    checkout = where.checkout()
    assert checkout is not None
    if not where.open_to_all(checkout):
        pytest.skip("this checkout lies below a private folder")

    assert where._usual_state(checkout, {}) == checkout / ".stoa"
