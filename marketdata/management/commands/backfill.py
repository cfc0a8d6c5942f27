"""`manage.py backfill`: history of the exchange into PostgreSQL, as far back as asked."""

from __future__ import annotations

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketdata import queries
from marketdata.backfilling import Backfill, Done
from marketdata.files.command_line import INTERRUPTED, counted, time, told_instruments, told_interval, told_moment
from marketdata.files.progress import ImportProgress
from marketdata.intervals import last_closed_open_s
from marketdata.mexc.errors import MexcProblem
from marketdata.screeners.rest.anchoring import WrongMarket

DAY_S = 86400
DAYS_MAX = 3650
AGAIN = "What came is stored. Run the same command again: it asks only for what is missing."
EXAMPLES = """
Examples:

  manage.py backfill --days 30                                   the watched symbols
  manage.py backfill --days 365 --symbol BTCUSDT --interval 60m
  manage.py backfill --days 7 --to 2026-02-01                    the last week of January

Ctrl-C stops it at any time; run again, it goes on. The limit of requests is shared with what runs beside it.
The exit code is 1 when something was refused or the exchange did not answer.
"""


class Command(BaseCommand):
    help = "Ask the exchange for missing closed candles, newest first. What is stored is not changed."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        interval = settings.ENVIRONMENT.INTERVAL
        parser.add_argument("--days", type=days, required=True, help=f"how far back, 1 to {DAYS_MAX}")
        parser.add_argument("--symbol", action="append", default=[], help="may be repeated; default: the watched ones")
        parser.add_argument("--interval", default=interval, type=told_interval, help="default: %(default)s (INTERVAL)")
        parser.add_argument("--to", dest="until", type=told_moment, help="end before this time, UTC (default: now)")
        parser.add_argument("--progress", action="store_true", help="tell of it also without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        self._check(options["days"])
        symbols = self._symbols(options["symbol"])
        self.progress = ImportProgress(self.stderr, wanted=options["progress"])
        backfill = Backfill(settings.ENVIRONMENT, options["interval"], self._tell)
        length_s = backfill.length_s
        try:
            market_s = backfill.market_s()
            until_s = min(market_s, options["until"].timestamp()) if options["until"] else market_s
            last_s = last_closed_open_s(until_s, length_s)
            first_s = last_closed_open_s(until_s - options["days"] * DAY_S, length_s) + length_s
            self.stdout.write(
                f"{counted(len(symbols), 'symbol')}, {options['interval']}, {time(first_s)} to {time(last_s)}"
            )
            done = backfill.run(symbols, first_s, last_s, market_s)
        except (MexcProblem, WrongMarket) as problem:
            raise CommandError(f"{problem}. Nothing was asked for; look at MEXC_REST_URL and MARKET.") from problem
        except KeyboardInterrupt:
            self.progress.clear()
            raise CommandError(f"Stopped. {AGAIN}", returncode=INTERRUPTED) from None
        self.progress.clear()
        self._report(done)

    def _check(self, asked_days: int) -> None:
        kept = settings.ENVIRONMENT.CANDLES_KEPT_DAYS
        if kept and asked_days > kept:
            raise CommandError(
                f"--days {asked_days}: candles older than {kept} days are deleted again (CANDLES_KEPT_DAYS). "
                "Raise it, or set it to 0 to keep them all."
            )

    def _symbols(self, wanted: list[str]) -> list[str]:
        symbols = [item.symbol for item in told_instruments(wanted)] or queries.universe()
        if not symbols:
            raise CommandError("no symbol is watched yet. Start the system first, or name one with --symbol.")
        return symbols

    def _tell(self, done: Done) -> None:
        more = f", {done.asked:,} of {done.requests:,} requests"
        self.progress.tell("backfill", done.asked / max(1, done.requests), done.new, "new candles", more)

    def _report(self, done: Done) -> None:
        for symbol, before_s in sorted(done.ended.items()):
            self.stdout.write(f"{symbol}: the exchange has nothing before {time(before_s)}; --to looks further back")
        for symbol, problem in sorted(done.refused.items()):
            self.stderr.write(f"{symbol}: {problem}")
        self.stdout.write(f"{counted(done.new, 'new candle')} by {counted(done.asked, 'request')}")
        if done.problem is not None:
            raise CommandError(f"{done.problem}. {AGAIN}")
        if done.refused:
            raise CommandError(f"{counted(len(done.refused), 'symbol')} refused.")


def days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= DAYS_MAX:
        raise ArgumentTypeError(f"{text!r} is no number of days from 1 to {DAYS_MAX}")
    return int(text)
