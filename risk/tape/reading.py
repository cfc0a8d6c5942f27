"""What the tape says: quotes between two places of the stream, the board at a look, and where nothing is known.

    place_of(moment)      the place before all entries of that wall time
    quotes(since, until)  in order, of one symbol or of all
    board_at(place)       the newest quote of each symbol that somebody at this place had seen
    looks(since, until)   who looked in between, and up to where
    holes(since, until)   stretches in which quotes may be missing

Each worker's tape is complete in itself; where there are several the one that lacks the least of it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from cdb_site.clock import from_seconds
from risk.models import TapeFile, TapeHole
from risk.tape import files
from risk.tape.block import LookEnd, QuoteRow, TapedEvent, place_order, unpack
from risk.tape.chain import Damage, SealedBlock, blocks, opened

BOARD_WITHIN_S = 3600


class TapedQuote(NamedTuple):
    """One quote, the entry it came with, and when that was sent in market time."""

    place: str
    occurred_at: str
    quote: QuoteRow


class TapeUnreadable(Exception):
    """What should be read is not what was written; file and block are named."""


def place_of(moment: datetime) -> str:
    return f"{int(moment.timestamp() * 1000)}-0"


def moment_of(place: str) -> datetime:
    """When Redis took this entry, on the wall."""
    return from_seconds(place_order(place)[0] / 1000)


def quotes(since: str, until: str, *, symbol: str | None = None, worker: str | None = None) -> Iterator[TapedQuote]:
    """Quotes from the entry `since` to the entry `until`, both included, in order. Raises TapeUnreadable."""
    for event in events(since, until, worker=worker):
        for quote in event.quotes:
            if symbol is None or quote["symbol"] == symbol:
                yield TapedQuote(event.place, event.occurred_at, quote)


def events(since: str, until: str, *, worker: str | None = None) -> Iterator[TapedEvent]:
    """The same as whole events."""
    first, last = place_order(since), place_order(until)
    for block in _blocks(since, until, worker):
        if block.counts.first_ms <= last[0] and block.counts.last_ms >= first[0]:
            yield from (event for event in unpack(block.content)[0] if first <= place_order(event.place) <= last)


def board_at(place: str, *, worker: str | None = None, within_s: int = BOARD_WITHIN_S) -> dict[str, TapedQuote]:
    """The newest quote of each symbol at this place; what was not quoted for so long is not there."""
    since = f"{max(0, place_order(place)[0] - within_s * 1000)}-0"
    return {taped.quote["symbol"]: taped for taped in quotes(since, place, worker=worker)}


def looks(since: str, until: str, *, worker: str | None = None) -> list[LookEnd]:
    """Looks that ended between these places, in the order in which they were made."""
    first, last = place_order(since), place_order(until)
    noted = [look for block in _blocks(since, until, worker) if block.counts.looks for look in unpack(block.content)[1]]
    return [look for look in noted if first <= place_order(look.place) <= last]


def holes(since: str, until: str, *, worker: str | None = None) -> list[TapeHole]:
    """Holes that reach into this stretch."""
    chosen = worker or _best_worker(since, until)
    rows = TapeHole.objects.filter(worker=chosen, from_at__lte=moment_of(until), until_at__gte=moment_of(since))
    return list(rows)


def files_between(since: str, until: str) -> list[TapeFile]:
    """The files of this stretch, worker by worker: from the first to the last that has quotes of it."""
    found = []
    for worker, of_worker in groupby(_rows(since, until, None), key=lambda row: row.worker):
        numbers = [row.number for row in of_worker]
        within = TapeFile.objects.filter(worker=worker, number__range=(numbers[0], numbers[-1]))
        found += list(within.order_by("number"))
    return found


def _best_worker(since: str, until: str) -> str:
    """Of the workers whose tape lies in this stretch the one that lacks the least of it; empty: there is none."""
    rows = _rows(since, until, None)
    workers = sorted({row.worker for row in rows})
    if len(workers) < 2:
        return "".join(workers)
    return min(workers, key=lambda worker: _lacks_ms([row for row in rows if row.worker == worker], since, until))


def _lacks_ms(tape: list[TapeFile], since: str, until: str) -> int:
    """Milliseconds of the stretch before a worker's tape, behind it, and within its holes."""
    first, last = place_order(since)[0], place_order(until)[0]
    begins = max(first, min(place_order(row.first_place)[0] for row in tape))
    ends = min(last, max(place_order(row.last_place)[0] for row in tape))
    lost = 0
    for hole in holes(since, until, worker=tape[0].worker):
        after, before = place_order(hole.after_place)[0], place_order(hole.until_place)[0]
        lost += max(0, min(before, ends) - max(after, begins))
    return last - first - (ends - begins) + lost


def _rows(since: str, until: str, worker: str | None) -> list[TapeFile]:
    first, last = place_order(since), place_order(until)
    kept = TapeFile.objects.filter(dropped_at=None).exclude(first_place="").order_by("worker", "number")
    return [
        row
        for row in (kept if worker is None else kept.filter(worker=worker))
        if place_order(row.first_place) <= last and place_order(row.last_place) >= first
    ]


def _blocks(since: str, until: str, worker: str | None) -> Iterator[SealedBlock]:
    """All blocks of the files in this stretch; one that no row knows yet is read with the others of its file."""
    chosen = worker or _best_worker(since, until)
    for row in _rows(since, until, chosen):
        try:
            data = (files.root() / row.name).read_bytes()
            _, at, digest = opened(data)
        except (OSError, ValueError) as problem:
            raise TapeUnreadable(f"{row.name}: {problem}") from problem
        for block in blocks(data, at, digest):
            if not isinstance(block, Damage):
                yield block
            elif block.at < row.bytes:
                raise TapeUnreadable(f"{row.name}, block {block.number}: {block.what}")
