"""`manage.py daily_report`: what a UTC day of market time brought, for people or, with --json, for programs."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

import execution.queries
from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from risk.reports import day, words

# No account is older; and the days before the first one that the calendar has are no days at all.
FIRST_YEAR = 2000


class Command(BaseCommand):
    help = "Report one UTC day of market time: result, orders, denials and why, fees, slippage, drawdown, trips."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--date", metavar="YYYY-MM-DD", help="the day; also today or yesterday (default: yesterday, else today)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object, amounts as texts")

    def handle(self, *args: Any, **options: Any) -> None:
        follow_shared_anchor()
        try:
            body, asset = told(options["date"])
        except LookupError as problem:
            raise CommandError(str(problem)) from problem
        except OperationalError as problem:
            raise CommandError(f"PostgreSQL does not answer: {problem}. Is it running? See `make ps`.") from problem
        if options["json"]:
            self.stdout.write(json.dumps(body, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(words.lines(body, asset)))


def told(wanted: str | None) -> tuple[dict[str, Any], str]:
    """(the report, the quote asset) of the day that was asked for."""
    now = SYSTEM.market_now()
    asset = execution.queries.account(PAPER).quote_asset
    if wanted is not None:
        return day.report(PAPER, day_of(wanted, now.date()), now), asset
    try:
        return day.report(PAPER, now.date() - timedelta(days=1), now), asset
    except day.NoSuchDay:
        return day.report(PAPER, now.date(), now), asset


def day_of(wanted: str, today: date) -> date:
    """The day that was meant. CommandError for what is none."""
    if wanted in ("today", "yesterday"):
        return today - timedelta(days=wanted == "yesterday")
    with suppress(ValueError):
        meant = date.fromisoformat(wanted)
        if meant.isoformat() == wanted and meant.year >= FIRST_YEAR:
            return meant
    raise CommandError(f"{wanted!r} is no day: write it as YYYY-MM-DD, today or yesterday")
