"""What the commands about candles share: how times, symbols and intervals are written, and how counts are told."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime

from django.core.management.base import CommandError

from marketdata import queries
from marketdata.files.names import known_interval, spellings
from marketdata.intervals import SECONDS, moment
from marketdata.models import Instrument
from marketdata.pausing import unknown

INTERRUPTED = 130


def told_moment(text: str) -> datetime:
    """An argument such as 2026-01-31 or 2026-01-31T12:00Z."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time; write 2026-01-31 or 2026-01-31T12:00Z") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def told_interval(text: str) -> str:
    """An argument such as 1m or 1h, as the REST API calls it."""
    interval = known_interval(text)
    if interval not in SECONDS:
        raise ArgumentTypeError(f"{text!r} is not known; there are {', '.join(SECONDS)}")
    return interval


def told_instruments(symbols: Sequence[str]) -> list[Instrument]:
    """The stored instruments of these symbols, each once. Raises CommandError."""
    known = queries.instruments()
    found: dict[str, Instrument] = {}
    for typed in symbols:
        symbol = next((name for name in spellings(typed) if name in known), None)
        if symbol is None:
            raise CommandError(unknown(typed))
        found[symbol] = known[symbol]
    return list(found.values())


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def time(epoch_s: int) -> str:
    return f"{moment(epoch_s):%Y-%m-%dT%H:%M}Z"
