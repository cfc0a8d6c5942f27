"""`manage.py bench_dashboard`: the dashboard's bench, which is a program of its own (`python -m benchmarks.dashboard`).

It starts the program and imports nothing of it: what times a system stands above all that it times.
"""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

PROGRAM = "benchmarks.dashboard"


class Command(BaseCommand):
    help = "Time the dashboard in a real browser and for 200 sockets; what follows `--` goes to the program: -- --help"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs=REMAINDER, help="--only PARTS, --quick, --help; after `--`")

    def handle(self, *, words: list[str], **options: Any) -> None:
        if not (settings.BASE_DIR / "benchmarks" / "dashboard").is_dir():
            raise CommandError("the bench is not part of this installation; run it from a checkout")
        os.chdir(settings.BASE_DIR)
        asked = [word for word in words if word != "--"]
        os.execv(sys.executable, [sys.executable, "-m", PROGRAM, *asked])  # noqa: S606
