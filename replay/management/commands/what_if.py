"""`manage.py what_if`: a recorded day with other limits; what is decided otherwise, and what that leads to."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from replay.days.asking import Unplayable, limits_of, what_if
from replay.days.words import lines
from risk.management.commands.daily_report import day_of


class Command(BaseCommand):
    help = "Play a recorded day with other limits. The last line is JSON: changed, gone, new, both sides."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--day", required=True, metavar="YYYY-MM-DD", help="of market time; also today, yesterday")
        parser.add_argument(
            "--limit", action="append", default=[], metavar="NAME=VALUE", help="a limit to change; may be repeated"
        )
        parser.add_argument("--account", default=PAPER, help="default %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        follow_shared_anchor()
        today = SYSTEM.market_now().date()
        day = day_of(options["day"], today)
        try:
            found = what_if(options["account"], day, limits_of(options["limit"]), today=today)
        except Unplayable as problem:
            raise CommandError(str(problem)) from problem
        for line in lines(found):
            self.stdout.write(line)
        self.stdout.write(json.dumps(found.as_json()))
