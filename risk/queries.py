"""Reads of the risk manager: limits in force, the portfolio at its marks, the day's opening, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import orjson

import execution.queries
from cdb_site import db
from cdb_site.bus.events import deterministic_id
from cdb_site.clock import from_seconds
from execution.rules.accounting import Holding
from marketdata.queries import NOT_BUYABLE
from risk.marks import Marks
from risk.models import CloseOut, DayOpening
from risk.rules.account_state import AccountState
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.limits import NAMES, Limits
from risk.rules.portfolio import Mark, Portfolio

LIMIT_COLUMNS = ("version", *NAMES)
LIMITS = f"SELECT {', '.join(LIMIT_COLUMNS)} FROM limit_version WHERE account = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
KNOWN_DECISIONS = "SELECT decision_id, order_id FROM decision WHERE decision_id = ANY(%s::uuid[])"
# One statement for four small answers: in a batch of one, each statement more costs as much as a layer.
AROUND = f"""SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_array(id, kind, symbol) ORDER BY id), '[]') FROM breaker
      WHERE account = %s AND released_at IS NULL),
    (SELECT count(*) FROM "order" WHERE account_id = %s AND created_at > now() - interval '1 minute'),
    (SELECT coalesce(jsonb_object_agg(symbol, stopped_at), '{{}}') FROM (
      SELECT symbol, extract(epoch FROM max(occurred_at)) AS stopped_at FROM decision
      WHERE account = %s AND kind = 'STOP' AND order_id IS NOT NULL AND occurred_at > %s GROUP BY symbol) AS stops),
    (SELECT coalesce(jsonb_agg(instrument_id), '[]') FROM marketdata_pause
      WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > now())),
    (SELECT coalesce(jsonb_agg(symbol), '[]') FROM ({NOT_BUYABLE}) AS shut)"""  # noqa: S608
COOLDOWN_MAX = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(AccountState):
    """How an account stands, its row, and which of the decisions asked for were made before (with their orders)."""

    account: execution.queries.AccountRow
    known: dict[UUID, UUID | None]


def locked_reading(account: str, decision_ids: Sequence[UUID], marks: Marks, now: datetime) -> Reading:
    """Lock the account, then read all that a batch of decisions is made from, in one round trip."""
    return _reading(account, execution.queries.ACCOUNT_LOCKED, decision_ids, marks, now)


def reading(account: str, marks: Marks, now: datetime) -> Reading:
    """How the account stands at one moment, without a lock; `now` is market time."""
    with db.snapshot():
        return _reading(account, execution.queries.ACCOUNT, (), marks, now)


def _reading(account: str, account_query: str, decision_ids: Sequence[UUID], marks: Marks, now: datetime) -> Reading:
    name = (account,)
    accounts, states, limit_rows, positions, orders, known, around = db.select_together(
        [
            (account_query, name),
            (execution.queries.TRADING_STATE, name),
            (LIMITS, name),
            (execution.queries.OPEN_POSITIONS, name),
            (execution.queries.OPEN_ORDERS, name),
            (KNOWN_DECISIONS, (list(map(str, decision_ids)),)),
            (AROUND, (account, account, account, now - COOLDOWN_MAX)),
        ]
    )
    row = execution.queries.account_from(account, accounts)
    breakers, recent, stops, paused, not_buyable = around[0]
    open_orders = execution.queries.open_orders_from(orders)
    return Reading(
        account=row,
        trading_state=execution.queries.trading_state_from(states),
        limits=limits_from(account, limit_rows),
        portfolio=portfolio_of(row.cash, execution.queries.positions_from(positions), open_orders, marks),
        known={row[0]: row[1] for row in known},
        breakers=tuple(OpenBreaker(id=item[0], kind=item[1], symbol=item[2]) for item in orjson.loads(breakers)),
        orders_last_minute=recent,
        paused=frozenset(orjson.loads(paused)),
        not_buyable=frozenset(orjson.loads(not_buyable)),
        last_stops={symbol: from_seconds(float(stopped_s)) for symbol, stopped_s in orjson.loads(stops).items()},
    )


def limits(account: str) -> Limits:
    """The newest limits. LookupError when none were ever set: nothing can be decided without."""
    return limits_from(account, db.select(LIMITS, (account,)))


def limits_from(account: str, rows: execution.queries.Rows) -> Limits:
    if not rows:
        raise LookupError(f"account {account!r} has no limits; run `manage.py seed_limits`")
    return Limits(**dict(zip(LIMIT_COLUMNS, rows[0], strict=True)))


def portfolio_of(
    cash: Decimal, holdings: Mapping[str, Holding], orders: Sequence[execution.queries.OpenOrder], marks: Marks
) -> Portfolio:
    """Positions and open orders as a portfolio. A position that was never priced counts at its entry."""
    reserved: dict[str, Decimal] = {}
    exiting: dict[str, str] = {}
    for order in orders:
        if order.side == "SELL":
            exiting[order.symbol] = str(order.order_id)
        else:
            reserved[order.symbol] = reserved.get(order.symbol, Decimal(0)) + order.reserved_notional
    return Portfolio(
        cash=cash,
        holdings=holdings,
        marks={symbol: _mark(holding, marks) for symbol, holding in holdings.items()},
        reserved=reserved,
        exiting=exiting,
        taker_fees={symbol: rules.taker_fee for symbol in reserved if (rules := marks.board.rules(symbol))},
    )


def _mark(holding: Holding, marks: Marks) -> Mark:
    return marks.mark(holding.symbol) or Mark(price=holding.avg_entry_price, source="CANDLE")


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


def peak_equity(account: str, now: datetime) -> Decimal | None:
    """The highest stored equity of the last 24 h of market time, or since a drawdown breaker was last released."""
    rows = db.select(
        """SELECT max(equity) FROM equity_snapshot WHERE account = %s AND taken_at > %s AND stored_at > coalesce(
             (SELECT max(released_at) FROM breaker WHERE account = %s AND kind = 'DRAWDOWN'), '-infinity')""",
        (account, now - timedelta(days=1), account),
    )
    peak: Decimal | None = rows[0][0]
    return peak


def open_close_out(account: str) -> CloseOut | None:
    """The close-out under way."""
    return CloseOut.objects.filter(account=account, flat_at=None, given_up_at=None).first()


def loss_was_closed_out(account: str, day: date) -> bool:
    """Whether layer 1 has begun to close everything on this market day."""
    since = datetime.combine(day, time(), UTC)
    return CloseOut.objects.filter(account=account, cause="DAILY_LOSS", occurred_at__gte=since).exists()


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


def attempts_before(account: str, kind: str, moment: datetime) -> dict[UUID | None, int]:
    """How often an exit of this kind had been decided for each episode before a wall time."""
    rows = db.select(
        "SELECT episode_id, max(attempt) FROM decision WHERE account = %s AND kind = %s AND decided_at < %s"
        " GROUP BY episode_id",
        (account, kind, moment),
    )
    return {row[0]: int(row[1]) for row in rows}
