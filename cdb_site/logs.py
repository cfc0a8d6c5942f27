"""Log set-up: the JSON form of `backoffice/logging_config.json`, or plain lines for people (LOG_FORMAT=plain).

Secrets never reach a line: the redaction filter replaces the values of all secret variables.
"""

from __future__ import annotations

import json
import logging
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdb_site.env import Environment

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what was passed as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS})
        if record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class RedactionFilter(logging.Filter):
    """Replaces every secret value by asterisks: in the message, in a traceback and in what was passed as `extra`."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if self._told(message):
            record.msg, record.args = self.redacted(message), ()
        if record.exc_info:
            # Another handler may have written it down before, as it was.
            record.exc_text = self.redacted(record.exc_text or logging.Formatter().formatException(record.exc_info))
        for name, value in list(vars(record).items()):
            if name not in STANDARD_FIELDS and self._told(str(value)):
                setattr(record, name, self.redacted(str(value)))
        return True

    def redacted(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "********")
        return text

    def _told(self, text: str) -> bool:
        return any(secret in text for secret in self.secrets)


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
    settings["root"]["level"] = environment.LOG_LEVEL
    settings["filters"]["redact"]["secrets"] = secret_values(environment)
    return settings
