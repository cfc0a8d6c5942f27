"""`manage.py replay`: the strategy on recorded candles, decided by what decides live."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from cdb_site.clock import SYSTEM
from cdb_site.units import plain
from marketdata.files.command_line import INTERRUPTED
from marketdata.files.problems import FileProblem
from marketdata.files.progress import ImportProgress
from marketdata.intervals import moment
from replay import manifest as manifests
from replay.asked import from_json
from replay.command_line import add_how, add_what, folder, settings_asked, source_asked, telling
from replay.exporting import export, prepare
from replay.report import lines
from replay.rules.layer_prices import layer_prices
from replay.rules.lookahead import CUTS, peeks
from replay.rules.settings import ReplaySettings
from replay.run import Replayed, played, recorded, replay, with_rules
from replay.source import Progress, ReplaySource
from replay.told_rules import rules

EXAMPLES = f"""
  manage.py replay --from 2026-01-01 --to 2026-01-31              what is stored, the universe as it was
  manage.py replay --symbols BTCUSDT,ETHUSDT --set THRESHOLD=0.02 --limit STOP_LOSS_PCT=0.01
  manage.py replay --files ../shared/data --interval 5m           files, without a database
  manage.py replay --from 2026-01-01 --export out                 out/trips.csv and out/manifest.json
  manage.py replay --manifest out/manifest.json                   the same again, or what differs
  manage.py replay --from 2026-01-01 --check-lookahead            garbage after {CUTS} candles changes nothing before

A day of --from and --to is a UTC day, and both are played. Names of --set: THRESHOLD, EXIT, MIN_VOLUME, TOP_N,
LOOKBACK_MINUTES; of --limit: those of the limits, such as MAX_EXPOSURE_PCT. What is not named is as it is in force, or
with --files as the environment has it. Fractions: 0.02 is 2 %.

The last line is JSON. The exit code is 1 when nothing was replayed, when a repetition differs, or when it looks ahead.
"""
UNUSABLE = (ValueError, FileProblem, LookupError)
FLAGS = {"since": "from", "until": "to"}
# Everything that a manifest has said already.
SAID = ("since", "until", "symbols", "interval", "universe", "files", "volume_in", "set", "limit", "cash", "spread_bps",
        "fill", "marks", "after_halt", "rule")  # fmt: skip


class Command(BaseCommand):
    help = "Replay the strategy on recorded candles, decided by the functions that decide live."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EXAMPLES}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        add_what(parser)
        add_how(parser)
        asked = parser.add_argument_group("what is done with it")
        asked.add_argument("--export", type=folder, metavar="DIR", help="write the round trips and a manifest there")
        asked.add_argument("--manifest", type=Path, metavar="FILE", help="repeat that replay, or name what differs")
        asked.add_argument("--check-lookahead", action="store_true", help="instead: whether anything looks ahead")
        asked.add_argument("--seed", type=int, default=0, help="of --check-lookahead (default: %(default)s)")
        asked.add_argument("--layers", action="store_true", help="also what each risk layer cost, a replay for each")
        asked.add_argument("--progress", action="store_true", help="tell of it also without a terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = ImportProgress(self.stderr, wanted=options["progress"])
        try:
            self._handle(options, telling(progress))
        except UNUSABLE as problem:
            raise CommandError(str(problem)) from problem
        except DatabaseError as problem:
            raise CommandError(f"the database does not answer ({problem}); --files needs none.") from problem
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        finally:
            progress.clear()

    def _handle(self, options: dict[str, Any], progress: Progress) -> None:
        before = manifests.opened(options["manifest"]) if options["manifest"] else None
        if before is None:
            settings, source = settings_asked(options), source_asked(options)
        else:
            self._refuse_twice_said(options)
            settings, source = from_json(before["settings"]), manifests.source_of(before["source"])
        if options["check_lookahead"]:
            self._look_ahead(settings, source, options["seed"], progress)
            return
        if options["export"]:
            prepare(options["export"])
        begun_s = SYSTEM.monotonic_s()
        found = replay(settings, source, progress=progress)
        took_s = SYSTEM.monotonic_s() - begun_s
        self._tell(found, layers=options["layers"])
        if options["export"]:
            for path in export(options["export"], found):
                self.stdout.write(f"written: {path}")
        differences = [] if before is None else list(manifests.differences(before, found.manifest))
        for difference in differences:
            self.stdout.write(f"differs: {difference}")
        repeated = None if before is None else manifests.is_repeated(before, found.manifest)
        self.stdout.write(json.dumps(_last_line(found, took_s) | ({} if repeated is None else {"repeated": repeated})))
        if repeated is False:
            raise CommandError("It does not come out as it did; what differs stands above.")

    def _refuse_twice_said(self, options: dict[str, Any]) -> None:
        """Raises CommandError where something is asked for that the manifest says."""
        usual = self.create_parser("manage.py", "replay")
        said = [name for name in SAID if options[name] != usual.get_default(name)]
        if said:
            words = ", ".join(
                "--" + {"since": "from", "until": "to"}.get(name, name).replace("_", "-") for name in said
            )
            raise CommandError(f"--manifest: its file says what is played and how; leave out {words}.")

    def _tell(self, found: Replayed, *, layers: bool) -> None:
        settings, recording = found.settings, found.recording
        prices = layer_prices(lambda each: played(recording, each).outcome, settings, found.measures) if layers else []
        told = rules(settings, recording.chosen_by)
        report = lines(found.measures, recording.quote_asset, prices)
        notes = ["To be known:", *_listed(recording.notes)] if recording.notes else []
        for line in (*report, "", "Played by these rules:", *_listed(told), *notes):
            self.stdout.write(line)

    def _look_ahead(self, settings: ReplaySettings, source: ReplaySource, seed: int, progress: Progress) -> None:
        """Raises CommandError where something was seen that was not there yet."""
        recording = recorded(settings, source, progress)
        settings = with_rules(settings, recording)
        found = peeks(
            recording.grid,
            lambda grid: played(recording.on(grid), settings),
            seed=seed,
            progress=lambda done, cuts: progress("cuts", done, cuts),
        )
        for peek in found:
            self.stdout.write(
                f"{peek.kind} of {moment(peek.at_s):%Y-%m-%d %H:%M} changed with candles after "
                f"{moment(peek.cut_s):%Y-%m-%d %H:%M}: {peek.was}, then {peek.became}"
            )
        self.stdout.write(json.dumps({"cuts": CUTS, "seed": seed, "lookahead": len(found)}))
        if found:
            raise CommandError("It looks ahead.")


def _listed(sentences: Any) -> list[str]:
    return [f"  - {sentence}" for sentence in sentences]


def _last_line(found: Replayed, took_s: float) -> dict[str, Any]:
    """The result in one line of JSON."""
    told, grid = found.measures, found.recording.grid
    account, benchmark = told.account, told.benchmark
    return {
        "from": found.manifest["played"]["from"],
        "to": found.manifest["played"]["to"],
        "symbols": len(grid.symbols),
        "candles": int((grid.close[:, found.recording.warm_up :] > 0).sum()),
        "decisions": len(found.outcome.decisions),
        "trips": told.trips.trips,
        "net": plain(told.net),
        "return": account.net if account else None,
        "universe_held": benchmark.net if benchmark else None,
        "sharpe": account.sharpe if account else None,
        "drawdown": account.drawdown if account else None,
        "fees": plain(told.fees),
        "disagreements": told.disagreements,
        "universe": found.recording.chosen_by,
        "data_hash": found.manifest["data_hash"],
        "trade_hash": found.manifest["brought"]["trade_hash"],
        "seconds": round(took_s, 3),
    }
