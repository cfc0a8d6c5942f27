"""`manage.py import_candles`: closed candles from files into PostgreSQL."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from marketdata import operations
from marketdata.files import newcomers, records
from marketdata.files.command_line import INTERRUPTED, counted
from marketdata.files.file_rows import RowTally
from marketdata.files.import_report import SHOWN, lines
from marketdata.files.importing import Importing, WantedImport
from marketdata.files.problems import FileProblem
from marketdata.files.progress import ImportProgress
from marketdata.files.tables import AUTO, FORMATS

EXAMPLES = """
Formats are recognised by themselves: CSV (open_time, open, high, low, close, volume[, quote_volume]), freqtrade's
JSON, MEXC's and Binance's candles as JSON or CSV; plain, .gz or .zip. Names tell symbol and interval:

  manage.py import_candles BTCUSDT-1m.csv ETH_USDT-1h.json.gz
  manage.py import_candles BTCUSDT-1m-2026-0*.zip              Binance's monthly files
  manage.py import_candles dump.csv --symbol BTCUSDT --interval 5m
  manage.py import_candles old/*.csv --create-instrument --dry-run

  manage.py import_candles --list                              the last imports, each file one
  manage.py import_candles --undo 7                            remove what import 7 stored

Imported candles are stored, not published and not traded on; CANDLES_KEPT_DAYS does not end them.
The exit code is 1 when a row or a file was refused.
"""


class Command(BaseCommand):
    help = "Read closed candles from files. What is stored already is changed only with --replace."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument("--list", action="store_true", help="tell of the last imports, and stop")
        parser.add_argument("--undo", type=int, metavar="ID", help="remove what this import stored, and stop")
        parser.add_argument("--format", choices=(AUTO, *FORMATS), default=AUTO, help="default: %(default)s")
        parser.add_argument("--symbol", default="", help="of all files, instead of what their names tell")
        parser.add_argument("--interval", default="", help="of all files, instead of what their names tell")
        parser.add_argument("--volume-in", choices=("base", "quote"), default="base", help="unit of the volume column")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, store nothing")
        parser.add_argument("--strict", action="store_true", help="store nothing if anything is refused")
        parser.add_argument("--replace", action="store_true", help="correct stored candles that say something else")
        parser.add_argument("--create-instrument", action="store_true", help="store unknown symbols, as halted")
        parser.add_argument("--progress", action="store_true", help="tell of it also without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list()
        elif options["undo"] is not None:
            self._undo(options["undo"])
        elif options["files"]:
            self._handle_files(options)
        else:
            raise CommandError("Name a file, such as BTCUSDT-1m.csv; or --list, or --undo ID.")

    def _handle_files(self, options: dict[str, Any]) -> None:
        follow_shared_anchor()
        self.everything = options["verbosity"] > 1
        self.progress = ImportProgress(self.stderr, wanted=options["progress"])
        wanted = WantedImport(
            format=options["format"],
            symbol=options["symbol"],
            interval=options["interval"],
            quote_units=options["volume_in"] == "quote",
            replace=options["replace"],
            store=not options["dry_run"],
        )
        try:
            tallies, refused = self._import(options["files"], wanted, options)
        except KeyboardInterrupt:
            self.progress.clear()
            raise CommandError(
                "Stopped. What was read is stored. Run it again for the rest.", returncode=INTERRUPTED
            ) from None
        for tally in tallies:
            for line in lines(tally, wanted, everything=self.everything):
                self.stdout.write(line)
        if refused:
            raise CommandError(f"{refused} refused.")

    def _import(
        self, paths: Sequence[Path], wanted: WantedImport, options: dict[str, Any]
    ) -> tuple[list[RowTally], str]:
        """What came of it, and how much was refused as words."""
        made = self._survey(paths, wanted) if options["create_instrument"] else newcomers.Survey([], {})
        if options["strict"] and wanted.store:
            _, refused = self._read(paths, replace(wanted, store=False), made)
            if refused:
                raise CommandError(f"{refused} refused, so nothing is stored (--strict).")
        if wanted.store:
            operations.upsert_instruments(made.found)
        return self._read(paths, wanted, made)

    def _survey(self, paths: Sequence[Path], wanted: WantedImport) -> newcomers.Survey:
        """What the unknown symbols are."""
        try:
            made = newcomers.survey(paths, wanted, settings.ENVIRONMENT.QUOTE_ASSET)
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        for item in made.found:
            self.stdout.write(f"{item.symbol}: new instrument, price tick {item.price_tick:f}, halted")
        return made

    def _list(self) -> None:
        for record in records.newest():
            ended = "" if record.ended_at else ", interrupted"
            undone = f", undone {record.undone_at:%Y-%m-%d %H:%M}" if record.undone_at else ""
            corrected = f", {record.corrected:,} corrected" if record.corrected else ""
            self.stdout.write(
                f"{record.pk:>5}  {record.begun_at:%Y-%m-%d %H:%M}  {record.file}: "
                f"{counted(record.stored, 'new candle')}{corrected}{ended}{undone}"
            )

    def _undo(self, import_id: int) -> None:
        try:
            undone = records.undo(import_id)
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{counted(undone.removed, 'candle')} removed")
        if undone.confirmed:
            self.stdout.write(f"{counted(undone.confirmed, 'candle')} corrected since then, kept")
        if undone.corrected:
            self.stdout.write(f"{counted(undone.corrected, 'candle')} that it corrected stay as corrected")
        self.stdout.write("signals that were made meanwhile keep the prices they were made with")

    def _read(self, paths: Sequence[Path], wanted: WantedImport, made: newcomers.Survey) -> tuple[list[RowTally], str]:
        refusals, files = _Refusals(self), 0
        with Importing(
            wanted,
            market_s=SYSTEM.market_s(),
            refuse=refusals.take,
            note=self.say,
            ticks={item.symbol: item.price_tick for item in made.found},
            spoilt=made.spoilt,
        ) as importing:
            for place, path in enumerate(paths):
                importing.progress = partial(self._tell, path.name, place, len(paths))
                try:
                    importing.file(path)
                except FileProblem as problem:
                    files += 1
                    self.say(str(problem))
        self.progress.clear()
        refusals.end()
        refused = [counted(refusals.count, "row")] * (refusals.count > 0) + [counted(files, "file")] * (files > 0)
        return importing.tallies(), " and ".join(refused)

    def _tell(self, name: str, place: int, files: int, rows: int, share: float) -> None:
        self.progress.tell(name, (place + share) / files, rows, "rows")

    def say(self, text: str) -> None:
        """One line about what is wrong."""
        self.progress.clear()
        self.stderr.write(text)


class _Refusals:
    """Says the first refused rows, and how many more there were."""

    def __init__(self, command: Command) -> None:
        self.command, self.count = command, 0

    def take(self, text: str) -> None:
        self.count += 1
        if self.count <= SHOWN or self.command.everything:
            self.command.say(text)

    def end(self) -> None:
        if self.count > SHOWN and not self.command.everything:
            self.command.say(f"and {counted(self.count - SHOWN, 'more row')} refused (-v 2 says all)")
