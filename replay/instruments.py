"""The instruments' rules that a period is played by: as they were when it began, by the record.

One set of rules is played for each symbol. What changed within the period is told, and not played. A symbol whose
rules were recorded only later is played by the oldest of them, one without any record by today's; both say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from cdb_site.units import plain
from execution.quotes import rules_of
from execution.rules.fill_model import Rules
from marketdata.instrument_history import COLUMNS, histories
from marketdata.models import Instrument, InstrumentRules

SHOWN = 5
FIGURES = tuple(name for name in COLUMNS if name not in ("status", "sides"))


class RulesThen(NamedTuple):
    """Rules by symbol, and what is to be known of them."""

    rules: Mapping[str, Rules]
    notes: Sequence[str]


def rules_then(instruments: Mapping[str, Instrument], since: datetime, until: datetime) -> RulesThen:
    """Of a period of market time."""
    recorded = histories(list(instruments), since, until)
    rules = {symbol: rules_of(recorded.get(symbol, [row])[0]) for symbol, row in instruments.items()}
    late = [f"{symbol} from {_at(rows[0].market_at)}" for symbol, rows in recorded.items() if rows[0].market_at > since]
    unrecorded = [symbol for symbol in instruments if symbol not in recorded]
    changed = [f"{symbol} {told}" for symbol, rows in recorded.items() for told in _changes(rows)]
    notes = [
        *_of_time(len(recorded) - len(late), since),
        *_listed("rules recorded only later are taken before that too", late),
        *_listed("no rules recorded; as the exchange has them today", unrecorded),
        *_listed("rules changed within, which is not played", changed),
    ]
    return RulesThen(rules, notes)


def _of_time(symbols: int, since: datetime) -> Iterator[str]:
    if symbols:
        who = "1 instrument by its" if symbols == 1 else f"{symbols:,} instruments by their"
        yield f"{who} rules of {_at(since)}, as recorded: steps, smallest orders, fee."


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    """One sentence for all of them, the first ones by name."""
    if names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        yield f"{what}: {', '.join(names[:SHOWN])}{more}."


def _changes(rows: Sequence[InstrumentRules]) -> Iterator[str]:
    for before, after in zip(rows, rows[1:], strict=False):
        told = [
            f"{name} {_figure(before, name)} → {_figure(after, name)}"
            for name in COLUMNS
            if getattr(before, name) != getattr(after, name)
        ]
        yield f"at {_at(after.market_at)} {', '.join(told)}"


def _figure(row: InstrumentRules, name: str) -> str:
    value = getattr(row, name)
    return plain(value) if name in FIGURES else str(value)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
