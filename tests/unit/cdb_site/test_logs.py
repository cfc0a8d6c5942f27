"""A line of the log: one JSON object, with what was passed along, whose chain it is, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import pytest

from cdb_site.env import Environment, redis_url
from cdb_site.logs import HealthAnswerFilter, JsonFormatter, concerning, logging_settings, secret_values

CHECKOUT = Path(__file__).resolve().parents[3]
CONFIGURATION = CHECKOUT / "backoffice/logging_config.json"
SECRETS = tuple(item.name for item in fields(Environment) if item.metadata["rule"].secret)
# Signs that an address, a Python text and JSON each spell in their own way.
AWKWARD = "/?#@:+% \"'\\äß"


def make_record(message: str = "sold", *, args: tuple[object, ...] = (), **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("risk.watch", logging.WARNING, __file__, 1, message, args, None)
    vars(record).update(extra)
    return record


@contextmanager
def log_of(environment: Environment) -> Iterator[io.StringIO]:
    """What the handlers of the committed file write with these settings; the process's own logging stays as it is."""
    settings = logging_settings(CONFIGURATION, environment)
    written = io.StringIO()
    chosen = dict(settings["formatters"][environment.LOG_FORMAT])
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.config.DictConfigurator({}).configure_formatter(chosen))
    logger = logging.getLogger("canary")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield written
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


def test_a_line_is_one_object_with_the_message_filled_in_and_what_was_passed_as_extra() -> None:
    record = make_record("%s sold", args=("SOLUSDT",), order_id=17)

    line = json.loads(JsonFormatter().format(record))

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "risk.watch",
        "message": "SOLUSDT sold",
        "execution_mode": "PAPER",
        "correlation_id": None,
        "order_id": 17,
    }


def test_a_line_names_the_chain_at_work_and_the_one_around_it_afterwards() -> None:
    def chain() -> Any:
        return json.loads(JsonFormatter().format(make_record()))["correlation_id"]

    with concerning("c-1"):
        with concerning("c-2"):
            inner = chain()
        around = chain()
        other_thread: list[Any] = []
        beside = threading.Thread(target=lambda: other_thread.append(chain()))
        beside.start()
        beside.join()

    assert (inner, around, other_thread, chain()) == ("c-2", "c-1", [None], None)


def test_a_chain_that_is_passed_along_counts() -> None:
    with concerning("c-1"):
        line = json.loads(JsonFormatter().format(make_record(correlation_id="c-9")))

    assert line["correlation_id"] == "c-9"


def test_an_exception_stands_in_the_same_line() -> None:
    try:
        raise ValueError("no such\nsymbol")
    except ValueError:
        record = make_record()
        record.exc_info = sys.exc_info()

    text = JsonFormatter().format(record)

    assert "\n" not in text
    assert "ValueError: no such\nsymbol" in json.loads(text)["exception"]


@pytest.mark.parametrize("form", ["json", "plain"])
@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_of_the_environment_reaches_a_line_wherever_it_stands(name: str, form: str) -> None:
    canary = secrets.token_urlsafe(24) + AWKWARD
    environment = replace(Environment(), LOG_FORMAT=form, **{name: canary})
    log = logging.getLogger("canary")

    with log_of(environment) as written:
        log.warning("in the message: " + canary)
        log.warning("in an argument: %s and %r", canary, {"password": canary})
        log.warning("in extra", extra={"given": canary, "nested": {canary: [canary, (canary,)]}, "odd": Path(canary)})
        log.warning("in an address: %s", f"https://user:{quote_plus(canary)}@host/{redis_url(environment)}")
        log.warning("in a text: %s", json.dumps({"password": canary}))
        log.warning("in bytes: %s", canary.encode())
        try:
            raise ConnectionError(f"cannot connect with {canary}") from KeyError(canary)
        except ConnectionError:
            log.exception("in an exception", stack_info=True)

    text = written.getvalue()
    tail = canary[:24]
    assert "********" in text
    assert canary not in text and tail not in text
    if form == "json":
        assert len([json.loads(line) for line in text.splitlines()]) == 7


def test_every_secret_setting_is_known_to_the_log() -> None:
    environment = replace(Environment(), **{name: f"canary of {name}" for name in SECRETS})

    assert set(secret_values(environment)) == {f"canary of {name}" for name in SECRETS}
    assert {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} <= set(SECRETS)


def test_a_secret_of_letters_that_an_escape_also_has_leaves_the_line_readable() -> None:
    line = JsonFormatter(("nothing",)).format(make_record("\nothing is here, \\nothing"))

    assert json.loads(line)["message"] == "\nothing is here, \\********"


def test_level_form_and_secrets_of_the_process_are_put_into_the_committed_file() -> None:
    environment = replace(Environment(), LOG_LEVEL="ERROR", LOG_FORMAT="plain", REDIS_PASSWORD="s3cret-of-redis")

    settings = logging_settings(CONFIGURATION, environment)

    assert settings["root"]["level"] == "ERROR"
    assert settings["handlers"]["console"]["formatter"] == "plain"
    assert all("s3cret-of-redis" in formatter["secrets"] for formatter in settings["formatters"].values())


ENDS_BADLY = """
import django, threading, warnings
django.setup()
from cdb_site.logs import log_what_ends_the_process
log_what_ends_the_process()
warnings.warn("old ways")
ill = threading.Thread(target=lambda: 1 / 0)
ill.start(); ill.join()
raise RuntimeError("the end")
"""


def test_warnings_and_what_ends_a_thread_or_the_process_are_lines_too() -> None:
    env = {"ENV": "demo", "LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "cdb_site.settings", "PATH": ""}

    done = subprocess.run(
        [sys.executable, "-c", ENDS_BADLY], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    assert done.returncode == 1
    assert done.stderr == ""
    told = [line.get("exception", line["message"]) for line in lines]
    for words in ("old ways", "ZeroDivisionError", "RuntimeError: the end"):
        assert any(words in text for text in told)


ASKED_TO_END = """
import django, io, logging, sys
django.setup()
from cdb_site.logs import say_from_a_signal
sys.stdout = io.StringIO()
say_from_a_signal("worker: Warm shutdown (MainProcess)", sys.__stdout__)
"""


def test_a_worker_says_that_it_ends_although_its_standard_output_is_a_log() -> None:
    assert told_by(ASKED_TO_END) == ["worker: Warm shutdown (MainProcess)"]


ANSWERS_BADLY = """
import django, logging
django.setup()
logging.getLogger("django.request").error("Not Found: /nowhere")
"""


def test_what_the_framework_says_is_one_line_of_the_same_form_also_with_debug_pages() -> None:
    secret = "a" + secrets.token_urlsafe(64)

    lines = told_by(
        ANSWERS_BADLY, ENV="dev", SECRET_KEY=secret, POSTGRES_PASSWORD=secret[:40], REDIS_PASSWORD=secret[9:]
    )

    assert lines == ["Not Found: /nowhere"]


def told_by(program: str, **more: str) -> list[str]:
    """The messages that a program writes to its standard output, and nothing else anywhere."""
    env = {"ENV": "demo", "LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "cdb_site.settings", "PATH": "", **more}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [json.loads(line)["message"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("path", "status", "told"), [("/health", 503, False), ("/health", 500, True), ("/metrics", 503, True)]
)
def test_a_service_that_starts_fills_no_log_with_its_own_answers(path: str, status: int, told: bool) -> None:
    record = make_record("Service Unavailable: %s", args=(path,))
    record.name, record.status_code, record.request = "django.request", status, SimpleNamespace(path=path)

    assert HealthAnswerFilter().filter(record) is told


def test_a_line_of_no_request_is_told() -> None:
    assert HealthAnswerFilter().filter(make_record("anything"))
