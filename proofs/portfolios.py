"""What must hold for any portfolio, any limits and any stream of requests; used by a quick test and by the long proof.

I3  the exposure recorded in an approved entry, open buys at worst price included, is within the limit it used
I4  no entry without a fresh price, an ACTIVE state and closed breakers; an exit of what is held always passes
    (but a stop whose bid recovered)
I5  deciding again from the recorded inputs gives the same ruling
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from execution.rules.accounting import Holding
from execution.rules.fill_model import Book, Rules
from risk.decision.requests import Request
from risk.rules.account_state import AccountState, Levels, SymbolMarket
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.decide import Ruling, decide
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs, from_json, to_json
from risk.rules.limits import LIMITS, Limits
from risk.rules.portfolio import Mark, Portfolio

NOW = datetime(2026, 5, 6, 7, 8, tzinfo=UTC)
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT")
NAMESPACE = UUID(int=5)
money = st.decimals(min_value=0, max_value=10**6, places=2)
wealth = st.decimals(min_value=10**4, max_value=10**7, places=2)
shares = st.decimals(min_value="0.001", max_value=1, places=3)
prices = st.decimals(min_value="0.01", max_value=10**4, places=2)
steps = st.sampled_from([Decimal("0.0001"), Decimal("0.01"), Decimal(1), Decimal(25)])


def rarely(odd: st.SearchStrategy[Any], usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The odd case once in eight: most portfolios may trade, or nothing would be proven about entries."""
    return st.integers(0, 7).flatmap(lambda drawn: odd if drawn == 7 else usual)


@st.composite
def markets(draw: st.DrawFn) -> dict[str, SymbolMarket]:
    """Each symbol listed; one in ten was never quoted, one in eight has a stale or a wide book."""
    return {symbol: draw(symbol_markets()) for symbol in SYMBOLS}


@st.composite
def symbol_markets(draw: st.DrawFn) -> SymbolMarket:
    bid = draw(prices)
    ask = bid * (1 + draw(rarely(st.just(Decimal("0.03")), st.sampled_from([Decimal(0), Decimal("0.001")]))))
    book = Book(bid=bid, ask=ask, bid_quantity=Decimal(1), ask_quantity=Decimal(1), quote_volume_24h=Decimal(1))
    quoted = draw(st.integers(0, 9))
    rules = Rules(
        price_tick=Decimal("0.01"),
        quantity_step=draw(steps),
        min_quantity=draw(st.sampled_from([Decimal(0), Decimal(1)])),
        min_notional=draw(st.sampled_from([Decimal(0), Decimal(10)])),
        taker_fee=draw(st.sampled_from([Decimal(0), Decimal("0.001")])),
    )
    if not quoted:
        return SymbolMarket(rules=rules)
    age_ms = draw(rarely(st.sampled_from([10_001, 60_000]), st.sampled_from([0, 500, 10_000])))
    return SymbolMarket(rules=rules, book=book, book_age_ms=age_ms)


@st.composite
def limit_sets(draw: st.DrawFn) -> Limits:
    values = {limit.name: limit.default for limit in LIMITS}
    for name in ("max_exposure_pct", "max_position_pct", "max_daily_drawdown_pct", "max_drawdown_pct"):
        values[name] = draw(shares)
    values["max_slippage_pct"] = draw(st.sampled_from([Decimal("0.0001"), Decimal("0.01"), Decimal(1)]))
    values["max_orders_per_minute"] = draw(rarely(st.just(Decimal(1)), st.sampled_from([Decimal(5), Decimal(300)])))
    return Limits(version=1, **values)


@st.composite
def batches(draw: st.DrawFn) -> DecisionBatch:
    known, limits, cash = draw(markets()), draw(limit_sets()), draw(rarely(money, wealth))
    held = draw(st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=3))
    holdings = {symbol: draw(holdings_of(symbol)) for symbol in held}
    marks = {symbol: Mark(price=draw(prices), source="BOOK") for symbol in held}
    reserved = {symbol: draw(money) for symbol in draw(st.lists(st.sampled_from(SYMBOLS), unique=True, max_size=2))}
    exiting = {symbol: "live" for symbol in held if draw(st.integers(0, 4)) == 0}
    portfolio = Portfolio(cash=cash, holdings=holdings, marks=marks, reserved=reserved, exiting=exiting)
    state = AccountState(
        trading_state=draw(rarely(st.sampled_from(["REDUCING", "HALTED"]), st.just("ACTIVE"))),
        limits=limits,
        portfolio=portfolio,
        breakers=tuple(draw(rarely(st.lists(breakers(), max_size=2), st.just([])))),
        orders_last_minute=draw(rarely(st.just(400), st.sampled_from([0, 4]))),
        last_stops={symbol: NOW - timedelta(minutes=5) for symbol in SYMBOLS if draw(st.integers(0, 9)) == 0},
    )
    peak = portfolio.equity * draw(rarely(st.sampled_from([Decimal("1.04"), Decimal("1.2")]), st.just(Decimal(1))))
    levels = Levels(day=NOW.date(), opening=max(Decimal("0.01"), peak), peak=peak)
    return DecisionBatch(state=state, markets=known, levels=levels, market_now=NOW)


@st.composite
def holdings_of(draw: st.DrawFn, symbol: str) -> Holding:
    quantity = draw(st.decimals(min_value="0.01", max_value=1000, places=2))
    return Holding(symbol=symbol, quantity=quantity, avg_entry_price=draw(prices), episode_id=uuid5(NAMESPACE, symbol))


def breakers() -> st.SearchStrategy[OpenBreaker]:
    places = st.sampled_from(["", *SYMBOLS])
    return st.builds(OpenBreaker, id=st.just(1), kind=st.sampled_from(["JUMP", "SILENCE"]), symbol=places)


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    count = draw(st.integers(1, 12))
    return [_request(draw, number) for number in range(count)]


def _request(draw: st.DrawFn, number: int) -> Request:
    side, symbol = draw(st.sampled_from(["BUY", "BUY", "SELL"])), draw(st.sampled_from(SYMBOLS))
    kind = "SIGNAL" if side == "BUY" else draw(st.sampled_from(["SIGNAL", "STOP", "HALT", "OPERATOR"]))
    return Request(
        decision_id=uuid5(NAMESPACE, str(number)),
        kind=kind,
        side=side,
        symbol=symbol,
        occurred_at=NOW,
        strength=draw(shares),
        expires_at=NOW + timedelta(seconds=draw(rarely(st.just(-1), st.just(60)))),
    )


def decide_stream(batch: DecisionBatch, stream: list[Request]) -> int:
    """Decide in order and assert all properties of each decision. Returns how many entries were approved."""
    entries = 0
    for request in stream:
        seen, ruling = batch.decide(request)
        assert 0 <= ruling.quantity <= max(ruling.wanted_quantity, Decimal(0))
        assert decide(from_json(json.loads(json.dumps(to_json(seen))))) == ruling
        if request.side == "SELL":
            _assert_exit_passes(request, seen, ruling)
        elif ruling.approved:
            entries += 1
            _assert_entry_is_allowed(batch, seen, ruling)
    return entries


def _assert_exit_passes(request: Request, seen: DecisionInputs, ruling: Ruling) -> None:
    if seen.exit_quantity <= 0:
        nothing = "POSITION_DUST" if seen.held_quantity else "POSITION_NONE"
        assert ruling.reason_code == ("POSITION_NOT_YET" if seen.entry_open else nothing)
    elif not ruling.approved:
        assert (request.kind, ruling.reason_code) == ("STOP", "STOP_LOSS_NOT_REACHED")
        assert not seen.exit_wanted
    else:
        assert ruling.quantity == (seen.held_quantity if ruling.joined_order else seen.exit_quantity)
        assert ruling.joined_order or ruling.quantity % seen.venue_rules.quantity_step == 0


def _assert_entry_is_allowed(batch: DecisionBatch, seen: DecisionInputs, ruling: Ruling) -> None:
    limits = batch.state.limits
    assert ruling.exposure_after is not None and ruling.limit_price is not None
    assert ruling.exposure_after <= limits.max_exposure_pct * seen.equity
    assert batch.state.portfolio.exposure == ruling.exposure_after
    assert seen.symbol_exposure + ruling.quantity * (seen.price or 0) <= limits.max_position_pct * seen.equity
    assert ruling.limit_price <= seen.worst_price
    assert (seen.trading_state, seen.breakers, seen.expired) == ("ACTIVE", (), False)
    assert not seen.exit_wanted and not seen.overtaken
    assert seen.price_age_ms is not None and seen.price_age_ms <= seen.max_price_age_ms
    assert batch.state.portfolio.free_cash >= Decimal(0) or seen.venue_rules.taker_fee > Decimal("0.002")


def case() -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(batches(), requests())
