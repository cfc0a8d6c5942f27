"""The trading floor's journal: what was written is there again, torn, full or long; nobody hears of what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mexc_sim.trading import witness
from mexc_sim.trading.accounts import Overdrawn, Why
from mexc_sim.trading.floor import FloorOrder, OrderRefused, OrderRequest, Shown, SimAccount, TradingFloor
from mexc_sim.trading.journal import FloorNews, JournalProblem, TradingJournal, resumed
from mexc_sim.trading.journal_rows import account_lines
from mexc_sim.trading.matching import Kind, Side, State, Street
from mexc_sim.trading.witness import WitnessProblem
from tests.unit.mexc_sim.test_trading_floor import LISTING

MARKET = {"source": "synthetic", "seed": 9}


class Run:
    """A floor of two accounts on a journal, from its start until `end`."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.journal = TradingJournal(path, options.pop("market", MARKET), **options)
        self.accounts, self.new = resumed([SimAccount(name=name) for name in ("one", "two")], self.journal.accounts)
        self.told: list[Shown] = []
        self.news = FloorNews(self.journal.write, lambda _, news, __: self.told.append(news))
        self.version, self.street = 1, Street([(9900, 5000)], [(10000, 3000), (10100, 4000)])
        used = {order_id for account in self.accounts for order_id in account.orders}
        numbers = count(max((int(order_id) for order_id in used), default=0) + 1000)
        self.floor = TradingFloor(
            [LISTING], self.accounts, self._look, lambda: str(next(numbers)), self.news.hear, self.news.done
        )
        for account in self.new:
            self.floor.pay(account, "USDT", Decimal(1000), 1)
            self.floor.pay(account, "AAA", Decimal(10), 1)

    def _look(self, symbol: str) -> tuple[int, Street]:
        return self.version, Street(list(self.street.bids), list(self.street.asks))

    def place(self, side: str, quantity: str, price: str, *, by: int = 0, client_id: str = "") -> FloorOrder:
        asked = OrderRequest(
            symbol="AAAUSDT",
            side=Side(side),
            kind=Kind.LIMIT,
            quantity=Decimal(quantity),
            price=Decimal(price),
            client_id=client_id,
        )
        return self.floor.place(self.accounts[by], asked, 2)

    def move(self, bid: int, quantity: int) -> None:
        self.version, self.street = self.version + 1, Street([(bid, quantity)], [(bid + 10, quantity)])
        self.floor.move_all(3)

    def has(self) -> list[bytes]:
        """All there is of its accounts."""
        return [line for account in self.accounts for line in account_lines(account, 0)]

    def end(self) -> None:
        self.journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trading.jsonl"


@pytest.fixture
def run(path: Path) -> Iterator[Run]:
    begun = Run(path)
    yield begun
    begun.end()


def seen_in(path: Path) -> list[bytes]:
    return [line for account in witness.read(path).accounts.values() for line in account_lines(account, 0)]


def test_orders_trades_balances_and_payments_are_there_again(path: Path) -> None:
    first = Run(path)
    first.place("BUY", "4", "101", client_id="bought")
    first.place("SELL", "2", "120", client_id="rests")
    first.floor.pay(first.accounts[1], "USDT", Decimal("-250.5"), 4)
    had = first.has()
    first.end()

    again = Run(path)
    again.end()

    assert again.has() == had
    bought, rests = again.accounts[0].named("bought"), again.accounts[0].named("rests")
    assert bought is not None and rests is not None
    assert (bought.state, bought.paid, rests.state) == (State.FILLED, Decimal(401), State.NEW)
    assert again.accounts[0].trades[0].placed is bought
    assert again.accounts[1].balances.free("USDT") == Decimal("749.5")
    assert (again.new, again.told) == ([], [])


def test_what_rested_rests_again_in_its_turn_and_keeps_its_amount_locked(path: Path) -> None:
    first = Run(path)
    for by, client_id in ((1, "early"), (0, "late")):
        first.place("BUY", "1", "99.5", by=by, client_id=client_id)
    first.end()

    again = Run(path)
    again.move(9940, 1000)
    early, late = again.accounts[1].named("early"), again.accounts[0].named("late")
    assert early is not None and late is not None
    again.move(9930, 1000)
    again.end()

    assert (early.state, late.state) == (State.FILLED, State.FILLED)
    assert [account.balances.by_asset["USDT"].locked for account in again.accounts] == [0, 0]
    assert early.order.order_id < late.order.order_id


def test_the_earlier_of_two_at_one_price_trades_first_after_a_restart(path: Path) -> None:
    first = Run(path)
    early = first.place("BUY", "1", "99.5", by=1, client_id="early")
    first.place("BUY", "1", "99.5", by=0, client_id="late")
    first.end()

    again = Run(path)
    again.version, again.street = 2, Street([(9800, 1)], [(9950, 1000)])
    again.floor.move_all(3)
    again.end()

    filled = {one.asked.client_id: one.filled for account in again.accounts for one in account.orders.values()}
    assert early.filled == 0
    assert filled == {"early": Decimal(1), "late": Decimal(0)}


def test_a_torn_line_never_happened_and_everything_before_it_did(path: Path) -> None:
    first = Run(path)
    states = [(path.stat().st_size, seen_in(path))]
    for number in range(4):
        first.place("BUY", "0.5", "101", client_id=str(number))
        states.append((path.stat().st_size, seen_in(path)))
    first.end()
    whole = path.read_bytes()

    for end in range(states[0][0], len(whole)):
        path.write_bytes(whole[:end])
        assert seen_in(path) == [state for size, state in states if size <= end][-1]

    again = Run(path)
    again.place("BUY", "0.5", "101", client_id="after")
    again.end()
    named = [one.asked.client_id for one in witness.read(path).accounts["one"].orders.values()]
    assert named == ["0", "1", "2", "after"]


def test_nobody_hears_of_what_could_not_be_written_until_it_is(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, before, told = os.write, path.read_bytes(), len(run.told)

    def full(file: int, data: Any) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return real(file, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            run.place("BUY", "1", "101", client_id="unknown")
        assert (path.read_bytes(), len(run.told)) == (before, told)
        with pytest.raises(OSError, match="No space left"):
            run.floor.move("AAAUSDT", 3)
    run.floor.move("AAAUSDT", 4)

    assert seen_in(path) == run.has()
    assert witness.read(path).accounts["one"].named("unknown") is not None
    assert len(run.told) > told


def test_a_second_exchange_is_refused_while_the_first_trades_on_it(run: Run, path: Path) -> None:
    with pytest.raises(JournalProblem, match="another simulated exchange"):
        TradingJournal(path, MARKET)


def test_a_long_journal_is_written_anew_and_says_the_same(path: Path) -> None:
    first = Run(path)
    for number in range(40):
        first.floor.cancel(first.place("BUY", "1", "90", client_id=str(number)), 3)
    first.place("SELL", "1", "120")
    had = first.has()
    first.end()
    size = path.stat().st_size

    again = Run(path, long_bytes=1000)
    again.place("BUY", "1", "101")
    after = again.has()
    again.end()

    assert path.stat().st_size < size
    assert seen_in(path) == after
    assert all(line in after for line in had[:41])


@pytest.mark.parametrize("options", [{"market": {"source": "synthetic", "seed": 10}}, {"start_fresh": True}])
def test_another_market_begins_anew_and_what_was_is_kept_beside_it(path: Path, options: dict[str, Any]) -> None:
    first = Run(path)
    first.place("BUY", "1", "90", client_id="kept")
    first.end()

    other = Run(path, **options)
    other.end()

    assert other.journal.anew and [account.name for account in other.new] == ["one", "two"]
    assert other.accounts[0].orders == {}
    assert witness.read(path.with_suffix(".before.jsonl")).accounts["one"].named("kept") is not None


@pytest.mark.parametrize(
    "line", [b"{\n", b"[]\n", b'{"orders": [{}]}\n', b'{"balances": [["one", "USDT", "x", "0"]]}\n']
)
def test_a_line_that_cannot_be_read_ends_it_with_its_number_and_a_remedy(path: Path, line: bytes) -> None:
    Run(path).end()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], line, *lines[1:]]))

    with pytest.raises(WitnessProblem, match=r"line 2 cannot be read.*--start-fresh"):
        Run(path)
    assert path.read_bytes().splitlines(keepends=True)[1] == line


def test_an_account_that_is_in_the_file_no_more_keeps_what_it_has(path: Path) -> None:
    first = Run(path)
    first.place("BUY", "1", "90", by=1)
    first.end()

    journal = TradingJournal(path, MARKET)
    every, new = resumed([SimAccount(name="one"), SimAccount(name="three")], journal.accounts)
    journal.close()

    assert [account.name for account in every] == ["one", "three", "two"]
    assert [account.name for account in new] == ["three"]
    assert len(every[2].orders) == 1


def test_more_cannot_be_paid_out_than_is_free(run: Run) -> None:
    run.place("BUY", "5", "90")
    had = run.has()

    with pytest.raises(Overdrawn):
        run.floor.pay(run.accounts[0], "USDT", Decimal("-550.01"), 3)
    assert run.has() == had
    run.floor.pay(run.accounts[0], "USDT", Decimal(-550), 3)
    assert run.accounts[0].balances.free("USDT") == 0


def test_an_order_filled_below_its_price_tells_what_it_gave_back(run: Run) -> None:
    run.place("BUY", "1", "105")

    changes = [news for news in run.told if isinstance(news, tuple) and getattr(news, "why", "") == Why.CANCELED]

    assert [(change.asset, change.free_change) for change in changes] == [("USDT", Decimal(5))]


acts = st.one_of(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(list(Kind)),
        st.integers(1, 6000),
        st.integers(9700, 10300),
        st.integers(0, 1),
    ),
    st.tuples(st.just("street"), st.integers(9800, 10200), st.integers(1, 5000)),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
    st.tuples(st.just("pay"), st.integers(-500, 500)),
    st.tuples(st.just("restart")),
)


@settings(max_examples=60, deadline=None)
@given(told=st.lists(acts, max_size=30))
def test_after_any_acts_and_restarts_the_journal_says_what_the_floor_has(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "trading.jsonl"
    run = Run(path)
    for act in told:
        if act[0] == "restart":
            run.end()
            run = Run(path, long_bytes=4000)
        else:
            _do(run, act)
    had = run.has()
    run.end()

    assert sorted(seen_in(path)) == sorted(had)
    for account in witness.read(path).accounts.values():
        assert _worked_out(account) == {
            asset: has.free + has.locked for asset, has in account.balances.by_asset.items()
        }


def _do(run: Run, act: tuple[Any, ...]) -> None:
    if act[0] == "street":
        run.move(act[1], act[2])
    elif act[0] == "cancel":
        known = [placed for account in run.accounts for placed in account.orders.values()]
        if known:
            run.floor.cancel(known[act[1] % len(known)], 3)
    elif act[0] == "pay":
        with suppress(Overdrawn):
            run.floor.pay(run.accounts[0], "USDT", Decimal(act[1]), 4)
    else:
        side, kind, quantity, price, by = act
        asked = OrderRequest(
            symbol="AAAUSDT",
            side=Side(side),
            kind=kind,
            quantity=Decimal(quantity) / 1000,
            price=None if kind is Kind.MARKET else Decimal(price) / 100,
        )
        with suppress(OrderRefused):
            run.floor.place(run.accounts[by], asked, 2)


def _worked_out(account: SimAccount) -> dict[str, Decimal]:
    """What an account must have: paid in and out, traded, and fees."""
    whole: dict[str, Decimal] = {asset: Decimal(0) for asset in account.balances.by_asset}
    for payment in account.payments:
        whole[payment.asset] += payment.amount
    for trade in account.trades:
        sign = 1 if trade.placed.asked.side is Side.BUY else -1
        whole["AAA"] += sign * trade.quantity
        whole["USDT"] -= sign * trade.quantity * trade.price
        whole[trade.fee_asset] -= trade.fee
    return whole
