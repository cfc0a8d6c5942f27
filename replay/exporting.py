"""A replay's round trips as a table for other programs, one a line.

    pair, entry_ts, entry_price, exit_ts, exit_price, reason

Prices are averages over the fills of an entry and of an exit, times UTC. By the peers' rule a time is the open time of
the candle at whose close was traded, which is how other back-testers write it; else it is the moment of the decision.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from pathlib import Path
from tempfile import TemporaryFile

from cdb_site.units import plain
from marketdata.files.exporting import writing
from marketdata.files.problems import FileProblem
from marketdata.intervals import moment
from replay.manifest import Manifest
from replay.rules.outcome import ReplayDecision, ReplayOutcome
from replay.rules.peers import HEADER, OPEN_TIME, export_rows, peer_trips
from replay.rules.settings import PEERS
from replay.run import Replayed

TRIPS, MANIFEST = "trips.csv", "manifest.json"
SHOWN_DIGITS = Context(prec=16)


def prepare(folder: Path) -> None:
    """Make the folder, before an hour is played for it. Raises FileProblem."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        words = f"--export: {folder} cannot be written ({problem.strerror or problem}); choose another folder"
        raise FileProblem(words) from problem


def export(folder: Path, found: Replayed) -> list[Path]:
    """Write trips and manifest; the files that were written. Raises FileProblem."""
    trips, told = folder / TRIPS, folder / MANIFEST
    with writing(trips) as output:
        table = csv.writer(output, lineterminator="\n")
        table.writerow(HEADER)
        table.writerows(_rows(found))
    with writing(told) as output:
        output.write(as_text(found.manifest))
    return [trips, told]


def as_text(manifest: Manifest) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def _rows(found: Replayed) -> Iterable[tuple[str, ...]]:
    settings, grid = found.settings, found.recording.grid
    if settings.rule == PEERS:
        return export_rows(grid, peer_trips(grid, settings.strategy, settings.limits.stop_loss_pct))
    return _decided(found.outcome)


def _decided(outcome: ReplayOutcome) -> Iterator[tuple[str, ...]]:
    filled: dict[str, list[ReplayDecision]] = defaultdict(list)
    for decision in outcome.decisions:
        if decision.executions:
            filled[decision.seen.symbol].append(decision)
    for trip in outcome.trips:
        own = [decision for decision in filled[trip.symbol] if trip.entry <= decision.number <= trip.exit]
        yield (
            trip.symbol,
            f"{moment(trip.opened_at_s):{OPEN_TIME}}",
            _average(own, "BUY"),
            f"{moment(trip.closed_at_s):{OPEN_TIME}}",
            _average(own, "SELL"),
            trip.exit_reason,
        )


def _average(decisions: Iterable[ReplayDecision], side: str) -> str:
    fills = [fill for decision in decisions if decision.seen.side == side for fill in decision.executions]
    notional, quantity = sum(fill.price * fill.quantity for fill in fills), sum(fill.quantity for fill in fills)
    return plain(SHOWN_DIGITS.divide(Decimal(notional), Decimal(quantity)))
