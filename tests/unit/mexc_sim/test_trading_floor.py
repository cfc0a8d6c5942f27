"""Accounts, orders and trades of the simulated exchange: nothing is made and nothing is lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mexc_sim.market.source import Listing
from mexc_sim.trading.accounts import ZERO, Balances, Why
from mexc_sim.trading.floor import FloorOrder, OrderRefused, OrderRequest, SimAccount, TradingFloor
from mexc_sim.trading.matching import Kind, Side, State, Street

LISTING = Listing(
    symbol="AAAUSDT",
    base_asset="AAA",
    quote_asset="USDT",
    price_places=2,
    quantity_places=3,
    quote_places=2,
    min_quantity="0.001",
    min_notional="1",
    spread_bps=1,
    top_quantity=1000,
)
START = {"USDT": Decimal(1000), "AAA": Decimal(10)}


class Market:
    """A floor with two accounts, and the street that the next look shows."""

    def __init__(self, **account: Any) -> None:
        self.version, self.street = 1, Street([(9900, 5000)], [(10000, 3000), (10100, 4000)])
        self.accounts = [SimAccount(name=name, balances=funded(), **account) for name in ("one", "two")]
        numbers = count(1)
        self.floor = TradingFloor([LISTING], self.accounts, self._look, lambda: str(next(numbers)))

    def _look(self, symbol: str) -> tuple[int, Street]:
        return self.version, Street(list(self.street.bids), list(self.street.asks))

    def move(self, street: Street, at_ms: int = 2) -> None:
        self.version, self.street = self.version + 1, street
        self.floor.move("AAAUSDT", at_ms)

    def place(self, text: str, *, by: int = 0, kind: Kind = Kind.LIMIT, client_id: str = "") -> FloorOrder:
        """`BUY 1.5 @ 99.5`"""
        side, quantity, *price = text.replace("@", "").split()
        asked = OrderRequest(
            symbol="AAAUSDT",
            side=Side(side),
            kind=kind,
            quantity=Decimal(quantity),
            price=Decimal(price[0]) if price else None,
            client_id=client_id,
        )
        return self.floor.place(self.accounts[by], asked, 1)

    def has(self, asset: str, by: int = 0) -> tuple[Decimal, Decimal]:
        balance = self.accounts[by].balances.by_asset[asset]
        return balance.free, balance.locked


def funded() -> Balances:
    balances = Balances()
    for asset, amount in START.items():
        balances.change(asset, free=amount, why=Why.DEPOSIT)
    return balances


def test_a_purchase_costs_what_it_walked_and_its_fee_is_of_what_was_bought() -> None:
    market = Market()

    placed = market.place("BUY 4 @ 101")

    assert placed.order.state is State.FILLED
    assert market.has("USDT") == (Decimal(1000) - 300 - 101, ZERO)
    assert market.has("AAA") == (Decimal(14) - Decimal("0.002"), ZERO)


def test_the_fee_can_be_of_the_quote_asset_on_both_sides() -> None:
    market = Market(fee_in_quote=True)

    market.place("BUY 3 @ 100")
    market.place("SELL 3", kind=Kind.MARKET)

    assert market.has("AAA") == (Decimal(10), ZERO)
    assert market.has("USDT") == (Decimal(1000) - 3 - Decimal("0.15") - Decimal("0.1485"), ZERO)


def test_what_rests_keeps_its_cost_locked_until_it_is_canceled() -> None:
    market = Market()
    placed = market.place("BUY 2 @ 99.5")
    assert market.has("USDT") == (Decimal(801), Decimal(199))

    assert market.floor.cancel(placed, 2)
    assert market.has("USDT") == (Decimal(1000), ZERO)
    assert not market.floor.cancel(placed, 3)


def test_what_rests_trades_when_the_market_is_looked_at_and_has_come_to_it() -> None:
    market = Market()
    placed = market.place("BUY 2 @ 99.5")

    market.move(Street([(9800, 5000)], [(9940, 3000)]), at_ms=5)

    assert (placed.order.state, placed.updated_ms) == (State.FILLED, 5)
    assert [(trade.price, trade.maker, trade.fee) for trade in market.accounts[0].trades] == [
        (Decimal("99.5"), True, 0)
    ]


def test_what_was_taken_stays_taken_while_the_market_stands() -> None:
    market = Market()
    market.place("BUY 3 @ 100")

    placed = market.place("BUY 1 @ 100", kind=Kind.IMMEDIATE_OR_CANCEL)
    assert placed.order.state is State.CANCELED
    market.move(market.street)

    assert market.place("BUY 1 @ 100", kind=Kind.IMMEDIATE_OR_CANCEL).order.state is State.FILLED


def test_two_accounts_trade_with_each_other_and_one_with_itself_is_told() -> None:
    market = Market()
    market.place("SELL 1 @ 99.95")
    market.place("SELL 1 @ 99.96", by=1)

    market.place("BUY 2 @ 99.96", by=1)

    assert [trade.self_trade for trade in market.accounts[1].trades] == [False, True, True]
    assert market.has("USDT")[0] == Decimal(1000) + Decimal("99.95")


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("BUY 20 @ 99", Kind.LIMIT, 30004),
        ("SELL 11", Kind.MARKET, 30004),
        ("BUY 0.01 @ 99", Kind.LIMIT, 30002),
        ("BUY 1.0001 @ 99", Kind.LIMIT, 30029),
        ("BUY 1 @ 99.001", Kind.LIMIT, 30010),
        ("BUY 1 @ -99", Kind.LIMIT, 30010),
        ("BUY 1", Kind.LIMIT, 30010),
        ("BUY NaN @ 99", Kind.LIMIT, 30029),
    ],
)
def test_what_is_refused_changes_nothing_and_has_its_code(text: str, kind: Kind, code: int) -> None:
    market = Market()

    with pytest.raises(OrderRefused) as refused:
        market.place(text, kind=kind)

    assert refused.value.code == code
    assert (market.has("USDT"), market.has("AAA")) == ((Decimal(1000), ZERO), (Decimal(10), ZERO))
    assert market.accounts[0].orders == {}


def test_a_pair_that_may_not_be_traded_is_refused() -> None:
    floor = TradingFloor([replace(LISTING, tradable=False)], [], lambda _: (1, Street()), lambda: "1")

    with pytest.raises(OrderRefused, match="symbol not support api"):
        floor.judge(SimAccount(name="one"), OrderRequest(symbol="AAAUSDT", side=Side.BUY, kind=Kind.MARKET), 1)


def test_a_clients_id_that_is_used_twice_is_kept_twice() -> None:
    market = Market()
    for _ in range(2):
        market.place("BUY 1 @ 90", client_id="same")

    assert len(market.accounts[0].orders) == 2
    named = market.accounts[0].named("same")
    assert named is not None and named.order.order_id == "2"


steps = st.one_of(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(list(Kind)),
        st.integers(1, 6000),
        st.integers(9700, 10300),
        st.integers(0, 1),
    ),
    st.tuples(st.just("street"), st.integers(9800, 10200), st.integers(1, 5000)),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
)


@given(st.lists(steps, max_size=40), st.booleans())
def test_balances_are_what_was_paid_in_and_traded_and_locked_is_what_open_orders_may_cost(
    told: list[tuple[Any, ...]], fee_in_quote: bool
) -> None:
    market = Market(fee_in_quote=fee_in_quote)
    for step in told:
        _do(market, step)
        for number, account in enumerate(market.accounts):
            _adds_up(account, {asset: sum(market.has(asset, number)) for asset in START})


def _do(market: Market, step: tuple[Any, ...]) -> None:
    if step[0] == "street":
        market.move(Street([(step[1], step[2])], [(step[1] + 10, step[2])]))
    elif step[0] == "cancel":
        known = [placed for account in market.accounts for placed in account.orders.values()]
        if known:
            market.floor.cancel(known[step[1] % len(known)], 3)
    else:
        side, kind, quantity, price, by = step
        limit = "" if kind is Kind.MARKET else f" @ {Decimal(price) / 100}"
        with suppress(OrderRefused):
            market.place(f"{side} {Decimal(quantity) / 1000}{limit}", by=by, kind=kind)


def _adds_up(account: SimAccount, whole: dict[str, Any]) -> None:
    expected = dict(START)
    for trade in account.trades:
        sign = 1 if trade.placed.asked.side is Side.BUY else -1
        expected["AAA"] += sign * trade.quantity
        expected["USDT"] -= sign * trade.quantity * trade.price
        expected[trade.fee_asset] -= trade.fee
    assert whole == expected
    for asset, balance in account.balances.by_asset.items():
        locked = sum(one.locked for one in account.orders.values() if one.locked_asset == asset)
        assert balance.locked == locked
        assert balance.free >= 0
    assert all(one.order.open or not one.locked for one in account.orders.values())
