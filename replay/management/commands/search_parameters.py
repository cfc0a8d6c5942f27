"""`manage.py search_parameters`: many sets of parameters on recorded candles, and how far the best is to be trusted."""

from __future__ import annotations

import json
import os
import signal
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from cdb_site.clock import SYSTEM
from marketdata.files.command_line import INTERRUPTED
from marketdata.files.problems import FileProblem
from marketdata.files.progress import ImportProgress
from replay.command_line import add_how, add_what, named, source_asked, spelled, telling
from replay.rules.search_result import SearchResult
from replay.rules.trial_figures import OBJECTIVES
from replay.rules.walk_forward import MANNERS
from replay.run import recorded, with_rules
from replay.search import search
from replay.search_asked import means_of, plan_asked, search_asked
from replay.search_report import lines
from replay.trial_store import SearchRunning

EXAMPLES = """
  manage.py search_parameters --set THRESHOLD=0.005..0.03:0.005 --limit STOP_LOSS_PCT=0.01,0.02,0.04
  manage.py search_parameters --files ../shared/data --interval 5m --set THRESHOLD=0.01,0.02 EXIT=-0.01,0
  manage.py search_parameters --set TOP_N=1..20:1 LOOKBACK_MINUTES=5..60:5 --random 50 --seed 7
  manage.py search_parameters --set THRESHOLD=0.01,0.02,0.03 --walk-forward 90d/30d --anchored

A parameter or limit with several levels varies: THRESHOLD=0.01,0.02 or THRESHOLD=0.01..0.03:0.005 (from, to, step).
One with a single level is fixed. Everything else is as for `manage.py replay`. Ctrl-C ends the search and keeps what
is done: started again with the same candles and settings it tries only the rest.

The last line is JSON. The exit code is 1 when nothing was searched, 130 when it was canceled.
"""
UNUSABLE = (ValueError, FileProblem, LookupError, SearchRunning)


class Command(BaseCommand):
    help = "Try many sets of parameters on recorded candles; the best is decided by the functions that decide live."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        add_what(parser)
        add_how(parser)
        asked = parser.add_argument_group("how it is searched")
        asked.add_argument("--by", type=named(OBJECTIVES), default=OBJECTIVES[0], metavar=spelled(OBJECTIVES),
                           help="what is the best (default: sharpe)")  # fmt: skip
        asked.add_argument("--random", type=int, metavar="N", help="try so many sets, drawn, instead of all")
        asked.add_argument("--seed", type=int, default=1, help="of --random (default: %(default)s)")
        asked.add_argument("--walk-forward", metavar="90d/30d", help="choose by so long a past, play so long after it")
        asked.add_argument("--anchored", action="store_const", const=MANNERS[1], default=MANNERS[0], dest="manner",
                           help="the past always begins with the first candle")  # fmt: skip
        asked.add_argument("--map", nargs=2, metavar=("X", "Y"), default=(None, None), help="axes of the heat map")
        asked.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: %(default)s)")
        asked.add_argument("--progress", action="store_true", help="tell of it also without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = ImportProgress(self.stderr, wanted=options["progress"])
        begun_s = SYSTEM.monotonic_s()
        try:
            with asked_to_stop() as stopped:
                found = self._searched(options, progress, stopped)
        except UNUSABLE as problem:
            raise CommandError(str(problem)) from problem
        except DatabaseError as problem:
            raise CommandError(f"the database does not answer ({problem}); --files needs none.") from problem
        except BrokenProcessPool as problem:
            raise CommandError("A worker was killed. What was tried is kept; started again it goes on.") from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        finally:
            progress.clear()
        for line in lines(found):
            self.stdout.write(line)
        took_s = round(SYSTEM.monotonic_s() - begun_s, 3)
        self.stdout.write(json.dumps(found.as_json() | {"seconds": took_s}, allow_nan=False))
        if found.canceled:
            raise CommandError("Canceled; what was tried is kept.", returncode=INTERRUPTED)

    def _searched(self, options: dict[str, Any], progress: ImportProgress, stopped: list[bool]) -> SearchResult:
        if options["workers"] < 1:
            raise ValueError(f"--workers: {options['workers']} must be at least 1")
        asked = search_asked(options)
        recording = recorded(asked.widest, source_asked(options), telling(progress))
        plan = plan_asked(asked, with_rules(asked.settings, recording), recording, options)
        connections.close_all()  # the workers need none, and a search may take hours
        means = means_of(
            options["workers"],
            progress=lambda done, total: progress.tell("search", done / total, done, "sets"),
            stopped=lambda: bool(stopped),
        )
        return search(recording.grid, recording.universe, plan, means)


@contextmanager
def asked_to_stop() -> Iterator[list[bool]]:
    """A list that is empty until somebody presses Ctrl-C; the second time ends the process as usual."""
    stopped: list[bool] = []

    def hear(number: int, frame: Any) -> None:
        if stopped:
            raise KeyboardInterrupt
        stopped.append(True)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
