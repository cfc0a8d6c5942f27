"""A recorded day of one account as plain values: how it stood at the beginning, and everything that moved it. Pure.

    booking    one step of the account's version: the fills of one answer of the venue, or what was paid in or out
    decision   numbered in the account's order, with the look it was decided on and the version of the account it saw
    spell      something that held from one wall time to another: an open breaker, a pause, a wish that a symbol be flat

Decisions and bookings exclude each other by the account's lock: version and number put them into one exact order. What
holds trading, opens a breaker or pauses a symbol waits for nobody, and is ordered by its wall time alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from execution.rules.accounting import ZERO, Holding
from risk.rules.account_state import SymbolMarket
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.decision_batch import Requested
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.limits import Limits

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFill:
    """One fill as it is stored. `episode_id` is the name of the position it would begin."""

    fill_id: int
    order_id: UUID
    episode_id: UUID
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    base_fee: Decimal
    dust: Decimal
    realized_pnl: Decimal
    cash: Decimal
    executed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBooking:
    """What one transaction moved; `version` is the account's after it, `at` wall time, `paid` deposits less
    withdrawals."""

    version: int
    at: datetime
    fills: tuple[DayFill, ...] = ()
    paid: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOrder:
    """An order of the day, or one that was open when it began. `reserved` is what it set aside when it was placed;
    `closed_at` wall time, None while it is open; `last_fill_id` None when nothing of it was filled; `slippage` the
    fraction that it filled worse than decided."""

    order_id: UUID
    symbol: str
    side: str
    quantity: Decimal
    limit_price: Decimal | None
    reserved: Decimal
    taker_fee: Decimal
    placed_at: datetime
    closed_at: datetime | None
    last_fill_id: int | None
    slippage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDecision:
    """A decision with what it was made from, as both are stored. `at` is the wall time at which its transaction began:
    decisions of one batch share it. `order_id` is that of the order it placed itself; `place` is the newest entry of
    the quotes' stream that its look had seen, empty where that is not known."""

    decision_id: UUID
    number: int
    version: int
    at: datetime
    market_now: datetime
    request: Requested
    market: SymbolMarket
    marks: Mapping[str, Decimal]
    inputs: DecisionInputs
    outcome: str
    reason_code: str
    quantity: Decimal
    order_id: UUID | None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell(Generic[Value]):
    """Something that held from a wall time to another; `ended` None: it still does."""

    value: Value
    begun: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChange:
    """What one owner holds trading at from a wall time on; `reason` as it was told."""

    owner: str
    state: str
    at: datetime
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPoint:
    """A point of the equity curve, less what had been paid in. `taken_at` market time, `stored_at` wall time."""

    taken_at: datetime
    stored_at: datetime
    earned: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLevels:
    """What the day's loss and the drawdown were measured from. `opening` is the day's, less what had been paid in; None
    before it was final. `provisional_until` is a wall time: before it another opening may have held. `restarts` are
    wall times from which the peak was looked for anew."""

    opening: Decimal | None
    provisional_until: datetime | None
    points: tuple[PeakPoint, ...] = ()
    restarts: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFacts:
    """What waits for no lock: by wall time.

    `found` has what a breaker was opened for, by its number: the value that was observed and the order that caused it,
    if one did; `close_outs` the cause of each. `stops` and `sells` have market times: of stops that were ordered, with
    the wall time of their decision, and of candles that said SELL, with that at which they were stored.
    """

    holds: tuple[HoldChange, ...] = ()
    breakers: tuple[Spell[OpenBreaker], ...] = ()
    found: Mapping[int, tuple[Decimal, str]] = field(default_factory=dict)
    close_outs: tuple[Spell[str], ...] = ()
    pauses: tuple[Spell[str], ...] = ()
    leaving: tuple[Spell[str], ...] = ()
    limits: tuple[tuple[datetime, Limits], ...] = ()
    orders_placed: tuple[datetime, ...] = ()
    stops: tuple[tuple[str, datetime, datetime], ...] = ()
    sells: tuple[tuple[str, datetime, datetime], ...] = ()
    levels: DayLevels = field(default_factory=lambda: DayLevels(opening=None, provisional_until=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDay:
    """`holdings`, `cash`, `paid_in` and `version` are those before the first booking; `orders` by id; `unrecorded` are
    the decisions that were stored without their look."""

    account: str
    quote_asset: str
    day: date
    version: int
    cash: Decimal
    paid_in: Decimal
    holdings: Mapping[str, Holding]
    bookings: tuple[DayBooking, ...]
    orders: Mapping[UUID, DayOrder]
    decisions: tuple[DayDecision, ...]
    facts: DayFacts
    unrecorded: int = 0
