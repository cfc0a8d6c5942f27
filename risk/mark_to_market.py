"""Marks of the account: the `portfolio` message everybody sees, and the stored points of the equity curve."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from cdb_site.clock import iso
from execution.rules.orders import text
from risk.loss_baselines import Levels
from risk.models import EquitySnapshot
from risk.queries import Reading
from risk.rules.circuit_breakers import drawdown
from risk.rules.limits import NAMES
from risk.rules.portfolio import Stake, stop_price

PLACES = 12


def portfolio_payload(reading: Reading, *, levels: Levels, now: datetime) -> dict[str, Any]:
    """The `portfolio` message: every figure from one reading."""
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
        "unrealized_pnl": _text(sum((stake.unrealized_pnl for stake in portfolio.stakes.values()), Decimal(0))),
        "realized_pnl": _text(row.realized_pnl),
        "fees": _text(row.fees),
        "drawdown_24h": _text(drawdown(equity, levels.peak)),
        "trading_state": reading.trading_state,
        "breakers": [{"id": item.id, "kind": item.kind, "symbol": item.symbol} for item in reading.breakers],
        "positions": [_position(stake, limits.stop_loss_pct) for stake in portfolio.stakes.values()],
        "limits": {"version": limits.version} | {name: str(getattr(limits, name)) for name in NAMES},
        "version": row.version,
    }


def _position(stake: Stake, stop_loss_pct: Decimal) -> dict[str, Any]:
    stop = stop_price(stake.avg_entry_price, stop_loss_pct)
    return {
        "symbol": stake.symbol,
        "quantity": _text(stake.quantity),
        "avg_entry_price": _text(stake.avg_entry_price),
        "mark_price": _text(stake.mark_price),
        "mark_source": stake.mark_source,
        "notional": _text(stake.notional),
        "unrealized_pnl": _text(stake.unrealized_pnl),
        "stop_price": _text(stop),
        "stop_distance": _text(_share(stake.mark_price - stop, stake.mark_price)),
        "episode_id": str(stake.episode_id),
        "version": stake.version,
    }


def store_point(payload: dict[str, Any]) -> None:
    """Store one point of the equity curve from a portfolio message; a market standing still adds none."""
    EquitySnapshot.objects.get_or_create(
        account=payload["account"],
        taken_at=payload["marked_at"],
        defaults={
            "equity": Decimal(payload["equity"]),
            "cash": Decimal(payload["cash"]),
            "exposure": round(Decimal(payload["exposure"]), 10),
        },
    )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole > 0 else Decimal(0)


def _text(value: Decimal) -> str:
    return text(round(value, PLACES)) or "0"
