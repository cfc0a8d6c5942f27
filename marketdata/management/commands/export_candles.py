"""`manage.py export_candles`: stored candles into files that import_candles and others read."""

from __future__ import annotations

import os
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketdata import queries
from marketdata.files.command_line import INTERRUPTED, counted, told_instruments, told_interval, told_moment
from marketdata.files.exporting import Chosen, path_in, write, writing
from marketdata.files.problems import FileProblem
from marketdata.files.progress import ImportProgress
from marketdata.files.writing import WRITERS
from marketdata.models import Instrument

STDOUT = "-"
EXAMPLES = """
Examples:

  manage.py export_candles --symbol BTCUSDT > BTCUSDT-1m.csv
  manage.py export_candles --symbol BTCUSDT --from 2026-01-01 --to 2026-02-01 --output january.csv.gz
  manage.py export_candles --format freqtrade --output user_data/data/mexc/      every symbol, a file each

Times are UTC and ISO 8601; --from is included, --to is not.
"""


class Command(BaseCommand):
    help = "Write stored candles to files, oldest first: of one symbol to a file or stdout, of several to a folder."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        interval = settings.ENVIRONMENT.INTERVAL
        parser.add_argument("--symbol", action="append", default=[], help="may be repeated; default: all that have any")
        parser.add_argument("--interval", default=interval, type=told_interval, help="default: %(default)s (INTERVAL)")
        parser.add_argument("--from", dest="since", type=told_moment, help="first open time (default: the first)")
        parser.add_argument("--to", dest="until", type=told_moment, help="open time to end before (default: the last)")
        parser.add_argument("--format", choices=tuple(WRITERS), default="csv", help="default: %(default)s")
        parser.add_argument(
            "--output", default=STDOUT, help="a file (.gz packs it), a folder, or - (default) for stdout"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["since"] and options["until"] and options["since"] >= options["until"]:
            raise CommandError("--from: must be before --to.")
        chosen = Chosen(options["interval"], options["since"], options["until"])
        instruments = self._instruments(options["symbol"], chosen)
        output: str = options["output"]
        try:
            if output == STDOUT or not _is_folder(output, len(instruments)):
                self._one(instruments, chosen, options["format"], output)
            else:
                self._folder(instruments, chosen, options["format"], Path(output))
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped. The file under way is not kept.", returncode=INTERRUPTED) from None

    def _instruments(self, symbols: list[str], chosen: Chosen) -> list[Instrument]:
        found = told_instruments(symbols or queries.symbols_with_candles(chosen.interval))
        if not found:
            raise CommandError(f"no {chosen.interval} candle is stored. Look at --interval.")
        return found

    def _one(self, instruments: list[Instrument], chosen: Chosen, kind: str, output: str) -> None:
        if len(instruments) > 1:
            raise CommandError(
                f"{len(instruments)} symbols need a folder: --output FOLDER/, or choose one with --symbol."
            )
        if output != STDOUT:
            with writing(Path(output)) as file:
                self._say(output, write(file, instruments[0], chosen, kind))
            return
        try:
            write(sys.stdout, instruments[0], chosen, kind)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has had enough; Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _folder(self, instruments: list[Instrument], chosen: Chosen, kind: str, folder: Path) -> None:
        progress = ImportProgress(self.stderr)
        for place, instrument in enumerate(instruments):
            progress.tell(instrument.symbol, place / len(instruments), place, "files")
            path = path_in(folder, instrument, chosen.interval, kind)
            with writing(path) as file:
                count = write(file, instrument, chosen, kind)
            progress.clear()
            self._say(str(path), count)

    def _say(self, path: str, count: int) -> None:
        self.stderr.write(f"{path}: {counted(count, 'candle')}")


def _is_folder(output: str, symbols: int) -> bool:
    return output.endswith(os.sep) or Path(output).is_dir() or symbols > 1 and not Path(output).suffix
