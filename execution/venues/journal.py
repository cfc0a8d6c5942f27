"""The paper venue's memory: an append-only file of everything it ever answered, like an exchange's own database.

One JSON line per order, written before the answer is given. It lies outside PostgreSQL on purpose: it is the witness
our books are compared with. Several processes may share it; each holds the file lock while it submits and first reads
what others have added.
"""

from __future__ import annotations

import fcntl
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from cdb_site.clock import iso, parse_iso
from execution.venues.protocol import Report, Trade


class Journal:
    """The file and an index of where each order's line lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        weakref.finalize(self, self._file.close)
        # The file lock keeps other processes out; threads share it and need one of their own.
        self._threads = threading.Lock()
        self._lines: dict[str, tuple[int, int]] = {}
        self._read_to = 0

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the journal: nobody else answers orders meanwhile, and the index is complete."""
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._catch_up()
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        self._file.seek(self._read_to)
        position = self._read_to
        for line in self._file:
            if not line.endswith(b"\n"):
                self._file.truncate(position)
                break
            self._lines[orjson.loads(line)["client_order_id"]] = (position, len(line))
            position += len(line)
        self._read_to = position

    def get(self, client_order_id: str) -> Report | None:
        """What was answered to this order, or None if it never came. Hold `exclusive`."""
        place = self._lines.get(client_order_id)
        if place is None:
            return None
        self._file.seek(place[0])
        return from_line(orjson.loads(self._file.read(place[1])))

    def since(self, moment: datetime) -> Iterator[Report]:
        """Answers with trades at that market time or later, newest first. Hold `exclusive`."""
        for name in reversed(list(self._lines)):
            report = self.get(name)
            if report and report.trades:
                if max(trade.executed_at for trade in report.trades) < moment:
                    return
                yield report

    def append(self, reports: Sequence[Report]) -> None:
        """Remember answers, in one write. Hold `exclusive`."""
        lines = [orjson.dumps(to_line(report)) + b"\n" for report in reports]
        self._file.write(b"".join(lines))
        self._file.flush()
        for report, line in zip(reports, lines, strict=True):
            self._lines[report.client_order_id] = (self._read_to, len(line))
            self._read_to += len(line)


def to_line(report: Report) -> dict[str, Any]:
    return {
        "client_order_id": report.client_order_id,
        "rejected": report.rejected,
        "canceled": report.canceled,
        "model": report.model,
        "trades": [
            {
                "trade_id": trade.trade_id,
                "price": str(trade.price),
                "quantity": str(trade.quantity),
                "fee": str(trade.fee),
                "fee_asset": trade.fee_asset,
                "executed_at": iso(trade.executed_at),
            }
            for trade in report.trades
        ],
    }


def from_line(line: dict[str, Any]) -> Report:
    trades = tuple(
        Trade(
            trade_id=trade["trade_id"],
            price=Decimal(trade["price"]),
            quantity=Decimal(trade["quantity"]),
            fee=Decimal(trade["fee"]),
            fee_asset=trade["fee_asset"],
            executed_at=_moment(trade["executed_at"]),
        )
        for trade in line["trades"]
    )
    return Report(
        client_order_id=line["client_order_id"],
        trades=trades,
        rejected=line["rejected"],
        canceled=line.get("canceled", ""),
        model=line["model"],
        venue_order_id=f"paper-{line['client_order_id'][:12]}",
    )


def _moment(text: str) -> datetime:
    return parse_iso(text)
