"""`manage.py set_up`: everything that must be there before a service starts, in its order; again, it changes nothing.

Run as the database's owner. What the steps say becomes lines of the log, so that a container's log is JSON throughout.
Exit code 1 with the reason in the log when a step cannot be done: the services then do not start.
"""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cdb_site.logs import log_what_ends_the_process

log = logging.getLogger(__name__)
STEPS = ("migrate", "grant_app_role", "open_account", "seed_limits")


class LogLines(io.TextIOBase):
    """A file whose lines are logged."""

    def __init__(self, step: str) -> None:
        self._step, self._begun = step, ""

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            self._say(line)
        return len(text)

    def close(self) -> None:
        self._say(self._begun)
        self._begun = ""
        super().close()

    def _say(self, line: str) -> None:
        if line.strip():
            log.info("%s: %s", self._step, line.strip())


class Command(BaseCommand):
    help = f"Set up the database and open the books: {', '.join(STEPS)}."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        log_what_ends_the_process()
        for step in STEPS:
            try:
                with LogLines(step) as lines:
                    interactive = {"interactive": False} if step == "migrate" else {}
                    call_command(step, stdout=lines, stderr=lines, no_color=True, **interactive)
            except CommandError as problem:
                log.critical("%s: %s", step, problem)
                sys.exit(1)
        log.info("set up: %s", ", ".join(STEPS))
