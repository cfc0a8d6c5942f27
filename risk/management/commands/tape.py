"""`manage.py tape list | verify | show`: the recorded quotes: which files there are, whether they are what was written,
and what the market was at one moment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Sum

from risk.models import TapeFile, TapeHole
from risk.tape import reading
from risk.tape.block import PLACE
from risk.tape.checking import check

MEGABYTE = 1_000_000


class Command(BaseCommand):
    help = "The tape: all quotes as they came. Exit 1 when it is not what was written, or has nothing of that moment."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="files and holes; the last line is JSON")
        acts.add_parser("verify", help="read every file and compare it with its digests; the last line is JSON")
        show = acts.add_parser("show", help="what was quoted at one moment")
        show.add_argument("--symbol", help="of this one alone")
        show.add_argument("--at", required=True, help="a time of the wall, 2026-01-31T12:00:00Z, or an entry's id")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self._list, "verify": self._verify, "show": self._show}[options["act"]](options)

    def _list(self, _: dict[str, Any]) -> None:
        for row in TapeFile.objects.all():
            gone = f"  dropped {row.dropped_at:%Y-%m-%d}" if row.dropped_at else ""
            size = f"{row.quotes:>9} quotes  {row.bytes / MEGABYTE:>8.2f} MB"
            self.stdout.write(f"{row.name}  {size}  until {_at(row.written_at)}{gone}")
        for hole in TapeHole.objects.all():
            self.stdout.write(
                f"HOLE  worker {hole.worker}  {_at(hole.from_at)} to {_at(hole.until_at)}  {hole.reason}  {hole.told}"
            )
        kept = TapeFile.objects.filter(dropped_at=None)
        sums = kept.aggregate(quotes=Sum("quotes", default=0), bytes=Sum("bytes", default=0))
        each = round(sums["bytes"] / sums["quotes"], 2) if sums["quotes"] else None
        self._say({"files": kept.count(), **sums, "bytes_per_quote": each, "holes": TapeHole.objects.count()})

    def _verify(self, _: dict[str, Any]) -> None:
        found = check()
        for fault in found.faults:
            self.stdout.write(str(fault))
        told = {name: getattr(found, name) for name in ("files", "dropped", "blocks", "quotes", "torn")}
        self._say(told | {"holes": TapeHole.objects.count(), "faults": len(found.faults)})
        if found.faults:
            raise CommandError("the tape is not what was written; what is named above cannot be believed")

    def _show(self, options: dict[str, Any]) -> None:
        place = _place(options["at"])
        for hole in reading.holes(place, place):
            self.stdout.write(f"HOLE  {_at(hole.from_at)} to {_at(hole.until_at)}  {hole.reason}")
        try:
            board = reading.board_at(place)
        except reading.TapeUnreadable as problem:
            raise CommandError(f"{problem}; `manage.py tape verify` looks at all of it") from problem
        shown = [board[symbol] for symbol in sorted(board) if options["symbol"] in (None, symbol)]
        if not shown:
            what = options["symbol"] or "any symbol"
            raise CommandError(f"nothing of {what} is on the tape at that moment; `manage.py tape list` shows what is")
        for taped in shown:
            quote = taped.quote
            self.stdout.write(
                f"{quote['symbol']:<14} bid {quote['bid']} ask {quote['ask']} last {quote['last']}"
                f"  said {quote['event_at']}  received {quote['received_at']}  entry {taped.place}"
            )

    def _say(self, told: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(told))


def _place(text: str) -> str:
    if PLACE.fullmatch(text):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise CommandError("--at is a time, 2026-01-31T12:00:00Z, or an entry's id, 1769860800000-0") from problem
    return reading.place_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
