"""A recorded day of one account, read from PostgreSQL: `replay/rules/recorded_day.py` says what it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db.models import Max, Min

from cdb_site import db
from execution.rules.accounting import ZERO
from replay.days import bookings, facts
from replay.days.bookings import Books
from replay.rules.recorded_day import DayDecision, DayOrder, RecordedDay
from risk.decision.requests import Request
from risk.loss_baselines import midnight_of
from risk.models import Decision
from risk.rules.account_state import SymbolMarket
from risk.rules.decision_inputs import DecisionInputs, from_json
from risk.rules.look_text import book_from
from signals_app.models import Signal

DAY = timedelta(days=1)
# Of a dead letter and of a write-off nothing was decided by the layers.
NOT_OF_THE_LAYERS = ("SYSTEM_DEAD_LETTER", "POSITION_WRITTEN_OFF")
ORDERS = """SELECT o.order_id, o.symbol, o.side, o.quantity, o.limit_price, o.created_at, o.closed_at,
      (SELECT max(fill_id) FROM fill WHERE fill.order_id = o.order_id), decision.inputs::text,
      CASE WHEN o.filled_quantity > 0 AND o.decision_price > 0 THEN (CASE o.side WHEN 'BUY' THEN 1 ELSE -1 END)
        * (o.filled_notional / o.filled_quantity - o.decision_price) / o.decision_price END
    FROM "order" AS o LEFT JOIN decision USING (decision_id)
    WHERE o.account_id = %(account)s AND o.venue <> 'BOOKS' AND (o.order_id = ANY(%(ids)s::uuid[])
      OR o.created_at <= %(begun)s AND (o.closed_at IS NULL OR o.closed_at >= %(begun)s - interval '1 minute'))
    ORDER BY o.created_at"""


def recorded_day(account: str, day: date) -> RecordedDay:
    """Everything that one reading of the database has of a day. Run it in a snapshot."""
    since = midnight_of(day)
    rows = list(
        Decision.objects.filter(account=account, market_now__gte=since, market_now__lt=since + DAY)
        .exclude(number=None)
        .order_by("number")
    )
    books = bookings.read(account, since, since + DAY, [_saw(row).version for row in rows])
    times = [row.decided_at for row in rows] + [booking.at for booking in books.bookings] or [since]
    decisions = _decisions(rows, books)
    return RecordedDay(
        account=account,
        quote_asset=_quote_asset(account),
        day=day,
        version=books.version,
        cash=books.cash,
        paid_in=books.paid_in,
        holdings=books.holdings,
        bookings=books.bookings,
        orders=_orders(account, min(times), [row.order_id for row in decisions if row.order_id]),
        decisions=decisions,
        facts=facts.read(account, day, min(times), max(times)),
        unrecorded=unrecorded(account, day),
    )


def unrecorded(account: str, day: date) -> int:
    """How many decisions of a day were stored without what they looked at."""
    since = midnight_of(day)
    return Decision.objects.filter(
        account=account, occurred_at__gte=since, occurred_at__lt=since + DAY, number=None
    ).count()


def _quote_asset(account: str) -> str:
    return str(db.select("SELECT quote_asset FROM account WHERE account = %s", (account,))[0][0])


def _decisions(rows: Sequence[Decision], books: Books) -> tuple[DayDecision, ...]:
    ids = [row.signal_id for row in rows if row.signal_id]
    signals = {row.signal_id: row for row in Signal.objects.filter(signal_id__in=ids)}
    return tuple(
        _decision(row, signals.get(row.signal_id) if row.signal_id else None, _version(row, books), marks)
        for row, marks in zip(rows, _marks(rows), strict=True)
    )


def _marks(rows: Sequence[Decision]) -> Iterator[Mapping[str, Decimal]]:
    """The marks of each decision's batch, which stand with the first one of it. Rows in order of their numbers."""
    marks: Mapping[str, Decimal] = {}
    for row in rows:
        if row.marks is not None:
            marks = {symbol: Decimal(price) for symbol, price in row.marks.items()}
        yield marks


class Saw(NamedTuple):
    """What a decision keeps of the moment at which it was made."""

    number: int
    version: int
    market_now: datetime
    look: Mapping[str, Any]


def _saw(row: Decision) -> Saw:
    """Of a row that has it; the database keeps all of it or nothing."""
    kept = (row.number, row.account_version, row.market_now, row.look)
    assert None not in kept  # noqa: S101 - rows without are not read
    return Saw(*kept)  # type: ignore[arg-type]


def _version(row: Decision, books: Books) -> int:
    """The version in the numbering of the bookings: what no entry made is taken off where its time has come."""
    version = _saw(row).version
    if not books.unnumbered:
        return version
    before = bisect_right(books.bookings, row.decided_at, key=lambda booking: booking.at)
    known = books.bookings[before - 1].version if before else books.version
    return version - min(max(version - known, 0), books.unnumbered)


def _decision(row: Decision, signal: Signal | None, version: int, marks: Mapping[str, Decimal]) -> DayDecision:
    inputs, saw = from_json(row.inputs), _saw(row)
    own = row.order_id if row.order_id == row.decision_id else None
    return DayDecision(
        decision_id=row.decision_id,
        number=saw.number,
        version=version,
        at=row.decided_at,
        market_now=saw.market_now,
        request=request_of(row, inputs, signal),
        market=market_of(saw.look, inputs),
        marks=marks,
        inputs=inputs,
        outcome=row.outcome,
        reason_code=row.reason_code,
        quantity=row.quantity,
        order_id=own,
        place=saw.look["place"] or "",
    )


def request_of(row: Decision, inputs: DecisionInputs, signal: Signal | None) -> Request:
    """What was asked for: of a signal by the signal's own row, of an exit as the decision says."""
    note = {name: row.params[name] for name in ("by", "reason") if name in row.params}
    return Request(
        decision_id=row.decision_id,
        kind=row.kind,
        side=signal.side if signal else row.side,
        symbol=signal.symbol if signal else row.symbol,
        occurred_at=row.occurred_at,
        strength=signal.strength if signal else inputs.strength,
        expires_at=signal.expires_at if signal else None,
        signal_id=row.signal_id,
        episode_id=row.episode_id,
        attempt=row.attempt,
        open_time=signal.open_time if signal else None,
        note=note if row.kind != "SIGNAL" else {},
    )


def _orders(account: str, begun: datetime, ids: Sequence[UUID]) -> dict[UUID, DayOrder]:
    asked = {"account": account, "begun": begun, "ids": list(map(str, ids))}
    return {row[0]: _order(row) for row in db.select(ORDERS, asked)}


def _order(row: tuple[Any, ...]) -> DayOrder:
    order_id, symbol, side, quantity, limit_price, placed_at, closed_at, last_fill_id, stored, slippage = row
    inputs = from_json(orjson.loads(stored)) if stored else None
    bought = side == "BUY" and inputs is not None and inputs.price is not None
    return DayOrder(
        order_id=order_id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        limit_price=limit_price,
        reserved=quantity * inputs.worst_price if inputs and bought else ZERO,
        taker_fee=inputs.venue_rules.taker_fee if inputs and inputs.listed else ZERO,
        placed_at=placed_at,
        closed_at=closed_at,
        last_fill_id=last_fill_id,
        slippage=slippage,
    )


def recorded_span(account: str) -> tuple[date | None, date | None]:
    """(first, last) day of market time with decisions that were stored with their look."""
    rows = Decision.objects.filter(account=account).exclude(number=None)
    found = rows.aggregate(first=Min("market_now"), last=Max("market_now"))
    return found["first"] and found["first"].date(), found["last"] and found["last"].date()


def market_of(look: Mapping[str, Any], inputs: DecisionInputs) -> SymbolMarket:
    """What a decision saw of its symbol, as it is stored."""
    return SymbolMarket(rules=inputs.rules, book=book_from(look["book"]), book_age_ms=inputs.price_age_ms)
