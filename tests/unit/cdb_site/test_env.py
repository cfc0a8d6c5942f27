"""The settings: what may be set, what is refused, and that a refusal names the variable and the remedy."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from cdb_site import env
from cdb_site.logs import secret_values

CHECKOUT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
GOOD_SECRET = "hG7-zR2_wQ9xT4bN8mK1"
GOOD_KEY = "k4-Vt8_Zq1xW7mB3nR9sL2cY6dJ5fH0gP-aE_uT4iO8vK1wQ7zX3yN9"
SECRETS = {"SECRET_KEY": GOOD_KEY, "POSTGRES_PASSWORD": GOOD_SECRET, "REDIS_PASSWORD": GOOD_SECRET}
PROXY = {"TRUSTED_PROXIES": "1", "ALLOWED_HOSTS": "cdb.example", "TRUSTED_ORIGINS": "https://cdb.example"}


def demo(**values: str) -> env.Environment:
    return env.read({"ENV": "demo", **values})


def refusal(**values: str) -> str:
    with pytest.raises(env.EnvironmentProblem) as caught:
        demo(**values)
    return str(caught.value)


def test_nothing_set_gives_the_defaults_in_the_demo() -> None:
    environment = demo()

    assert environment == env.Environment(ENV="demo")
    assert Decimal("0.10") == environment.MAX_POSITION_PCT


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("ENV", "production", "demo, dev, local, prod"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO"),
        ("MARKET", "BINANCE", "MEXC, SIMULATED"),
        ("TZ", "Mars/Olympus", "Europe/Berlin"),
        ("INTERVAL", "2m", "1m, 5m, 15m"),
        ("POSTGRES_PORT", "many", "a whole number"),
        ("POSTGRES_PORT", "5432.5", "a whole number"),
        ("POSTGRES_PORT", "0", "between 1 and 65535"),
        ("REDIS_DB", "16", "between 0 and 15"),
        ("STARTING_CASH", "a lot", "a number"),
        ("STARTING_CASH", "NaN", "a finite number"),
        ("SIM_RATE", "Infinity", "a finite number"),
        ("SIM_RATE", "0", "between 0.1 and 100000"),
        ("MAX_POSITION_PCT", "-0.1", "between 0.0001 and 0.99"),
        ("PORTS", "risk:9002", "risk=9002"),
    ],
)
def test_a_value_that_cannot_be_used_names_the_variable_and_the_remedy(name: str, value: str, remedy: str) -> None:
    message = refusal(**{name: value})

    assert message.startswith(f"{name}: ")
    assert remedy in message


@pytest.mark.parametrize("name", [item.name for item in fields(env.Environment) if item.name.endswith("_PCT")])
def test_every_fraction_above_one_is_refused_with_an_example(name: str) -> None:
    message = refusal(**{name: "2"})

    assert message.startswith(f"{name}: ")
    assert "0.01 means 1 %" in message


def test_everything_that_cannot_be_used_is_told_at_once_and_no_value_of_it() -> None:
    with pytest.raises(env.EnvironmentProblem) as caught:
        env.read({"ENV": "dev", "TOP_N": "canary-1", "MAX_SPREAD_BPS": "0", "LOG_LEVEL": "canary-2", "TZ": "canary-3"})

    names = [problem.name for problem in caught.value.problems]
    assert names == ["TZ", "LOG_LEVEL", "TOP_N", "MAX_SPREAD_BPS", "SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"]
    assert "canary" not in str(caught.value)


def test_a_start_refuses_a_file_it_would_have_to_guess_at(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("ENV=demo\nSTOP_LOSS_PC=0.005\nTOP_N: 3\nMAX_JUMP_PCT=1\n")

    with pytest.raises(env.EnvironmentProblem) as caught:
        env.read_with_file(path)

    assert [(item.line, item.name) for item in caught.value.problems] == [
        (2, "STOP_LOSS_PC"), (3, "TOP_N"), (4, "MAX_JUMP_PCT"),
    ]  # fmt: skip
    with pytest.raises(env.EnvironmentProblem, match="STOP_LOSS_PC"):
        env.given(path)


def test_a_bad_value_of_the_process_is_not_laid_at_the_files_door(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("ENV=demo\nTOP_N=3\n")

    _, problems = env.survey(path, {"TOP_N": "none"})

    assert [(item.source, item.line, item.name) for item in problems] == [("", 0, "TOP_N")]


def test_a_lookback_that_is_no_multiple_of_the_interval_is_refused() -> None:
    message = refusal(INTERVAL="5m", LOOKBACK_MINUTES="12")

    assert message.startswith("LOOKBACK_MINUTES: ")
    assert "INTERVAL" in message


def test_a_lookback_of_whole_candles_is_taken() -> None:
    environment = demo(INTERVAL="5m", LOOKBACK_MINUTES="20")

    assert (environment.lookback_s, environment.interval_s) == (1200, 300)


def test_an_exit_at_or_above_the_threshold_is_refused() -> None:
    message = refusal(SIGNAL_THRESHOLD_PCT="0.01", SIGNAL_EXIT_PCT="0.01")

    assert message.startswith("SIGNAL_EXIT_PCT: ")
    assert "SIGNAL_THRESHOLD_PCT" in message


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("value", ["", "7fQ2x", "changeme-changeme-changeme", "a-fine-but-insecure-value", "abab" * 20])
@pytest.mark.parametrize("mode", ["dev", "local", "prod"])
def test_an_empty_short_or_placeholder_secret_is_refused_outside_the_demo(name: str, value: str, mode: str) -> None:
    with pytest.raises(env.EnvironmentProblem) as caught:
        env.read({**SECRETS, "ENV": mode, name: value})

    assert str(caught.value).startswith(f"{name}: ")
    assert f"{name}_FILE" in str(caught.value)
    assert "token_urlsafe" in str(caught.value)
    assert value == "" or value not in str(caught.value)


def test_good_secrets_are_taken_in_production() -> None:
    assert env.read({**SECRETS, **PROXY, "ENV": "prod"}).SECRET_KEY == GOOD_KEY


def test_production_wants_to_know_how_many_proxies_stand_before_it() -> None:
    with pytest.raises(env.EnvironmentProblem, match=r"^TRUSTED_PROXIES: is 0, but .* Set the number of proxies"):
        env.read({**SECRETS, "ENV": "prod"})

    assert env.read({**SECRETS, "ENV": "dev"}).TRUSTED_PROXIES == 0


def test_production_wants_its_address_and_the_host_of_it_named() -> None:
    wanted = {**SECRETS, "TRUSTED_PROXIES": "1", "ENV": "prod"}

    with pytest.raises(env.EnvironmentProblem, match=r"^TRUSTED_ORIGINS: is empty, but .* such as https://"):
        env.read(wanted)
    with pytest.raises(env.EnvironmentProblem, match=r"^ALLOWED_HOSTS: does not name cdb\.example"):
        env.read({**wanted, "TRUSTED_ORIGINS": "https://cdb.example:8443"})


@pytest.mark.parametrize("origin", ["http://cdb.example", "cdb.example", "https://cdb.example/login"])
def test_what_is_no_origin_of_https_is_refused(origin: str) -> None:
    with pytest.raises(env.EnvironmentProblem, match=r"^TRUSTED_ORIGINS: an origin is https://"):
        env.read({**SECRETS, **PROXY, "ENV": "prod", "TRUSTED_ORIGINS": origin})


@pytest.mark.parametrize("hosts", ["cdb.example", "localhost, CDB.example", ".example", "*"])
def test_a_host_is_named_as_django_reads_names(hosts: str) -> None:
    assert env.read({**SECRETS, **PROXY, "ENV": "prod", "ALLOWED_HOSTS": hosts}).TRUSTED_PROXIES == 1


def test_plain_http_with_secrets_is_for_this_machine_alone() -> None:
    assert env.read({**SECRETS, "ENV": "local", "ALLOWED_HOSTS": "localhost,127.0.0.1,dashboard"}).ENV == "local"
    with pytest.raises(env.EnvironmentProblem, match=r"^ALLOWED_HOSTS: cdb\.example is not this machine"):
        env.read({**SECRETS, "ENV": "local", "ALLOWED_HOSTS": "localhost,cdb.example"})


def test_a_signing_key_of_less_than_fifty_characters_is_refused() -> None:
    with pytest.raises(env.EnvironmentProblem, match="SECRET_KEY: empty, shorter than 50 characters"):
        env.read({**SECRETS, "ENV": "prod", "SECRET_KEY": GOOD_KEY[:49]})


def test_a_secret_may_come_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "redis_password"
    path.write_text(GOOD_SECRET + "\n")

    others = {name: value for name, value in SECRETS.items() if name != "REDIS_PASSWORD"}
    environment = env.read({**others, **PROXY, "ENV": "prod", "REDIS_PASSWORD_FILE": str(path)})

    assert environment.REDIS_PASSWORD == GOOD_SECRET


def test_a_variable_goes_before_its_file(tmp_path: Path) -> None:
    path = tmp_path / "top_n"
    path.write_text("3")

    assert demo(TOP_N_FILE=str(path)).TOP_N == 3
    assert demo(TOP_N_FILE=str(path), TOP_N="4").TOP_N == 4


@pytest.mark.parametrize("what", ["a missing file", "a folder"])
def test_a_file_that_cannot_be_read_is_named_with_its_variable(tmp_path: Path, what: str) -> None:
    path = tmp_path if what == "a folder" else tmp_path / "absent"

    message = refusal(SECRET_KEY_FILE=str(path))

    assert message.startswith("SECRET_KEY_FILE: cannot read")
    assert str(path) not in message
    assert "set SECRET_KEY" in message


def test_lists_are_separated_by_commas_and_blanks_do_not_count() -> None:
    assert demo(SYMBOL_WHITELIST=" BTCUSDT, ETHUSDT ,,").SYMBOL_WHITELIST == ("BTCUSDT", "ETHUSDT")


def test_shifted_ports_are_read_by_service() -> None:
    assert demo(PORTS="risk=9002, ws=9000").ports == {"risk": 9002, "ws": 9000}


def test_the_screeners_ports_have_variables_of_their_own_and_ports_goes_before_them() -> None:
    assert demo().ports == {}
    assert demo(WS_SCREENER_PORT="9000", REST_SCREENER_PORT="9080").ports == {"ws": 9000, "rest": 9080}
    assert demo(WS_SCREENER_PORT="9000", PORTS="ws=9100, risk=9002").ports == {"ws": 9100, "risk": 9002}
    assert demo(WS_SCREENER_PORT="8080", REST_SCREENER_PORT="8000").ports == {"ws": 8080, "rest": 8000}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"WS_SCREENER_PORT": "8002"}, "WS_SCREENER_PORT: ws and risk would"),
        ({"REST_SCREENER_PORT": "8000"}, "REST_SCREENER_PORT: rest and ws would"),
        ({"WS_SCREENER_PORT": "9002", "PORTS": "risk=9002"}, "WS_SCREENER_PORT: ws and risk would"),
        ({"WS_SCREENER_PORT": "0"}, "WS_SCREENER_PORT: must be between 1 and 65535"),
        ({"REST_SCREENER_PORT": "http"}, "REST_SCREENER_PORT: expected a whole number"),
    ],
)
def test_a_screeners_port_that_another_service_has_or_that_is_none_is_refused(
    values: dict[str, str], told: str
) -> None:
    assert refusal(**values).startswith(told)


def test_the_exchanges_keys_come_in_a_pair_and_are_hidden_in_the_log() -> None:
    key, secret = "mx0vgl-canary-1-canary", "canary-2-canary-2-canary"

    both = demo(MEXC_API_KEY=key, MEXC_API_SECRET=secret)

    assert {key, secret} <= set(secret_values(both))
    assert refusal(MEXC_API_KEY=key).startswith("MEXC_API_SECRET: ")
    assert refusal(MEXC_API_SECRET=secret).startswith("MEXC_API_KEY: ")
    assert "canary" not in refusal(MEXC_API_KEY=key) + refusal(MEXC_API_SECRET=secret)


def test_the_exchanges_keys_are_used_where_desks_and_modes_are_made_alone() -> None:
    named = {
        path.relative_to(CHECKOUT).as_posix()
        for room in PROJECT["tool"]["importlinter"]["root_packages"]
        for path in (CHECKOUT / room).rglob("*.py")
        if "environment.MEXC_API_" in path.read_text(encoding="utf-8")
    }

    venue = "execution/venues/mexc/venue.py"
    assert named == {"cdb_site/env_together.py", "execution/desks.py", "execution/mode_in_force.py", venue}
    rules = {name: rule for name, _, rule in env.rows() if name.startswith("MEXC_API_")}
    assert len(rules) == 2
    assert all(rule.secret and rule.optional for rule in rules.values())


def test_an_empty_number_counts_as_not_set() -> None:
    assert demo(TOP_N="").TOP_N == 10


def test_the_process_environment_goes_before_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOP_N", "7")
    monkeypatch.setenv("ENV", "demo")
    path = tmp_path / ".env"
    path.write_text("TOP_N=5\nUNIVERSE_SIZE=12\nSIM_SEED=\n")

    environment = env.read_with_file(path)

    assert (environment.TOP_N, environment.UNIVERSE_SIZE, environment.SIM_SEED) == (7, 12, 1)


def test_only_the_demo_goes_without_secrets_and_only_production_forces_https() -> None:
    without_secrets = {name for name, effects in env.EFFECTS.items() if not effects.secrets_required}
    https = {name for name, effects in env.EFFECTS.items() if effects.https_only}
    any_rate = {name for name, effects in env.EFFECTS.items() if effects.simulated_rate_allowed}

    assert (without_secrets, https, any_rate) == ({"demo"}, {"prod"}, {"demo", "dev"})


def test_the_redis_address_escapes_the_password() -> None:
    environment = demo(REDIS_PASSWORD="p@ss/w:rd", REDIS_HOST="redis.local", REDIS_DB="3")

    assert env.redis_url(environment) == "redis://:p%40ss%2Fw%3Ard@redis.local:6379/3"


def test_every_variable_has_a_line_of_help_and_an_upper_case_name() -> None:
    rows = env.rows()

    assert all(rule.help and rule.section for _, _, rule in rows)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name, _, _ in rows)
    assert {name for name, _, rule in rows if rule.secret and not rule.optional} == set(SECRETS)


@pytest.mark.parametrize("mode", ["dev", "prod"])
@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "GRAFANA_PASSWORD"])
def test_a_secret_that_may_be_left_out_is_still_refused_when_it_is_weak(mode: str, name: str) -> None:
    without = env.read({**SECRETS, **PROXY, "ENV": mode})

    with pytest.raises(env.EnvironmentProblem, match=f"^{name}: "):
        env.read({**SECRETS, "ENV": mode, name: "changeme-changeme"})

    assert getattr(without, name) == ""
