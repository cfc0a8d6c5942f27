"""A folder for the tape, a writer, and quotes on the stream: for tests of the tape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from cdb_site.bus import latest
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM
from cdb_site.services import service
from risk.tape.writer import TapeWriter
from tests.builders import make_quote


def tape_folder(monkeypatch: Any, folder: Path) -> Path:
    """The tape lies below this folder."""
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, DATA_DIR=folder))
    return folder / "tape"


_made: list[TapeWriter] = []


def make_writer(worker: str = "1") -> TapeWriter:
    writer = TapeWriter(Runtime(service=service("risk"), environment=settings.ENVIRONMENT, instance=worker))
    _made.append(writer)
    return writer


def end_writers() -> None:
    """All that were made in this test."""
    while _made:
        _made.pop().close()


def say_quotes(*bids: str, symbols: Sequence[str] = ("AAAUSDT",)) -> None:
    """One quotes event for each bid, with all these symbols."""
    for bid in bids:
        quotes = [make_quote(symbol=symbol, bid=bid, ask="1000") for symbol in symbols]
        latest.publish_quotes(quotes, producer="ws", occurred_at=SYSTEM.market_now())
