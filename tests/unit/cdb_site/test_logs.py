"""A line of the log: one JSON object, with what was passed along, and never a secret."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdb_site.env import Environment
from cdb_site.logs import HealthAnswerFilter, JsonFormatter, RedactionFilter, logging_settings

CHECKOUT = Path(__file__).resolve().parents[3]


def make_record(message: str = "sold", *, args: tuple[object, ...] = (), **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("risk.watch", logging.WARNING, __file__, 1, message, args, None)
    vars(record).update(extra)
    return record


def test_a_line_is_one_object_with_the_message_filled_in_and_what_was_passed_as_extra() -> None:
    record = make_record("%s sold", args=("SOLUSDT",), correlation_id="c-1")

    line = json.loads(JsonFormatter().format(record))

    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "risk.watch",
        "message": "SOLUSDT sold",
        "correlation_id": "c-1",
    }


def test_an_exception_stands_in_the_same_line() -> None:
    try:
        raise ValueError("no such\nsymbol")
    except ValueError:
        record = make_record()
        record.exc_info = sys.exc_info()

    text = JsonFormatter().format(record)

    assert "\n" not in text
    assert "ValueError: no such\nsymbol" in json.loads(text)["exception"]


def test_a_secret_is_replaced_wherever_it_stands_in_a_message() -> None:
    record = make_record("connecting as %s", args=("user:hunter2hunter2@host",))

    assert RedactionFilter(("hunter2hunter2",)).filter(record)

    assert record.getMessage() == "connecting as user:********@host"


def test_level_form_and_secrets_of_the_process_are_put_into_the_committed_file() -> None:
    environment = replace(Environment(), LOG_LEVEL="ERROR", LOG_FORMAT="plain", REDIS_PASSWORD="s3cret-of-redis")

    settings = logging_settings(CHECKOUT / "backoffice/logging_config.json", environment)

    assert settings["root"]["level"] == "ERROR"
    assert settings["handlers"]["console"]["formatter"] == "plain"
    assert "s3cret-of-redis" in settings["filters"]["redact"]["secrets"]


@pytest.mark.parametrize(
    ("path", "status", "told"), [("/health", 503, False), ("/health", 500, True), ("/metrics", 503, True)]
)
def test_a_service_that_starts_fills_no_log_with_its_own_answers(path: str, status: int, told: bool) -> None:
    record = make_record("Service Unavailable: %s", args=(path,))
    record.name, record.status_code, record.request = "django.request", status, SimpleNamespace(path=path)

    assert HealthAnswerFilter().filter(record) is told


def test_a_line_of_no_request_is_told() -> None:
    assert HealthAnswerFilter().filter(make_record("anything"))
