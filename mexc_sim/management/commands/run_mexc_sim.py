"""`manage.py run_mexc_sim`: the local exchange that speaks MEXC's REST and WebSocket on one loopback port."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.logs import log_what_ends_the_process
from cdb_site.services import service
from marketdata.intervals import SECONDS
from mexc_sim.market.facts import describe
from mexc_sim.market.market_clock import MarketClock
from mexc_sim.market.recorded import RecordingProblem
from mexc_sim.server.server import WantedExchange, open_market, serve
from mexc_sim.server.the_floor import JOURNAL_FILE, open_journal
from mexc_sim.trading.account_file import read_keys
from mexc_sim.trading.journal import JournalProblem, TradingJournal

log = logging.getLogger(__name__)
ACCOUNTS_FILE = "mexc_accounts.json"


class Command(BaseCommand):
    help = "Run a simulated MEXC exchange: a seeded synthetic market, or recorded candles with --data."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        given = settings.ENVIRONMENT
        port = given.ports.get("mexc_sim", service("mexc_sim").port)
        parser.add_argument("--port", type=int, default=port, help="loopback port (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=given.SIM_SEED, help="seed of the market (SIM_SEED)")
        parser.add_argument("--rate", type=float, default=float(given.SIM_RATE), help="market s per wall s (SIM_RATE)")
        parser.add_argument("--data", default=given.SIM_DATA, help="folder of SYMBOL-INTERVAL.csv files (SIM_DATA)")
        parser.add_argument("--interval", choices=tuple(SECONDS), default=given.INTERVAL, help="candle interval")
        parser.add_argument("--quote-asset", default=given.QUOTE_ASSET, help="asset that prices are in")
        made = given.DATA_DIR / ACCOUNTS_FILE
        parser.add_argument(
            "--accounts", type=Path, metavar="FILE", default=made if made.exists() else None,
            help=f"accounts that may trade (docs/simulator.md); default: {ACCOUNTS_FILE} of DATA_DIR, if there is one",
        )  # fmt: skip
        parser.add_argument("--describe", action="store_true", help="print what the synthetic market is like, and stop")
        parser.add_argument("--start-fresh", action="store_true", help="forget the kept market time, start now")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["describe"]:
            self._describe(options["quote_asset"])
            return
        if not 0.1 <= options["rate"] <= 100000:
            raise CommandError(f"--rate: must be between 0.1 and 100000, got {options['rate']}.")
        wanted = WantedExchange(
            seed=options["seed"],
            rate=options["rate"],
            data=options["data"],
            interval=options["interval"],
            quote_asset=options["quote_asset"],
            history_candles=settings.ENVIRONMENT.BACKFILL_CANDLES,
            clock_path=settings.ENVIRONMENT.DATA_DIR / "mexc_sim.json",
            start_fresh=options["start_fresh"],
        )
        try:
            source, clock, notes = open_market(wanted)
            keys = read_keys(options["accounts"]) if options["accounts"] else []
        except (RecordingProblem, ValueError) as problem:
            raise CommandError(str(problem)) from problem
        log_what_ends_the_process()
        for note in notes:
            log.info(note)
        log.info("%s, rate x%g, %d symbols", source.label, wanted.rate, len(source.listings))
        journal = self._journal(clock, options["start_fresh"]) if keys else None
        if keys:
            log.info("accounts: %s", ", ".join(key.account.name for key in keys))
        try:
            asyncio.run(serve(source, clock, settings.ENVIRONMENT.BIND_HOST, options["port"], keys, journal))
        except JournalProblem as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(f"--port {options['port']}: {problem.strerror}. Choose a free one.") from problem
        finally:
            if journal is not None:
                journal.close()

    def _journal(self, clock: MarketClock, start_fresh: bool) -> TradingJournal:
        path = settings.ENVIRONMENT.DATA_DIR / JOURNAL_FILE
        try:
            journal = open_journal(path, clock, start_fresh=start_fresh)
        except (JournalProblem, ValueError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        log.info("trading: %s, %s", path, "begun anew" if journal.anew else "as it was")
        return journal

    def _describe(self, quote_asset: str) -> None:
        try:
            for line in describe(quote_asset):
                self.stdout.write(line)
        except ValueError as problem:
            raise CommandError(str(problem)) from problem
