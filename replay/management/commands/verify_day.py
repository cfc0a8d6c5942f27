"""`manage.py verify_day`: a recorded day made again from its rows, every field compared."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import execution.queries
from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from replay.days import nightly
from replay.days.comparing import DayDifference
from replay.days.verifying import VerifiedDay, verify_day
from risk.management.commands.daily_report import day_of

SHOWN = 50


class Command(BaseCommand):
    help = "Make a recorded day again, compare every field. The last line is JSON: decisions, fills, different, holes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--day", default="yesterday", metavar="YYYY-MM-DD", help="of market time; also today (default %(default)s)"
        )
        parser.add_argument("--account", default=PAPER, help="default %(default)s")
        parser.add_argument("--due", action="store_true", help="instead, all days that are over and not verified yet")

    def handle(self, *args: Any, **options: Any) -> None:
        follow_shared_anchor()
        now, account = SYSTEM.market_now(), options["account"]
        try:
            execution.queries.account(account)
        except LookupError as problem:
            raise CommandError(str(problem)) from problem
        if options["due"]:
            nightly.verify_due(account, now, self._say)
            return
        day = day_of(options["day"], now.date())
        if day > now.date():
            raise CommandError(f"{day} has not begun: today is {now.date()}")
        self._one(account, day, is_over=day < now.date())

    def _one(self, account: str, day: date, *, is_over: bool) -> None:
        told = 0

        def tell(difference: DayDifference) -> None:
            nonlocal told
            told += 1
            if told <= SHOWN:
                self.stdout.write(str(difference))

        found = verify_day(account, day, tell)
        if is_over:
            nightly.say(found)
        self._say(found)
        if not found.is_whole:
            raise CommandError(f"{day}: {found.different} rows come out otherwise, {found.holes} holes; named above")

    def _say(self, found: VerifiedDay) -> None:
        for hole in found.holes_told:
            self.stdout.write(hole)
        self.stdout.write(json.dumps(found.as_json()))
