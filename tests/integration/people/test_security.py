"""The security table, row by row, where no other test holds the row. `docs/security.md` names the test of each."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.urls import path
from django.utils.module_loading import import_string
from prometheus_client import REGISTRY

from cdb_site import urls
from cdb_site.logs import logging_settings
from tests.integration.people.house import browser, person, try_login

ROOT = Path(__file__).resolve().parents[3]
CANARY = "canary-hG7zR2wQ9xT4bN8mK1"
# A name that would say what somebody owns, or who they are. Shares of limits are told: alarms are made of them.
OWNED = re.compile(r"cash|equity|balance|pnl|profit|notional|quantity|position|user|person|login")
FLOORS = {
    "django": (5, 2, 19), "daphne": (4, 2, 2), "celery": (5, 7, 0), "kombu": (5, 7, 0), "protobuf": (5, 29, 3),
    "redis": (8, 1, 0), "channels": (4, 3, 0), "django-axes": (8, 0, 0), "django-otp": (1, 6, 0),
}  # fmt: skip
FLAGS = """
import json, django
django.setup()
from django.conf import settings as s
names = [name for name in dir(s) if name.startswith(("SESSION_COOKIE", "CSRF_COOKIE", "SECURE_"))] + ["DEBUG"]
print(json.dumps({name: getattr(s, name) for name in names}, default=str))
"""

VENUE = """
import django
django.setup()
from execution.desks import desk
mine = desk()
print(mine.mode.told().mode, *sorted(name for name, venue in mine.venue.venues.items() if venue.name != "PAPER"))
"""


def in_production(tmp_path: Path, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A program started with the settings of production and secrets of its own, but for `changes`."""
    secret = "k4Vt8Zq1xW7mB3nR9sL2cY6dJ5fH0gPaEuT4iO8vK1wQ7zX3yN9"
    environ = {
        **{name: os.environ[name] for name in ("PATH", "POSTGRES_HOST", "POSTGRES_PORT", "REDIS_HOST", "REDIS_PORT")},
        "ENV": "prod", "SECRET_KEY": secret, "POSTGRES_PASSWORD": secret, "REDIS_PASSWORD": secret,
        "ALLOWED_HOSTS": "cdb.example", "TRUSTED_ORIGINS": "https://cdb.example",
        "DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": "1",
        "DJANGO_SETTINGS_MODULE": "cdb_site.settings", **changes,
    }  # fmt: skip
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_the_deployment_check_has_nothing_to_say(tmp_path: Path) -> None:
    done = in_production(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced)."), done.stderr


@pytest.mark.parametrize(("name", "value", "words"), [
    ("SECRET_KEY", "changeme-" * 8, ("manage.py", "run_dashboard", "--port", "1")),
    ("POSTGRES_PASSWORD", "", ("manage.py", "migrate")),
    ("REDIS_PASSWORD", "7fQ2x", ("-m", "celery", "-A", "celery_app", "worker", "-P", "solo", "--service", "risk")),
], ids=["dashboard", "migrate", "worker"])  # fmt: skip
def test_no_program_starts_on_a_weak_secret(tmp_path: Path, name: str, value: str, words: tuple[str, ...]) -> None:
    done = in_production(tmp_path, *words, **{name: value})

    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"{name}: empty, shorter than" in said and f"{name}_FILE" in said
    assert not value or value not in said


def test_orders_are_paper_although_every_key_of_the_environment_is_turned(tmp_path: Path) -> None:
    keys = {"MEXC_API_KEY": f"{CANARY}-key", "MEXC_API_SECRET": f"{CANARY}-word"}
    asked = {"EXECUTION_MODE": "LIVE", "VENUE": "MEXC", "LIVE_TRADING": "yes", "MARKET": "MEXC"}

    done = in_production(tmp_path, "-c", VENUE, **keys, **asked)

    assert done.stdout.splitlines()[-1].split()[:1] == ["PAPER"], done.stderr
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize("key", ["MEXC_API_KEY", "MEXC_API_SECRET"])
def test_one_key_alone_starts_nothing(tmp_path: Path, key: str) -> None:
    done = in_production(tmp_path, "-c", VENUE, **{key: CANARY})

    assert (done.returncode, done.stdout) == (1, "")
    assert "Set both or neither" in done.stderr and CANARY not in done.stderr


def test_no_other_place_than_the_desks_makes_a_venue() -> None:
    """A venue that is made elsewhere would not ask for the keys (tests/integration/execution/test_live_trading.py)."""
    made = {
        path.relative_to(ROOT).as_posix()
        for room in ("execution", "risk", "signals_app", "people", "notifications", "dashboard", "api", "cdb_site")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\b(PaperVenue|MexcVenue|MexcTestVenue|RoutedVenue)\(", path.read_text(encoding="utf-8"))
    } - {"execution/venues/mexc/venue.py"}

    assert made == {"execution/desks.py"}


@pytest.mark.django_db
def test_no_statement_no_lock_and_no_idle_transaction_of_a_service_lasts_for_ever() -> None:
    with connection.cursor() as cursor:
        held = {}
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SHOW {name}")
            held[name] = cursor.fetchone()[0]

    assert held == {"statement_timeout": "30s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "5s"}


def test_production_sends_its_cookies_over_https_alone_and_hides_them_from_scripts(tmp_path: Path) -> None:
    told = json.loads(in_production(tmp_path, "-c", FLAGS).stdout)

    for cookie in ("SESSION", "CSRF"):
        assert told[f"{cookie}_COOKIE_SECURE"] is told[f"{cookie}_COOKIE_HTTPONLY"] is True
        assert told[f"{cookie}_COOKIE_SAMESITE"] == "Strict"
    assert told["SECURE_SSL_REDIRECT"] is True and told["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert told["DEBUG"] is False


@pytest.mark.django_db
def test_a_login_s_cookies_are_hidden_from_scripts_and_from_other_sites() -> None:
    person("viewer", "anna")
    client = Client()
    client.get("/login/")
    cookies = try_login(client, "anna").cookies | client.cookies

    assert set(cookies) == {"sessionid", "csrftoken"}
    for cookie in cookies.values():
        assert cookie["httponly"] is True and cookie["samesite"] == "Strict"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/acts/halt/", "/settings/", "/logout/", "/login/", "/factor/"])
def test_a_form_of_another_site_is_refused(address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    if address != "/login/":
        client.force_login(person("operator"))

    assert client.post(address, {}).status_code == 403


def failing(request: Any) -> None:
    raise RuntimeError(f"could not connect with password {CANARY}")


urlpatterns = [*urls.urlpatterns, path("fails/", failing)]


@pytest.fixture
def canary_log(settings: Any) -> Any:
    """What would be written to the log, JSON and plain, by a process one of whose secrets is the canary."""
    lines = io.StringIO()
    given = logging_settings(settings.BASE_DIR / "backoffice" / "logging_config.json", settings.ENVIRONMENT)
    handlers = []
    for form in ("json", "plain"):
        made = dict(given["formatters"][form])
        kind = made.pop("()")
        handler = logging.StreamHandler(lines)
        handler.setFormatter(import_string(kind)(**made | {"secrets": (CANARY,)}))
        handlers.append(handler)
        logging.getLogger().addHandler(handler)
    yield lines
    for handler in handlers:
        logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@override_settings(ROOT_URLCONF="tests.integration.people.test_security")
def test_a_canary_secret_is_in_no_log_no_error_page_and_no_figure(canary_log: io.StringIO) -> None:
    client = browser(person("viewer"))
    client.raise_request_exception = False

    pages = [client.get(address) for address in ("/fails/", "/nothing/", "/admin/", "/metrics", "/health")]
    logging.getLogger("any").error("a secret: %s", CANARY, extra={"told": f"by {CANARY}"})

    assert [page.status_code for page in pages] == [500, 404, 403, 200, 503]
    assert not [page for page in pages if CANARY in page.content.decode()]
    assert canary_log.getvalue().count("RuntimeError") >= 2 and "a secret: ****" in canary_log.getvalue()
    assert CANARY not in canary_log.getvalue()


@pytest.mark.django_db
def test_no_page_of_a_process_tells_its_own_secrets() -> None:
    secrets = [settings.SECRET_KEY, settings.ENVIRONMENT.POSTGRES_PASSWORD, settings.ENVIRONMENT.REDIS_PASSWORD]
    client = browser(person("superuser"))

    pages = [
        client.get(address).content.decode() for address in ("/metrics", "/health", "/system/health/", "/settings/")
    ]

    assert all(len(secret) >= 16 for secret in secrets)
    assert not [page for page in pages for secret in secrets if secret in page]


@pytest.mark.django_db
def test_figures_and_health_tell_nothing_of_the_account() -> None:
    names = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("cdb_")}
    text = Client().get("/metrics").content.decode() + Client().get("/health").content.decode()

    assert len(names) > 20
    assert {name for name in names if OWNED.search(name)} == set()
    assert not re.search(r"\b[A-Z]{2,10}USDT\b", text)


def numbers(told: str) -> tuple[int, ...]:
    return tuple(int(part) for part in told.split(".")[:3])


def test_locked_packages_are_at_or_above_their_floors() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {row["name"]: numbers(row["version"]) for row in lock if row["name"] in FLOORS}

    assert {name: locked[name] for name in FLOORS if locked[name] < FLOORS[name]} == {}


def test_installed_are_the_versions_that_are_locked() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    locked = {row["name"]: row["version"] for row in lock if row["name"] in FLOORS}

    assert {name: version(name) for name in FLOORS} == locked


def test_every_locked_package_has_hashes() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    files = [file for row in lock for file in [*row.get("wheels", []), *([row["sdist"]] if "sdist" in row else [])]]

    assert len(files) > 500
    assert [file for file in files if not file.get("hash", "").startswith("sha256:")] == []


def test_the_linters_ask_for_security_in_every_room() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    product = set(project["importlinter"]["root_packages"]) - {"benchmarks", "proofs"}
    lint = project["ruff"]["lint"]

    assert "-m bandit --quiet --configfile pyproject.toml --recursive $(ROOMS)" in recipe
    assert product <= set(recipe.partition("ROOMS := ")[2].partition("\n")[0].split())
    assert "S" in lint["select"] and not {"ignore", "extend-ignore", "exclude"} & set(lint)
    relieved = {where for where, rules in lint["per-file-ignores"].items() if any(rule[0] == "S" for rule in rules)}
    assert relieved == {"tests/**", "{benchmarks,proofs}/**"}


def test_bandit_and_ruff_tell_of_what_they_are_asked_for(tmp_path: Path) -> None:
    """Each finds the same hole with the project's own configuration: they are not silent for being switched off."""
    hole = tmp_path / "hole.py"
    hole.write_text('"""A hole."""\n\nimport subprocess\n\nsubprocess.run("ls " + input(), shell=True)\n')
    configured = str(ROOT / "pyproject.toml")

    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", configured, str(hole)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    bandit = subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--configfile", configured, str(hole)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ruff.returncode, bandit.returncode) == (1, 1)
    assert "S602" in ruff.stdout and "B602" in bandit.stdout
