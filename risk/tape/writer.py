"""The writer of the tape: a part of the risk service that puts the quotes' stream on the disk, and where looks ended.

Every BLOCK_S it reads what has come since, packs it and appends it: a block. The row in PostgreSQL follows, as soon as
that answers. While the disk is full or away, trading goes on and the writer tries again: the stream is its memory. What
the stream no longer had when it could write again is a hole: a row, an alert, a metric. Nothing is written behind a
hole before its row is there. A disk that hangs holds the writer; another thread tells of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime

from django.db import connections
from prometheus_client import Counter, Gauge

from cdb_site import failures
from cdb_site.alerts import operations as alerts
from cdb_site.bus.redis import connect
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import from_seconds
from risk.models import TapeFile, TapeHole
from risk.tape import files, looks, taking_over
from risk.tape.block import LookEnd, TapedEvent, pack, place_order
from risk.tape.chain import BlockCounts, FileHead, opening, sealed
from risk.tape.stream import BEGINNING, Chunk, read_after

log = logging.getLogger(__name__)
QUOTES = Counter("cdb_tape_quotes_total", "Quotes written to the tape")
BYTES = Counter("cdb_tape_bytes_total", "Bytes written to the tape")
HOLES = Counter("cdb_tape_holes_total", "Stretches of quotes that the tape may lack", ["reason"])
UNWRITTEN = Gauge("cdb_tape_unwritten_seconds", "For how long the tape could not be written; 0 when it can")
RISK = "risk"
NOT_WRITTEN = "TAPE_NOT_WRITTEN"
BLOCK_S = 20.0
TRY_AGAIN_S = 2.0
PAUSE_S = 1.0
# About as many entries as come between two blocks.
CHUNK = 250
TOLD_AFTER_S = 10.0
WATCH_S = 5.0


class TapeWriter:
    """Hosted by the risk service, in a thread of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.clock, self.worker = runtime, runtime.clock, runtime.instance
        self.client = connect()
        self._tape: TapeChain | None = None
        self._lost = TapeHole.Reason.RESTART
        self._due_at = float("-inf")
        # Since when nothing was written, and since when a turn has been at it.
        self._failing_since: float | None = None
        self._begun_at: float | None = None
        self._problem = ""
        # Somebody of this name may have told of it, and ended.
        self._is_told = True
        self._over = threading.Event()
        UNWRITTEN.set_function(self.unwritten_s)

    def run(self) -> None:
        threading.Thread(target=self._watch, name="tape watch", daemon=True).start()
        try:
            while not self.runtime.stopping.is_set():
                self.runtime.progress.turned("tape")
                if self.clock.monotonic_s() >= self._due_at:
                    self._due_at = self.clock.monotonic_s() + BLOCK_S
                    # However long a disk takes: whoever trades is well without it.
                    self.runtime.progress.forget("tape")
                    self.turn()
                self.runtime.pause(PAUSE_S)
            self.turn()
        finally:
            self._over.set()
            self.close()

    def close(self) -> None:
        """Let go of the files; a next turn would go on where they end."""
        if self._tape is not None:
            self._tape.close()
            self._tape = None

    def turn(self) -> None:
        """Write what has come; what hinders is told, and tried again soon."""
        self._begun_at = self.clock.monotonic_s()
        if self._failing_since is None:
            self._failing_since = self._begun_at
        try:
            with failures.waiting_for_servers("the tape"):
                self._write()
                self._well()
        except (OSError, files.AlreadyWritten) as problem:
            self._failed(problem)
        finally:
            self._begun_at = None

    def unwritten_s(self) -> float:
        """For how long nothing could be written; 0 when all is."""
        return self._since(self._failing_since)

    def _since(self, moment_s: float | None) -> float:
        return 0.0 if moment_s is None else self.clock.monotonic_s() - moment_s

    def _write(self) -> None:
        tape = self._tape = self._tape or TapeChain(self.worker)
        tape.save_holes()
        while True:
            chunk = read_after(self.client, tape.last_place, CHUNK)
            if chunk.gone:
                tape.hole(self._lost, chunk, self._problem)
                tape.save_holes()
            noted = looks.taken()
            try:
                if chunk.entries or noted:
                    tape.write(chunk, noted, self.clock.wall_now())
            except OSError:
                looks.put_back(noted)
                raise
            self._lost = TapeHole.Reason.BEHIND
            if chunk.entries < CHUNK:
                break
        self._failing_since = None
        tape.save()

    def _well(self) -> None:
        self._problem = ""
        if self._is_told:
            alerts.close_alert(NOT_WRITTEN, source=RISK, key=self.worker)
            self._is_told = False

    def _failed(self, problem: Exception) -> None:
        if not self._problem:
            log.warning("the tape is not written: %s", problem)
        self._problem, self._due_at = str(problem), self.clock.monotonic_s() + TRY_AGAIN_S
        self._lost = TapeHole.Reason.DISK
        if self.unwritten_s() >= TOLD_AFTER_S:
            with failures.waiting_for_servers("the tape"):
                self._tell(self._problem)

    def _tell(self, error: str) -> None:
        params = {"worker": self.worker, "error": error}
        alerts.raise_alert(NOT_WRITTEN, source=RISK, key=self.worker, params=params)
        # Only now: the writer may have come free meanwhile, and closes it with its next turn.
        self._is_told = True

    def _watch(self) -> None:
        """Tell of a turn that does not come to its end, nor fails: a disk that hangs."""
        told_of = None
        try:
            while not self._over.wait(WATCH_S):
                begun_at = self._begun_at
                lasted_s = self._since(begun_at)
                if lasted_s >= TOLD_AFTER_S and begun_at != told_of:
                    with failures.waiting_for_servers("the watch over the tape"):
                        self._tell(f"{files.root()} has not answered for {lasted_s:.0f} s")
                        told_of = begun_at
        finally:
            connections.close_all()


class TapeChain:
    """One worker's chain of files, and the rows that are not saved yet."""

    def __init__(self, worker: str) -> None:
        """Go on where it ended. Raises OSError, AlreadyWritten, or what PostgreSQL raises."""
        self.worker = worker
        self._lock = files.locked(worker)
        try:
            self._row = taking_over.last_of(worker)
        except BaseException:
            self._lock.close()
            raise
        self.last_place = self._row.last_place if self._row else BEGINNING
        self._file: files.GrowingFile | None = None
        self._hour = ""
        self._unsaved: list[TapeFile] = []
        self._holes: dict[str, TapeHole] = {}

    def write(self, chunk: Chunk, noted: Sequence[LookEnd], now: datetime) -> None:
        """Append one block. Raises OSError; then nothing of it is on the tape."""
        counts = _counts(chunk.events, noted)
        self._begun(_hour(counts.first_ms), now)
        row, file = self._row, self._file
        assert row is not None and file is not None  # noqa: S101 - begun in the line above
        content, digest = sealed(bytes.fromhex(row.digest), counts, pack(chunk.events, noted))
        file.append(content)
        first, last = (chunk.events[0].place, chunk.newest) if chunk.events else ("", chunk.newest)
        taking_over.add(row, digest, file.length, counts.quotes, first, last)
        self.last_place = chunk.newest
        self._to_save(row)
        QUOTES.inc(counts.quotes)
        BYTES.inc(len(content))

    def _begun(self, hour: str, now: datetime) -> None:
        """A file of this hour is open, and still there. Raises OSError."""
        if self._file is not None and hour == self._hour and not self._file.is_gone:
            return
        number = self._row.number + 1 if self._row else 1
        if (left := files.numbered(self.worker, number)) is not None:
            left.unlink()  # begun when the disk failed; no row knows it
        head = FileHead(self.worker, number, hour, taking_over.before(self._row))
        line, digest = opening(head)
        name = files.name_of(self.worker, number, hour)
        file = files.GrowingFile(files.root() / name, line)
        if self._file is not None:
            self._file.close()
        self._file, self._hour = file, hour
        self._row = TapeFile(
            worker=self.worker, number=number, name=name, before=head.before, digest=digest.hex(), bytes=len(line),
            last_place=self.last_place, begun_at=now, written_at=now,
        )  # fmt: skip
        self._to_save(self._row)

    def hole(self, reason: str, chunk: Chunk, told: str) -> None:
        """What lies between the newest entry on the tape and this chunk may be lost. Told before it is written over:
        if that fails, the same hole is told again, and has become longer."""
        until = chunk.events[0].place if chunk.events else chunk.newest
        self._holes[self.last_place] = TapeHole(
            worker=self.worker, reason=reason, told=told, after_place=self.last_place, until_place=until,
            from_at=_moment(self.last_place), until_at=_moment(until),
        )  # fmt: skip

    def save_holes(self) -> None:
        """What is lost is told before anything is written behind it. Raises what PostgreSQL raises."""
        while self._holes:
            after, hole = next(iter(self._holes.items()))
            _stored(hole)
            del self._holes[after]

    def save(self) -> None:
        """Rows follow the files. Raises what PostgreSQL raises, and tries the rest the next time."""
        while self._unsaved:
            self._unsaved[0].save()
            self._unsaved.pop(0)

    def _to_save(self, row: TapeFile) -> None:
        if row not in self._unsaved:
            self._unsaved.append(row)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._lock.close()


def _stored(hole: TapeHole) -> None:
    """The hole has its row, and who has to know is told once."""
    said = {name: getattr(hole, name) for name in ("reason", "told", "until_place", "from_at", "until_at")}
    _, new = TapeHole.objects.update_or_create(worker=hole.worker, after_place=hole.after_place, defaults=said)
    if new:
        HOLES.labels(hole.reason).inc()
        seconds = round((hole.until_at - hole.from_at).total_seconds())
        params = {"worker": hole.worker, "age_s": seconds, "why": hole.reason}
        alerts.raise_alert("TAPE_HOLE", source=RISK, key=f"{hole.worker} {hole.after_place}", params=params)


def _counts(events: Sequence[TapedEvent], noted: Sequence[LookEnd]) -> BlockCounts:
    """Of a block; where it has looks alone its time is theirs."""
    first_ms, last_ms = (
        (place_order(events[0].place)[0], place_order(events[-1].place)[0])
        if events
        else (noted[0].at_us // 1000, noted[-1].at_us // 1000)
        if noted
        else (0, 0)
    )
    return BlockCounts(len(events), sum(len(event.quotes) for event in events), len(noted), first_ms, last_ms)


def _hour(ms: int) -> str:
    return f"{from_seconds(ms / 1000):%Y-%m-%dT%H}"


def _moment(place: str) -> datetime:
    """When Redis took this entry, on the wall."""
    return from_seconds(place_order(place)[0] / 1000)
