"""What the tests plant: quotes, instruments, signals, accounts, decision inputs, desks. Keyword arguments only.

The ledger notation reads like a trader's note: `fills("buy 2 @ 100; sell 1 @ 110")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import execution.operations
import execution.placing
import execution.queries
from cdb_site.bus import outbox
from cdb_site.bus.events import BusEvent, deterministic_id
from cdb_site.clock import Clock, iso
from execution.order_gateway import Desk
from execution.quotes import QuoteBoard
from execution.rules.book_walk import BookLevel
from execution.rules.fill_model import Book, Model, Rules
from execution.rules.orders import OrderDraft
from execution.venues.journal import Journal
from execution.venues.paper import PaperVenue
from marketdata.models import Instrument
from risk import operations as risk
from risk.marks import Marks
from risk.models import LimitVersion
from risk.rules.decision_inputs import DecisionInputs
from signals_app.models import Signal

PAPER = execution.queries.PAPER
LIMITS = {
    "max_exposure_pct": Decimal("0.5"),
    "max_position_pct": Decimal("0.1"),
    "stop_loss_pct": Decimal("0.02"),
    "max_slippage_pct": Decimal("0.01"),
    "max_price_age_s": Decimal(10),
}


def fills(text: str) -> list[tuple[str, Decimal, Decimal]]:
    """(side, quantity, price) of each trade in "buy 2 @ 100; sell 1 @ 110"."""
    trades = []
    for note in text.split(";"):
        side, quantity, at, price = note.split()
        assert at == "@" and side in ("buy", "sell"), note
        trades.append((side.upper(), Decimal(quantity), Decimal(price)))
    return trades


def make_book(
    *,
    bid: str = "99",
    ask: str = "100",
    bid_quantity: str | None = "0",
    ask_quantity: str | None = "0",
    turnover: str | None = "1000000",
    stored: str | None = None,
    bids: str = "",
    asks: str = "",
    last: str | None = None,
) -> Book:
    """A book; None where a figure is not known. `stored` is the turnover at the last choosing of the universe; levels
    read like "5 @ 100; 7 @ 100.01"."""
    return Book(
        bid=Decimal(bid),
        ask=Decimal(ask),
        bid_quantity=Decimal(bid_quantity) if bid_quantity else None,
        ask_quantity=Decimal(ask_quantity) if ask_quantity else None,
        quote_volume_24h=Decimal(turnover) if turnover else None,
        stored_volume_24h=Decimal(stored) if stored else None,
        bids=make_levels(bids),
        asks=make_levels(asks),
        last=Decimal(last) if last else None,
    )


def make_levels(text: str) -> tuple[BookLevel, ...]:
    """Levels of a book, best first, of "5 @ 100; 7 @ 100.01"."""
    notes = [note.split(" @ ") for note in text.split("; ") if note]
    return tuple(BookLevel(Decimal(price), Decimal(quantity)) for quantity, price in notes)


def make_depth(*, symbol: str = "AAAUSDT", bids: str = "", asks: str = "", age_s: float = 0.0) -> dict[str, Any]:
    """The levels of one symbol as they travel on the bus, received `age_s` ago."""
    received_at = iso(datetime.now(UTC) - timedelta(seconds=age_s))
    sides = {
        side: [{"price": str(level.price), "quantity": str(level.quantity)} for level in make_levels(text)]
        for side, text in (("bids", bids), ("asks", asks))
    }
    return {"symbol": symbol, **sides, "event_at": received_at, "received_at": received_at}


def make_rules(
    *, tick: str = "0.01", step: str = "0.001", min_quantity: str = "0", min_notional: str = "1", fee: str = "0.001"
) -> Rules:
    return Rules(
        price_tick=Decimal(tick),
        quantity_step=Decimal(step),
        min_quantity=Decimal(min_quantity),
        min_notional=Decimal(min_notional),
        taker_fee=Decimal(fee),
    )


def make_model(*, impact_bps: str = "10", depth_share: str = "0.01") -> Model:
    return Model(impact_bps=Decimal(impact_bps), depth_share=Decimal(depth_share))


INPUTS: dict[str, Any] = {
    "kind": "SIGNAL",
    "side": "BUY",
    "symbol": "AAAUSDT",
    "strength": "1",
    "expired": False,
    "listed": True,
    "price": "100",
    "bid": "99",
    "price_age_ms": 50,
    "price_tick": "0.01",
    "quantity_step": "0.001",
    "min_quantity": "0",
    "min_notional": "1",
    "taker_fee": "0",
    "trading_state": "ACTIVE",
    "equity": "10000",
    "exposure": "0",
    "symbol_exposure": "0",
    "free_cash": "10000",
    "held_quantity": "0",
    "avg_entry_price": "0",
    "live_exit": False,
    "limits_version": 1,
    "max_exposure_pct": "0.5",
    "max_position_pct": "0.1",
    "stop_loss_pct": "0.02",
    "max_slippage_pct": "0.01",
    "max_price_age_ms": 10_000,
}
RULE_NAMES = ("price_tick", "quantity_step", "min_quantity", "min_notional", "taker_fee")
WORDS = ("kind", "side", "symbol", "trading_state", "live_exit_order")


def make_inputs(**changes: Any) -> DecisionInputs:
    """An entry that every gate and layer lets through, with `changes`; numbers may be given as
    text. `listed` and the instrument's rules are given beside the rest, as they are stored."""
    values = {
        name: Decimal(value) if isinstance(value, str) and name not in WORDS else value
        for name, value in (INPUTS | changes).items()
    }
    rules = Rules(**{name: values.pop(name) for name in RULE_NAMES})
    return DecisionInputs(rules=rules if values.pop("listed") else None, **values)


def make_quote(
    *,
    symbol: str = "AAAUSDT",
    bid: str = "99.99",
    ask: str = "100",
    age_s: float = 0.0,
    turnover: str = "100000000",
    quoted_at: datetime | None = None,
) -> dict[str, Any]:
    """A quote as it travels on the bus, received `age_s` ago; the exchange's own time is that, or `quoted_at`."""
    received_at = iso(datetime.now(UTC) - timedelta(seconds=age_s))
    return {
        "symbol": symbol,
        "bid": bid,
        "ask": ask,
        "last": ask,
        "event_at": iso(quoted_at) if quoted_at else received_at,
        "received_at": received_at,
        "bid_quantity": "1000",
        "ask_quantity": "1000",
        "quote_volume_24h": turnover,
    }


def plant_instrument(*, symbol: str = "AAAUSDT", **changes: Any) -> Instrument:
    values: dict[str, Any] = {
        "base_asset": symbol.removesuffix("USDT"),
        "quote_asset": "USDT",
        "price_tick": Decimal("0.01"),
        "quantity_step": Decimal("0.001"),
        "min_quantity": Decimal(0),
        "min_notional": Decimal(1),
        "taker_fee": Decimal("0.0005"),
        "status": "TRADING",
        "updated_at": datetime.now(UTC),
    }
    return Instrument.objects.create(symbol=symbol, **(values | changes))


def open_paper_account(*, cash: str = "10000", limits: bool = True) -> None:
    """The paper account with its deposit, ACTIVE, and the usual limits."""
    execution.operations.open_account(PAPER, quote_asset="USDT", deposit=Decimal(cash), clock=Clock())
    if limits:
        set_limits()


def set_limits(**changes: str) -> LimitVersion:
    values = LIMITS | {name: Decimal(value) for name, value in changes.items()}
    return risk.set_limits(PAPER, values, by="test", reason="planted")


def make_board(*quotes: dict[str, Any], max_age_s: float = 10.0) -> QuoteBoard:
    """A board that knows these quotes and does not look for stored ones."""
    board = QuoteBoard(clock=Clock(), max_age_s=max_age_s)
    board._loaded = True
    board.take(quotes or (make_quote(),))
    return board


def make_marks(*quotes: dict[str, Any], max_age_s: float = 10.0) -> Marks:
    return Marks(board=make_board(*quotes, max_age_s=max_age_s), interval="1m")


def make_desk(*, folder: Path, board: QuoteBoard | None = None, **model: str) -> Desk:
    """A desk at a paper venue with a journal of its own."""
    board = board or make_board()
    clock = Clock()
    venue = PaperVenue(
        journal=Journal(folder / "venue.jsonl"),
        model=make_model(**model),
        quote_asset="USDT",
        book_of=board.fresh_book,
        rules_of=board.rules,
        now=clock.market_now,
    )
    return Desk(account=PAPER, venue=venue, board=board, clock=clock)


def plant_signal(
    *,
    symbol: str = "AAAUSDT",
    side: str = "BUY",
    strength: str = "1",
    ttl_s: float = 60.0,
    minute: int = 0,
    stored: bool = True,
) -> BusEvent:
    """A signal as the engine stores and says it; returns its event. `stored=False` leaves the row out."""
    now = datetime.now(UTC)
    open_time = now.replace(second=0, microsecond=0) - timedelta(minutes=minute)
    signal_id = deterministic_id("test-signal", symbol, side, iso(open_time), str(uuid4()))
    numbers = {"momentum": "0.02", "strength": strength, "close": "100", "base_close": "98", "quote_volume": "5000"}
    words = {"strategy": f"test-{signal_id.hex[:8]}", "symbol": symbol, "interval": "1m", "side": side}
    counts = {"rank": 1, "universe_size": 10}
    expires_at = now + timedelta(seconds=ttl_s)
    with outbox.unit_of_work("signal") as unit:
        if stored:
            decimals = {name: Decimal(value) for name, value in numbers.items()}
            Signal.objects.create(
                signal_id=signal_id, open_time=open_time, expires_at=expires_at, **decimals, **words, **counts
            )
        payload = {
            "signal_id": str(signal_id),
            "open_time": iso(open_time),
            "expires_at": iso(expires_at),
            **numbers,
            **words,
            **counts,
        }
        return unit.emit("signals", payload, key=str(signal_id), occurred_at=now)


@dataclass(frozen=True, kw_only=True)
class PlantedOrder:
    """An order placed without a decision, for the tests of execution alone."""

    order_id: str
    event: BusEvent


def plant_order(
    *,
    symbol: str = "AAAUSDT",
    side: str = "BUY",
    quantity: str = "1",
    limit: str = "101",
    reserved: str = "101",
    valid_for_s: str = "3600",
    decision_id: UUID | None = None,
    rests: bool = False,
) -> PlantedOrder:
    """A NEW order and its PLACE command."""
    buying = side == "BUY"
    draft = OrderDraft(
        decision_id=decision_id or uuid4(),
        signal_id=None,
        account=PAPER,
        symbol=symbol,
        kind="SIGNAL",
        side=side,
        quantity=Decimal(quantity),
        limit_price=Decimal(limit) if buying else None,
        decision_price=Decimal(100),
        reserved_notional=Decimal(reserved) if buying else Decimal(0),
        valid_for_s=Decimal(valid_for_s) if buying else None,
        occurred_at=datetime.now(UTC),
        rests=rests,
    )
    with outbox.unit_of_work("risk") as unit:
        execution.placing.place(unit, [draft], [None])
    return PlantedOrder(order_id=str(draft.decision_id), event=unit.events[0])


def trade(desk: Desk, text: str, *, symbol: str = "AAAUSDT", quoted_at: datetime | None = None) -> list[str]:
    """Order and fill the noted trades one after the other at a book of exactly that price; returns the order ids."""
    ids = []
    for side, quantity, price in fills(text):
        desk.board.take([make_quote(symbol=symbol, bid=str(price), ask=str(price), quoted_at=quoted_at)])
        order = plant_order(symbol=symbol, side=side, quantity=str(quantity), limit=str(price), reserved="0")
        desk.execute([order.order_id])
        ids.append(order.order_id)
    return ids
