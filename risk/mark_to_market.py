"""Marks of the account: the `portfolio` message everybody sees, and the stored points of the equity curve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cdb_site import db
from cdb_site.clock import iso
from cdb_site.units import plain
from execution.rules.accounting import Holding
from risk.account_reading import Reading
from risk.models import EquitySnapshot
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import drawdown
from risk.rules.limits import NAMES
from risk.rules.portfolio import Mark, stop_price

PLACES = 12
NEWEST_FILL = "SELECT fill_id FROM fill WHERE account_id = %s ORDER BY fill_id DESC LIMIT 1"


def portfolio_payload(
    reading: Reading, *, levels: Levels, now: datetime, exit_states: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The `portfolio` message: every figure from one reading. `exit_states` says of a symbol LEAVING, NOT_SOLD or
    DUST."""
    exit_states = exit_states or {}
    row, limits, portfolio = reading.account, reading.limits, reading.portfolio
    equity, opening = portfolio.equity, levels.opening
    return {
        "account": row.account,
        "marked_at": iso(now),
        "equity": _text(equity),
        "cash": _text(row.cash),
        "positions_value": _text(portfolio.positions_value),
        "reserved": _text(portfolio.reserved_total),
        "exposure": _text(_share(portfolio.exposure, equity)),
        "day_opening_equity": _text(opening),
        "day_pnl": _text(equity - opening),
        "drawdown": _text(drawdown(equity, opening)),
        "unrealized_pnl": _text(sum(map(portfolio.unrealized_pnl, portfolio.holdings), Decimal(0))),
        "realized_pnl": _text(row.realized_pnl),
        "fees": _text(row.fees),
        "drawdown_24h": _text(drawdown(equity, levels.peak)),
        "trading_state": reading.trading_state,
        "breakers": [{"id": item.id, "kind": item.kind, "symbol": item.symbol} for item in reading.breakers],
        "positions": [
            _position(holding, portfolio.marks[symbol], limits.stop_loss_pct) | {"exit": exit_states.get(symbol)}
            for symbol, holding in portfolio.holdings.items()
        ],
        "limits": {"version": limits.version} | {name: str(getattr(limits, name)) for name in NAMES},
        "version": row.version,
    }


@lru_cache(maxsize=1024)
def _position(holding: Holding, mark: Mark, stop_loss_pct: Decimal) -> dict[str, Any]:
    """Most positions are told again and again as they were."""
    stop = stop_price(holding.avg_entry_price, stop_loss_pct)
    return {
        "symbol": holding.symbol,
        "quantity": _text(holding.quantity),
        "avg_entry_price": _text(holding.avg_entry_price),
        "mark_price": _text(mark.price),
        "mark_source": mark.source,
        "notional": _text(holding.quantity * mark.price),
        "unrealized_pnl": _text((mark.price - holding.avg_entry_price) * holding.quantity),
        "stop_price": _text(stop),
        "stop_distance": _text(_share(mark.price - stop, mark.price)),
        "episode_id": str(holding.episode_id),
        "version": holding.version,
    }


class EquityCurve:
    """The points of one account, as one process stores them."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._booked: int | None = None

    def store(self, payload: dict[str, Any], *, paid_in: Decimal | None = None) -> None:
        """Store one point from a portfolio message, of an account into which so much had been paid; a market standing
        still adds none.

        The point says up to which fill everything had been booked before it was taken: as of the point before it,
        because this one may have been taken long before it is stored. The first of a process does not know.
        """
        EquitySnapshot.objects.get_or_create(
            account=self.account,
            taken_at=payload["marked_at"],
            defaults={
                "equity": Decimal(payload["equity"]),
                "cash": Decimal(payload["cash"]),
                "exposure": round(Decimal(payload["exposure"]), 10),
                "booked": self._booked,
                "paid_in": paid_in,
            },
        )
        newest = db.select(NEWEST_FILL, (self.account,))
        self._booked = newest[0][0] if newest else 0


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole > 0 else Decimal(0)


def _text(value: Decimal) -> str:
    return plain(round(value, PLACES))
