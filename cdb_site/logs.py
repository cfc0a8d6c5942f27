"""Log set-up: the JSON form of `backoffice/logging_config.json`, or plain lines for people (LOG_FORMAT=plain).

Every JSON line tells the execution mode and the chain at work: `concerning(event.correlation_id)`.
Secrets never reach a line: the formatters replace the values of all secret variables wherever they stand, in messages,
arguments, extra fields and exceptions, also as an address or a Python text spells them.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

from cdb_site.env import Environment

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
HIDDEN = "********"
STANDARD_OUTPUT = 1
# What is said before the process was told its mode.
_mode = ["PAPER"]
CHAIN: ContextVar[str | None] = ContextVar("correlation_id", default=None)


@contextmanager
def concerning(correlation_id: str | None) -> Iterator[None]:
    """Lines logged within belong to this chain; None: to several, or to none."""
    token = CHAIN.set(correlation_id)
    try:
        yield
    finally:
        CHAIN.reset(token)


def tell_mode(mode: str) -> None:
    """The execution mode of every line from now on."""
    _mode[0] = mode


class Redaction:
    """Hides secrets in texts, however they are spelled there."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        spelled = {spelling for secret in secrets for spelling in spellings(secret)}
        self._spelled = sorted(spelled, key=len, reverse=True)

    def text(self, text: str) -> str:
        for spelling in self._spelled:
            if spelling in text:
                text = text.replace(spelling, HIDDEN)
        return text

    def value(self, value: Any) -> Any:
        """The same of whatever was passed along; what JSON does not know becomes text."""
        if isinstance(value, bool | int | float | None):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return self.text(str(value))


def spellings(secret: str) -> set[str]:
    """A secret as it is, in an address, in a Python or JSON text, and as the password of basic authentication."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        b64encode(secret.encode()).decode().rstrip("="),
    }


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, mode, chain, and what was passed as `extra`."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.redaction = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "execution_mode": _mode[0],
            "correlation_id": CHAIN.get(),
        }
        line.update({name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(self.redaction.value(line), ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """A line for people, and the trace below it."""

    def __init__(self, format: str, datefmt: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(format, datefmt)
        self.redaction = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return self.redaction.text(super().format(record))


class HealthAnswerFilter(logging.Filter):
    """Drops Django's error lines about a 503 of /health: it is the answer of a service that starts, asked several times
    a second; what fails for longer raises an alert."""

    def filter(self, record: logging.LogRecord) -> bool:
        path = getattr(getattr(record, "request", None), "path", "")
        return not (record.name == "django.request" and path == "/health" and getattr(record, "status_code", 0) == 503)


def secret_values(environment: Environment) -> tuple[str, ...]:
    """The non-empty values of all variables that hold secrets."""
    values = (getattr(environment, item.name) for item in fields(environment) if item.metadata["rule"].secret)
    return tuple(value for value in values if value)


def logging_settings(path: Path, environment: Environment) -> dict[str, Any]:
    """Django's LOGGING: the committed file, with level, form and secrets of this process put in."""
    settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    settings["handlers"]["console"]["formatter"] = environment.LOG_FORMAT
    tell_mode("PAPER" if environment.VENUE == "PAPER" else "UNKNOWN")
    settings["root"]["level"] = environment.LOG_LEVEL
    for formatter in settings["formatters"].values():
        formatter["secrets"] = secret_values(environment)
    return settings


def log_what_ends_the_process() -> None:
    """Warnings and exceptions that nobody caught become lines of the log, as all else; for services, not commands."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda ended: _uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)


def say_from_a_signal(text: str, *_: object) -> None:
    """A line written at once: whoever handles a signal may have interrupted the log's own writing.

    To the descriptor itself: in a worker `sys.stdout` is a log, which has none.
    """
    record = logging.makeLogRecord({"name": "celery.worker", "levelno": logging.INFO, "levelname": "INFO", "msg": text})
    formatters = [handler.formatter for handler in logging.getLogger().handlers if handler.formatter]
    if formatters:
        os.write(STANDARD_OUTPUT, f"{formatters[0].format(record)}\n".encode())


def _uncaught(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit) or problem is None:
        return
    logging.getLogger("uncaught").critical("%s ended it", kind.__name__, exc_info=(kind, problem, trace))
