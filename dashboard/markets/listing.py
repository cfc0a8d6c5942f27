"""Which symbols there are to look at, and why one is out: the last choice of the universe beside the last ranking.

    watched   what signals are made of, by momentum rank
    held      what there is a position in
    out       what the last choice looked at and left out, with the reason; a page at a time, by 24 h volume

Prices come with the page's socket; here is what changes once a minute or less. Only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F

from cdb_site.clock import SYSTEM
from execution.queries import PAPER, open_positions
from marketdata.models import UniverseChoice, UniverseEntry, UniverseMember
from marketdata.queries import paused
from signals_app.models import Ranking
from signals_app.queries import latest_ranking

WATCHED, HELD, OUT = "watched", "held", "out"
PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRow:
    """One symbol as the list shows it; None is what nobody knows of it."""

    symbol: str
    rank: int | None
    momentum: Decimal | None
    volume: Decimal | None
    spread_bps: Decimal | None
    since: datetime | None
    held: bool
    excluded: str
    paused: str | None


def choice() -> UniverseChoice | None:
    """The last choosing of the universe."""
    return UniverseChoice.objects.first()


def watched_rows() -> list[MarketRow]:
    """Every watched symbol, strongest first, those without a rank last."""
    ranking = {row.symbol: row for row in latest_ranking()}
    members = dict(UniverseMember.objects.values_list("instrument_id", "since"))
    symbols = sorted(members, key=lambda symbol: _place(ranking.get(symbol), symbol))
    return _rows(symbols, ranking, members)


def held_rows() -> list[MarketRow]:
    return [row for row in watched_rows() if row.held]


def _place(row: Ranking | None, symbol: str) -> tuple[bool, int, str]:
    rank = row.rank if row else None
    return rank is None, rank or 0, symbol


def _rows(symbols: list[str], ranking: dict[str, Ranking], members: dict[str, datetime]) -> list[MarketRow]:
    newest = UniverseChoice.objects.order_by("-pk").values("pk")[:1]
    entries = {row.symbol: row for row in UniverseEntry.objects.filter(choice_id__in=newest, symbol__in=symbols)}
    holdings, pauses = open_positions(PAPER), paused(SYSTEM.wall_now())
    return [
        MarketRow(
            symbol=symbol,
            rank=ranking[symbol].rank if symbol in ranking else None,
            momentum=ranking[symbol].momentum if symbol in ranking else None,
            volume=entries[symbol].quote_volume_24h if symbol in entries else None,
            spread_bps=entries[symbol].spread_bps if symbol in entries else None,
            since=members.get(symbol),
            held=symbol in holdings,
            excluded=ranking[symbol].excluded if symbol in ranking else "",
            paused=pauses.get(symbol),
        )
        for symbol in symbols
    ]


def out_rows(after: int | None) -> tuple[list[MarketRow], int | None]:
    """(What the last choice left out, of ranks past `after`; the rank after which the next page begins)."""
    newest = UniverseChoice.objects.order_by("-pk").values("pk")[:1]
    entries = UniverseEntry.objects.filter(choice_id__in=newest, chosen=False, rank__isnull=False)
    if after is not None:
        entries = entries.filter(rank__gt=after)
    found = list(entries.order_by(F("rank").asc())[: PER_PAGE + 1])
    pauses = paused(SYSTEM.wall_now())
    rows = [
        MarketRow(
            symbol=row.symbol,
            rank=row.rank,
            momentum=None,
            volume=row.quote_volume_24h,
            spread_bps=row.spread_bps,
            since=None,
            held=row.held,
            excluded=row.excluded,
            paused=pauses.get(row.symbol),
        )
        for row in found[:PER_PAGE]
    ]
    return rows, rows[-1].rank if len(found) > PER_PAGE else None


def of(symbol: str) -> MarketRow:
    """The one symbol, whether it is watched or not."""
    ranking = {row.symbol: row for row in latest_ranking() if row.symbol == symbol}
    members = dict(UniverseMember.objects.filter(pk=symbol).values_list("instrument_id", "since"))
    return _rows([symbol], ranking, members)[0]
