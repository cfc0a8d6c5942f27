"""Reads of the risk manager: limits in force, the portfolio at its marks, the day's opening, what was decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

import execution.queries
from cdb_site import db
from cdb_site.clock import from_seconds
from execution.claims import Passage
from execution.rules.accounting import Holding
from marketdata.intervals import interval_s
from marketdata.queries import NOT_BUYABLE
from risk.marks import Marks
from risk.models import AuditRun, CloseOut, DayOpening
from risk.rules.account_state import AccountState
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.day_opening import HeldAtMidnight, Opening
from risk.rules.limits import NAMES, Limits
from risk.rules.portfolio import Mark, Portfolio

LIMIT_COLUMNS = ("version", *NAMES)
LIMITS = f"SELECT {', '.join(LIMIT_COLUMNS)} FROM limit_version WHERE account = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
KNOWN_DECISIONS = "SELECT decision_id, order_id FROM decision WHERE decision_id = ANY(%s::uuid[])"
# One statement for four small answers: in a batch of one, each statement more costs as much as a layer.
AROUND = f"""SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_array(id, kind, symbol) ORDER BY id), '[]') FROM breaker
      WHERE account = %s AND released_at IS NULL),
    CASE WHEN %s::int IS NULL THEN (SELECT count(*) FROM "order"
      WHERE account_id = %s AND created_at > now() - interval '1 minute') ELSE %s::int END,
    (SELECT coalesce(jsonb_object_agg(symbol, stopped_at), '{{}}') FROM (
      SELECT symbol, extract(epoch FROM max(occurred_at)) AS stopped_at FROM decision
      WHERE account = %s AND kind = 'STOP' AND order_id IS NOT NULL AND occurred_at > %s GROUP BY symbol) AS stops),
    (SELECT coalesce(jsonb_agg(instrument_id), '[]') FROM marketdata_pause
      WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > now())),
    (SELECT coalesce(jsonb_agg(symbol), '[]') FROM ({NOT_BUYABLE}) AS shut)"""  # noqa: S608
COOLDOWN_MAX = timedelta(days=1)
# More than the market clocks of two processes ever differ by.
CLOCKS_APART = timedelta(minutes=5)
LEAVING = "SELECT symbol FROM exit_intent WHERE account = %s AND ended_at IS NULL"
NEWEST_SELLS = """SELECT asked.symbol, (SELECT max(open_time) FROM signal WHERE signal.symbol = asked.symbol
    AND side = 'SELL') FROM unnest(%s::text[]) AS asked (symbol)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(AccountState):
    """How an account stands, its row, and which of the decisions asked for were made before (with their orders).
    `passage` is that of the gate, where it was locked with the account."""

    account: execution.queries.AccountRow
    known: dict[UUID, UUID | None]
    passage: Passage | None = None


def locked_reading(
    account: str,
    decision_ids: Sequence[UUID],
    marks: Marks,
    now: datetime,
    *,
    bought: Collection[str] = (),
    placed_lately: int | None = None,
    gate: bool = False,
) -> Reading:
    """Lock the account, with `gate` the gate of the trading state too, shared, then read in the same round trip all
    that a batch of decisions is made from.

    `bought` are the symbols whose newest SELL counts; `placed_lately` the orders of the last minute, counted when None.
    """
    locks: list[tuple[str, Sequence[Any]]] = [(execution.queries.ACCOUNT_LOCKED, (account,))]
    if gate:
        locks += [(execution.queries.GATE_SHARED, (account,)), (execution.queries.GATE_NUMBER, ())]
    return _reading(account, locks, decision_ids, marks, now, bought, placed_lately)


def reading(account: str, marks: Marks, now: datetime) -> Reading:
    """How the account stands at one moment, without a lock; `now` is market time."""
    with db.snapshot():
        return _reading(account, [(execution.queries.ACCOUNT, (account,))], (), marks, now)


def _reading(
    account: str,
    locks: Sequence[tuple[str, Sequence[Any]]],
    decision_ids: Sequence[UUID],
    marks: Marks,
    now: datetime,
    bought: Collection[str] = (),
    placed_lately: int | None = None,
) -> Reading:
    name = (account,)
    answers = db.select_together(
        [
            *locks,
            (execution.queries.TRADING_STATE, name),
            (LIMITS, name),
            (execution.queries.OPEN_POSITIONS, name),
            (execution.queries.OPEN_ORDERS, name),
            (KNOWN_DECISIONS, (list(map(str, decision_ids)),)),
            (AROUND, (account, placed_lately, account, placed_lately, account, now - COOLDOWN_MAX)),
            (LEAVING, name),
            (NEWEST_SELLS, (sorted(bought),)),
        ]
    )
    return _reading_from(account, answers, marks)


def _reading_from(account: str, answers: Sequence[list[Any]], marks: Marks) -> Reading:
    """The answers to the statements of `_reading`, in their order."""
    accounts, *gate, states, limit_rows, positions, orders, known, around, leaving_rows, sells = answers
    row = execution.queries.account_from(account, accounts)
    breakers, recent, stops, paused, not_buyable = around[0]
    open_orders = execution.queries.open_orders_from(orders)
    return Reading(
        account=row,
        passage=_passage(gate),
        trading_state=execution.queries.trading_state_from(states),
        limits=limits_from(account, limit_rows),
        portfolio=portfolio_of(
            row.cash,
            execution.queries.positions_from(positions),
            open_orders,
            marks,
            leaving={leaving_row[0] for leaving_row in leaving_rows},
        ),
        known={row[0]: row[1] for row in known},
        breakers=tuple(OpenBreaker(id=item[0], kind=item[1], symbol=item[2]) for item in orjson.loads(breakers)),
        orders_last_minute=recent,
        paused=frozenset(orjson.loads(paused)),
        last_sells={symbol: open_time for symbol, open_time in sells if open_time},
        not_buyable=frozenset(orjson.loads(not_buyable)),
        last_stops={symbol: from_seconds(float(stopped_s)) for symbol, stopped_s in orjson.loads(stops).items()},
    )


def _passage(gate: Sequence[list[Any]]) -> Passage | None:
    """Of the answers to lock and number of the gate; None when it was not locked."""
    return Passage(number=gate[1][0][0], at=gate[1][0][1]) if gate else None


def limits(account: str) -> Limits:
    """The newest limits. LookupError when none were ever set: nothing can be decided without."""
    return limits_from(account, db.select(LIMITS, (account,)))


def limits_from(account: str, rows: execution.queries.Rows) -> Limits:
    if not rows:
        raise LookupError(f"account {account!r} has no limits; run `manage.py seed_limits`")
    return Limits(**dict(zip(LIMIT_COLUMNS, rows[0], strict=True)))


def portfolio_of(
    cash: Decimal,
    holdings: Mapping[str, Holding],
    orders: Sequence[execution.queries.OpenOrder],
    marks: Marks,
    leaving: Collection[str] = (),
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
        leaving=set(leaving),
        taker_fees={symbol: rules.taker_fee for symbol in reserved if (rules := marks.board.rules(symbol))},
    )


def _mark(holding: Holding, marks: Marks) -> Mark:
    return marks.mark(holding.symbol) or Mark(price=holding.avg_entry_price, source="CANDLE")


# Every fill up to `booked` was booked before this moment, and so was executed before it.
BOOKED_BEFORE = """SELECT booked FROM equity_snapshot WHERE account = %s AND taken_at < %s AND booked IS NOT NULL
    ORDER BY taken_at DESC LIMIT 1"""
CASH_BEFORE = """SELECT
    coalesce((SELECT cash FROM account WHERE account = %(account)s), 0)
      - coalesce((SELECT sum(amount) FROM ledger_entry WHERE account_id = %(account)s AND fill_id > %(booked)s
          AND occurred_at >= %(midnight)s), 0),
    coalesce((SELECT sum(amount) FROM ledger_entry
      WHERE account_id = %(account)s AND kind IN ('DEPOSIT', 'WITHDRAWAL')), 0)"""
HELD_BEFORE = """WITH since AS (SELECT symbol, (array_agg(price ORDER BY fill_id DESC))[1] AS price,
        sum(CASE side WHEN 'BUY' THEN quantity ELSE -quantity END) AS quantity
      FROM fill WHERE account_id = %(account)s AND fill_id > %(booked)s AND executed_at >= %(midnight)s
      GROUP BY symbol),
    held AS (SELECT symbol, position.quantity - coalesce(since.quantity, 0) AS quantity, since.price AS since_price
      FROM position LEFT JOIN since USING (symbol) WHERE account_id = %(account)s)
    SELECT held.symbol, held.quantity, coalesce(closed.price, before.price),
      coalesce(closed.open_time = %(last_open)s, false), held.since_price
    FROM held
    LEFT JOIN LATERAL (SELECT close AS price, open_time FROM marketdata_candle WHERE instrument_id = held.symbol
      AND "interval" = %(interval)s AND open_time < %(midnight)s ORDER BY open_time DESC LIMIT 1) AS closed ON true
    LEFT JOIN LATERAL (SELECT price FROM fill WHERE closed.price IS NULL AND account_id = %(account)s
      AND symbol = held.symbol AND executed_at < %(midnight)s ORDER BY fill_id DESC LIMIT 1) AS before ON true
    WHERE held.quantity > 0 ORDER BY held.symbol"""
UNBOOKED = """SELECT count(*) FROM "order" WHERE account_id = %s AND occurred_at < %s
    AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""
EXTERNAL = """SELECT coalesce(sum(amount), 0) FROM ledger_entry
    WHERE account_id = %s AND kind IN ('DEPOSIT', 'WITHDRAWAL')"""
NEW_START = """SELECT reset.deposited + coalesce((SELECT sum(amount) FROM ledger_entry
      WHERE account_id = reset.account_id
      AND kind IN ('DEPOSIT', 'WITHDRAWAL') AND recorded_at > reset.recorded_at), 0)
    FROM account_reset AS reset WHERE account_id = %s AND occurred_at >= %s ORDER BY id DESC LIMIT 1"""


def opening_at(account: str, midnight: datetime, interval: str) -> Opening:
    """What an account was worth at a midnight of market time, as far as fills and candles are stored by now.

    The books as they are kept, less what was booked since: read are the fills after the last point of the equity curve
    before midnight, all of them where there is none. What was paid in or out later counts as if it had been there.
    """
    asked = {
        "account": account,
        "midnight": midnight,
        "interval": interval,
        "last_open": midnight - timedelta(seconds=interval_s(interval)),
    }
    with db.snapshot():
        booked = db.select(BOOKED_BEFORE, (account, midnight - CLOCKS_APART))
        asked["booked"] = booked[0][0] if booked else 0
        cash, held, unbooked = db.select_together(
            [(CASH_BEFORE, asked), (HELD_BEFORE, asked), (UNBOOKED, (account, midnight))]
        )
    rows = [
        HeldAtMidnight(symbol=row[0], quantity=row[1], close=row[2], closed=row[3], traded_since=row[4]) for row in held
    ]
    return Opening(cash=cash[0][0], external=cash[0][1], held=tuple(rows), unbooked=int(unbooked[0][0]))


def final_opening(account: str, day: date) -> Decimal | None:
    """The opening equity that was settled for a day, moved by what was paid in or out since; None before it is."""
    stored = DayOpening.objects.filter(account=account, day=day, final=True).first()
    if stored is None:
        return None
    counted = stored.inputs.get("external")
    if counted is None:
        return stored.equity
    paid = Decimal(db.select(EXTERNAL, (account,))[0][0])
    return stored.equity + paid - Decimal(counted)


def new_start(account: str, midnight: datetime) -> Decimal | None:
    """What an account that began anew since that midnight began with, and was paid in or out since; else None."""
    rows = db.select(NEW_START, (account, midnight))
    return rows[0][0] if rows else None


def peak_equity(account: str, now: datetime) -> Decimal | None:
    """The highest stored equity of the last 24 h of market time, or since a drawdown breaker was last released or the
    account last began anew."""
    rows = db.select(
        """SELECT max(equity) FROM equity_snapshot WHERE account = %s AND taken_at > %s AND stored_at > greatest(
             (SELECT max(released_at) FROM breaker WHERE account = %s AND kind = 'DRAWDOWN'),
             (SELECT max(recorded_at) FROM account_reset WHERE account_id = %s), '-infinity')""",
        (account, now - timedelta(days=1), account, account),
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


def audited_clean_since(moment: datetime) -> bool:
    """Whether the last whole audit of the books began after `moment` (wall time), and no later one found what halts."""
    since = AuditRun.objects.filter(ran_at__gt=moment)
    return since.filter(full=True).exists() and since.latest("id").violations == 0


def attempts(account: str, episode_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """(episode, kind) → the last attempt that was decided to leave that position."""
    rows = db.select(
        "SELECT episode_id, kind, max(attempt) FROM decision WHERE account = %s"
        " AND episode_id = ANY(%s::uuid[]) GROUP BY episode_id, kind",
        (account, list(map(str, episode_ids))),
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def leaving(account: str) -> set[str]:
    """Symbols with an exit intent under way."""
    return {row[0] for row in db.select(LEAVING, (account,))}
