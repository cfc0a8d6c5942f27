"""`manage.py appraise_strategy`: what the strategy earns in the synthetic market, seed by seed."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from replay.appraisal import appraise


class Command(BaseCommand):
    help = "Play the strategy over many seeds of the synthetic market and print what came of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        given = settings.ENVIRONMENT
        parser.add_argument("--seeds", type=int, default=100, help="seeds to play, from 1 on (default: %(default)s)")
        parser.add_argument("--hours", type=int, default=12, help="market hours of each (default: %(default)s)")
        parser.add_argument("--quote-asset", default=given.QUOTE_ASSET, help="asset that prices are in")

    def handle(self, *args: Any, **options: Any) -> None:
        seeds, hours = options["seeds"], options["hours"]
        if seeds < 1 or hours < 1:
            raise CommandError("--seeds and --hours: must be at least 1.")
        environment = replace(settings.ENVIRONMENT, QUOTE_ASSET=options["quote_asset"])
        progress = partial(self._progress, seeds)
        workers = os.cpu_count() or 1
        try:
            lines = appraise(environment, seeds=seeds, hours=hours, workers=workers, progress=progress)
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
        for line in lines:
            self.stdout.write(line)

    def _progress(self, seeds: int, done: int) -> None:
        self.stderr.write(f"\rseed {done} of {seeds}", ending="" if done < seeds else "\n")
        self.stderr.flush()
