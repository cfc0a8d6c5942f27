"""Reads of the risk manager: limits in force, the portfolio at its marks, the day's opening, what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from cdb_site import db
from cdb_site.bus.events import deterministic_id
from execution import queries as books
from risk.marks import Marks
from risk.models import DayOpening
from risk.portfolio import Portfolio, Stake

LIMIT_COLUMNS = "version, max_exposure_pct, max_position_pct, stop_loss_pct, max_slippage_pct, max_price_age_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """One version of the limits; `_pct` are fractions."""

    version: int
    max_exposure_pct: Decimal
    max_position_pct: Decimal
    stop_loss_pct: Decimal
    max_slippage_pct: Decimal
    max_price_age_s: Decimal


LIMITS = f"SELECT {LIMIT_COLUMNS} FROM limit_version WHERE account = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
KNOWN_DECISIONS = "SELECT decision_id, order_id FROM decision WHERE decision_id = ANY(%s::uuid[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How an account stands, and which of the decisions asked for were made before (with their orders)."""

    account: books.AccountRow
    trading_state: str
    limits: Limits
    portfolio: Portfolio
    known: dict[UUID, UUID | None]


def locked_reading(account: str, decision_ids: Sequence[UUID], marks: Marks) -> Reading:
    """Lock the account, then read all that a batch of decisions is made from, in one round trip."""
    return _reading(account, books.ACCOUNT_LOCKED, decision_ids, marks)


def reading(account: str, marks: Marks) -> Reading:
    """How the account stands at one moment, without a lock."""
    with db.snapshot():
        return _reading(account, books.ACCOUNT, (), marks)


def _reading(account: str, account_query: str, decision_ids: Sequence[UUID], marks: Marks) -> Reading:
    name = (account,)
    accounts, states, limit_rows, positions, orders, known = db.select_together(
        [
            (account_query, name),
            (books.TRADING_STATE, name),
            (LIMITS, name),
            (books.OPEN_POSITIONS, name),
            (books.OPEN_ORDERS, name),
            (KNOWN_DECISIONS, (list(map(str, decision_ids)),)),
        ]
    )
    row = books.account_from(account, accounts)
    open_orders = books.open_orders_from(orders)
    return Reading(
        account=row,
        trading_state=books.trading_state_from(states),
        limits=limits_from(account, limit_rows),
        portfolio=portfolio_of(row.cash, books.positions_from(positions), open_orders, marks),
        known={row[0]: row[1] for row in known},
    )


def limits(account: str) -> Limits:
    """The newest limits. LookupError when none were ever set: nothing can be decided without."""
    return limits_from(account, db.select(LIMITS, (account,)))


def limits_from(account: str, rows: books.Rows) -> Limits:
    if not rows:
        raise LookupError(f"account {account!r} has no limits; run `manage.py seed_limits`")
    return Limits(**dict(zip(LIMIT_COLUMNS.split(", "), rows[0], strict=True)))


def portfolio_of(
    cash: Decimal, positions: dict[str, books.PositionRow], orders: Sequence[books.OpenOrder], marks: Marks
) -> Portfolio:
    """Positions and open orders as a portfolio. A position that was never priced counts at its entry."""
    stakes = {symbol: _stake(row, marks) for symbol, row in positions.items()}
    reserved: dict[str, Decimal] = {}
    exiting = set()
    for order in orders:
        if order.side == "SELL":
            exiting.add(order.symbol)
        else:
            reserved[order.symbol] = reserved.get(order.symbol, Decimal(0)) + order.reserved_notional
    return Portfolio(cash=cash, stakes=stakes, reserved=reserved, exiting=exiting)


def _stake(row: books.PositionRow, marks: Marks) -> Stake:
    mark = marks.mark(row.symbol)
    return Stake(
        symbol=row.symbol,
        quantity=row.quantity,
        avg_entry_price=row.avg_entry_price,
        mark_price=mark.price if mark else row.avg_entry_price,
        mark_source=mark.source if mark else "CANDLE",
        episode_id=row.episode_id,
        version=row.version,
    )


def day_opening(account: str, now: datetime) -> Decimal:
    """Equity at 00:00 UTC of the market day: ledger before it plus positions at the last close before it.

    Fills before midnight give the position, so the figure is the same whenever it is asked for.
    """
    day = now.astimezone(UTC).date()
    stored = DayOpening.objects.filter(account=account, day=day).first()
    if stored is not None:
        return stored.equity
    equity = equity_at(account, datetime.combine(day, time(), UTC))
    DayOpening.objects.get_or_create(account=account, day=day, defaults={"equity": equity})
    return equity


def equity_at(account: str, moment: datetime) -> Decimal:
    """Cash and positions from ledger and fills before `moment` (market time), at the last close before it.

    The first deposits of an account opened later than `moment` count as its opening.
    """
    cash = db.select(
        "SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account_id = %s AND (occurred_at < %s"
        " OR kind = 'DEPOSIT')",
        (account, moment),
    )[0][0]
    held = db.select(
        """SELECT held.quantity * coalesce(closed.price, held.last_price) FROM (
             SELECT symbol, sum(CASE side WHEN 'BUY' THEN quantity ELSE -quantity END) AS quantity,
                    (array_agg(price ORDER BY fill_id DESC))[1] AS last_price
             FROM fill WHERE account_id = %s AND executed_at < %s GROUP BY symbol) AS held
           LEFT JOIN LATERAL (SELECT close AS price FROM marketdata_candle WHERE instrument_id = held.symbol
             AND open_time < %s ORDER BY open_time DESC LIMIT 1) AS closed ON true WHERE held.quantity > 0""",
        (account, moment, moment),
    )
    return Decimal(cash) + sum((row[0] for row in held), Decimal(0))


def undecided_signals(seconds: float, limit: int = 5000) -> list[str]:
    """Event ids of signals stored that long ago which have no decision."""
    rows = db.select(
        """SELECT signal_id FROM signal WHERE created_at < now() - make_interval(secs => %s)
             AND NOT EXISTS (SELECT 1 FROM decision WHERE decision.signal_id = signal.signal_id)
           ORDER BY created_at LIMIT %s""",
        (seconds, limit),
    )
    return [str(deterministic_id("signals", str(row[0]))) for row in rows]


def attempts(account: str, episode_ids: Sequence[UUID], kind: str) -> dict[UUID, int]:
    """How often an exit of this kind was already decided for each position episode."""
    rows = db.select(
        "SELECT episode_id, max(attempt) FROM decision WHERE account = %s AND kind = %s"
        " AND episode_id = ANY(%s::uuid[]) GROUP BY episode_id",
        (account, kind, list(map(str, episode_ids))),
    )
    return {row[0]: int(row[1]) for row in rows}
