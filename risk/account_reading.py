"""How an account stands: all that a batch of decisions is made from, read in one round trip.

One statement brings the small answers together as JSON, because in a batch of one each statement more costs as much as
a layer. Positions and limits are read only when their version is not the one this process knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

import execution.queries
from cdb_site import db
from cdb_site.clock import from_seconds
from execution.claims import Passage
from execution.known_positions import known_positions
from execution.queries import OpenOrder
from execution.rules.accounting import Holding
from marketdata.queries import NOT_BUYABLE
from risk import queries
from risk.marks import Marks
from risk.rules.account_state import AccountState, Levels, MarketLook
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.limits import Limits
from risk.rules.portfolio import Mark, Portfolio

COOLDOWN_MAX = timedelta(days=1)
STANDING = f"""SELECT
    (SELECT jsonb_agg(state) FROM ({execution.queries.HOLDS_OF.format(account="%(account)s")}) AS hold),
    (SELECT max(version) FROM limit_version WHERE account = %(account)s),
    (SELECT jsonb_agg(jsonb_build_array(order_id, symbol, side, reserved_notional::text)) FROM "order"
      WHERE account_id = %(account)s AND state IN ('NEW', 'PARTIALLY_FILLED', 'SUBMITTED', 'UNKNOWN')),
    (SELECT jsonb_agg(jsonb_build_array(decision_id, order_id)) FROM decision
      WHERE decision_id = ANY(%(asked)s::uuid[])),
    (SELECT jsonb_agg(jsonb_build_array(id, kind, symbol) ORDER BY id) FROM breaker
      WHERE account = %(account)s AND released_at IS NULL),
    CASE WHEN %(placed_lately)s::int IS NULL THEN (SELECT count(*) FROM "order"
      WHERE account_id = %(account)s AND created_at > now() - interval '1 minute') ELSE %(placed_lately)s::int END,
    (SELECT jsonb_object_agg(symbol, stopped_at) FROM (
      SELECT symbol, extract(epoch FROM max(occurred_at)) AS stopped_at FROM decision
      WHERE account = %(account)s AND kind = 'STOP' AND order_id IS NOT NULL AND occurred_at > %(cooling_since)s
      GROUP BY symbol) AS stops),
    (SELECT jsonb_agg(instrument_id) FROM marketdata_pause
      WHERE ended_at IS NULL AND (expires_at IS NULL OR expires_at > now())),
    (SELECT jsonb_agg(symbol) FROM ({NOT_BUYABLE}) AS shut),
    (SELECT jsonb_agg(symbol) FROM exit_intent WHERE account = %(account)s AND ended_at IS NULL),
    (SELECT jsonb_object_agg(asked.symbol, (SELECT extract(epoch FROM max(open_time)) FROM signal
      WHERE signal.symbol = asked.symbol AND side = 'SELL')) FROM unnest(%(bought)s::text[]) AS asked (symbol))"""  # noqa: S608


class Reading(AccountState, frozen=True, kw_only=True, gc=False):
    """How an account stands, its row, the look at the market that it was valued at, and which of the decisions asked
    for were made before (with their orders). `passage` is that of the gate, where it was locked with the account."""

    account: execution.queries.AccountRow
    look: MarketLook
    known: dict[UUID, UUID | None]
    passage: Passage | None = None

    def aligned(self, levels: Levels) -> Levels:
        """The levels as they are with what is paid into the account in this reading."""
        return levels.with_paid_in(self.account.paid_in)


def locked_reading(
    account: str,
    decision_ids: Sequence[UUID],
    marks: Marks,
    now: datetime,
    *,
    symbols: Collection[str] = (),
    bought: Collection[str] = (),
    placed_lately: int | None = None,
    gate: bool = False,
) -> Reading:
    """Lock the account, with `gate` the gate of the trading state too, shared, then read in the same round trip all
    that a batch of decisions is made from, and look at the market once.

    `symbols` are those asked for, `bought` those of them whose newest SELL counts; `placed_lately` the orders of the
    last minute, counted when None.
    """
    locks: list[tuple[str, Sequence[Any]]] = [db.PLANNED_ONCE, (execution.queries.ACCOUNT_LOCKED, (account,))]
    if gate:
        locks.append((execution.queries.GATE_PASSED, (account,)))
    asked = {"asked": list(map(str, decision_ids)), "bought": sorted(bought), "placed_lately": placed_lately}
    return _reading(account, locks, asked, symbols, marks, now)


def reading(account: str, marks: Marks, now: datetime) -> Reading:
    """How the account stands at one moment, without a lock; `now` is market time."""
    with db.snapshot():
        row = [db.PLANNED_ONCE, (execution.queries.ACCOUNT, (account,))]
        return _reading(account, row, {"asked": [], "bought": [], "placed_lately": None}, (), marks, now)


def _reading(
    account: str,
    first: Sequence[tuple[str, Sequence[Any]]],
    asked: Mapping[str, Any],
    symbols: Collection[str],
    marks: Marks,
    now: datetime,
) -> Reading:
    standing = {"account": account, "cooling_since": now - COOLDOWN_MAX, **asked}
    _, rows, *gate, [answers], _ = db.select_together([*first, (STANDING, standing), db.PLANNED_EACH_TIME])
    row = execution.queries.account_from(account, rows)
    known = known_positions(account).of(row)
    held = {symbol: known[symbol] for symbol in sorted(known) if known[symbol].quantity}
    return _reading_from(row, gate, answers, held, marks, marks.look(now, asked=symbols, held=held))


def _reading_from(
    account: execution.queries.AccountRow,
    gate: Sequence[list[Any]],
    answers: Sequence[Any],
    held: Mapping[str, Holding],
    marks: Marks,
    look: MarketLook,
) -> Reading:
    """The answers of STANDING, in their order; what there is none of is NULL."""
    limits_version, recent = answers[1], answers[5]
    jsons = (answers[number] for number in (0, 2, 3, 4, 6, 7, 8, 9, 10))
    states, orders, known, breakers, stops, paused, not_buyable, leaving, sells = map(_loaded, jsons)
    return Reading(
        account=account,
        look=look,
        passage=Passage(number=gate[0][0][0], at=gate[0][0][1]) if gate else None,
        trading_state=execution.queries.strictest(states),
        limits=_limits(account.account, limits_version),
        portfolio=portfolio_of(
            account.cash,
            held,
            look.marks,
            [
                OpenOrder(order_id=UUID(row[0]), symbol=row[1], side=row[2], reserved_notional=Decimal(row[3]))
                for row in orders
            ],
            {row[1]: rules.taker_fee for row in orders if (rules := marks.board.rules(row[1]))},
            leaving,
        ),
        known={UUID(row[0]): UUID(row[1]) if row[1] else None for row in known},
        breakers=tuple(OpenBreaker(id=row[0], kind=row[1], symbol=row[2]) for row in breakers),
        orders_last_minute=recent,
        paused=frozenset(paused),
        not_buyable=frozenset(not_buyable),
        last_sells=_moments(sells),
        last_stops=_moments(stops),
    )


def _loaded(text: Any) -> Any:
    return orjson.loads(text) if text else ()


def _moments(seconds: Any) -> dict[str, datetime]:
    return {symbol: from_seconds(float(epoch_s)) for symbol, epoch_s in dict(seconds).items() if epoch_s is not None}


@lru_cache(maxsize=64)
def _limits(account: str, version: int | None) -> Limits:
    """The limits of a version, which is never changed."""
    return queries.limits_of(account, version)


def portfolio_of(
    cash: Decimal,
    holdings: Mapping[str, Holding],
    marks: Mapping[str, Mark],
    orders: Sequence[OpenOrder],
    taker_fees: Mapping[str, Decimal],
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
        marks={symbol: marks.get(symbol) or _at_entry(holding) for symbol, holding in holdings.items()},
        reserved=reserved,
        exiting=exiting,
        leaving=set(leaving),
        taker_fees=taker_fees,
    )


def _at_entry(holding: Holding) -> Mark:
    return Mark(price=holding.avg_entry_price, source="CANDLE")
