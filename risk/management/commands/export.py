"""`manage.py export`: orders, fills, ledger, decisions, round trips, or the tax file, as CSV, JSON or JSON lines.

A file takes its name when it is whole; what is interrupted leaves none behind.
"""

from __future__ import annotations

import os
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from cdb_site.bus.clock_follower import follow_shared_anchor
from execution.queries import PAPER
from marketdata.files.command_line import INTERRUPTED, counted
from marketdata.files.exporting import writing
from marketdata.files.problems import FileProblem
from marketdata.files.progress import ImportProgress
from risk.exports.reading import ExportRow, count
from risk.exports.tables import TABLES
from risk.exports.wishes import FORMS, NUMBERS, ExportWish, UnfitWish, read_wish
from risk.exports.writing import rows_of, written

STDOUT = "-"
# Of the command line's names, which of an export's.
ASKED = ("from", "to", "zone", "format", "numbers", "symbol", "side", "state", "kind", "outcome", "exit_reason")
EXAMPLES = """
Examples:

  manage.py export fills --symbol BTCUSDT > fills.csv
  manage.py export ledger --from 2026-01-01 --to 2026-01-31 --format jsonl --out january.jsonl.gz
  manage.py export tax --from 2026-01-01 --to 2026-12-31 --zone Europe/Berlin --out tax-2026.csv

Days are of --zone and both are in. Columns: docs/exports.md.
"""


class Command(BaseCommand):
    help = "Write orders, fills, ledger, decisions, round trips or the tax file of closed round trips, oldest first."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=tuple(TABLES), help="%(choices)s")
        parser.add_argument("--from", metavar="DAY", help="first day, such as 2026-01-01 (default: all)")
        parser.add_argument("--to", metavar="DAY", help="last day, which is in (default: all)")
        parser.add_argument("--zone", help="time zone of the days and of local times (default: UTC)")
        parser.add_argument("--symbol", help="of this pair alone, such as BTCUSDT; not of the ledger")
        for name in ASKED[-5:]:
            whats = ", ".join(what for what, table in TABLES.items() if name in table.filters)
            parser.add_argument(f"--{name.replace('_', '-')}", help=f"of {whats}")
        parser.add_argument("--format", choices=FORMS, help="default: csv")
        parser.add_argument("--numbers", choices=NUMBERS, help="decimal sign of CSV (default: dot)")
        parser.add_argument("--out", default=STDOUT, help="a file (.gz packs it), or - (default) for stdout")
        parser.add_argument("--force", action="store_true", help="replace --out when it is there already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wish = read_wish(options["what"], {name: options[name] for name in ASKED if options.get(name)})
        except UnfitWish as problem:
            raise CommandError("; ".join(f"--{told(name)}: {it}" for name, it in problem.errors.items())) from None
        follow_shared_anchor()
        out = Path(options["out"])
        if options["out"] != STDOUT and out.exists() and not options["force"]:
            raise CommandError(f"--out: {out} is there already. Choose another name, or replace it with --force.")
        try:
            self._export(wish, options["out"])
        except FileProblem as problem:
            raise CommandError(str(problem).replace("--output", "--out")) from problem
        except Error as problem:
            raise CommandError(f"PostgreSQL does not answer: {problem}. Is it running? See `make ps`.") from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped. The file under way is not kept.", returncode=INTERRUPTED) from None

    def _export(self, wish: ExportWish, out: str) -> None:
        if out != STDOUT:
            with writing(Path(out)) as file:
                done = self._write(wish, file)
            self.stderr.write(f"{out}: {counted(done, 'row')}")
            return
        try:
            self._write(wish, sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has had enough; Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write(self, wish: ExportWish, file: TextIO) -> int:
        """Returns how many rows there are in the file."""
        progress = ImportProgress(self.stderr, wanted=file is not sys.stdout)
        total, done = count(wish, PAPER), 0

        def watched() -> Iterator[list[ExportRow]]:
            nonlocal done
            for portion in rows_of(wish, PAPER):
                yield portion
                done += len(portion)
                progress.tell(wish.what, min(1.0, done / max(1, total)), done, "rows")

        for text in written(wish, watched()):
            file.write(text)
        progress.clear()
        return done


def told(name: str) -> str:
    """A filter as the command line spells it."""
    return name.replace("_", "-")
