"""Layer 2's breakers: each opens just past its limit and not before, about the account or about one symbol."""

from __future__ import annotations

import sys
import threading
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.ticks import spread_bps
from risk.rules.circuit_breakers import KINDS, Observations, Slip, drawdown, watch
from risk.rules.limits import BY_NAME, LIMITS, Limits, loosened
from risk.rules.price_moves import MinuteMoves

USUAL = Limits(version=1, **{limit.name: limit.default for limit in LIMITS})


def found(**seen: Any) -> list[tuple[str, str]]:
    """(kind, symbol) of the breakers that these observations ask for."""
    values = {"equity": Decimal(10000)} | seen
    return [finding.key for finding in watch(Observations(**values), USUAL)]


def slip(size: str, order_id: str = "one") -> tuple[Slip, ...]:
    return (Slip(order_id=order_id, symbol="AAAUSDT", slippage=Decimal(size)),)


# The limits are 5 %, 30 s, 2 s, 300 orders, 20 %, 100 bps, 5 % and 1 %.
EDGES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("DRAWDOWN", "", {"peak_equity": Decimal(10526)}, {"peak_equity": Decimal(10527)}),
    ("SILENCE", "", {"feed_age_s": Decimal(30)}, {"feed_age_s": Decimal("30.001")}),
    ("SILENCE", "AAAUSDT", {"quote_ages_s": {"AAAUSDT": Decimal(30)}}, {"quote_ages_s": {"AAAUSDT": Decimal(31)}}),
    ("CLOCK_SKEW", "", {"clock_skew_s": Decimal(-2)}, {"clock_skew_s": Decimal("-2.1")}),
    ("ORDER_RATE", "", {"orders_last_minute": 300}, {"orders_last_minute": 301}),
    ("REJECT_RATE", "", {"orders_closed": 10, "orders_rejected": 2}, {"orders_closed": 10, "orders_rejected": 3}),
    ("SPREAD", "AAAUSDT", {"spreads_bps": {"AAAUSDT": Decimal(100)}}, {"spreads_bps": {"AAAUSDT": Decimal(101)}}),
    ("JUMP", "AAAUSDT", {"moves": {"AAAUSDT": Decimal("-0.05")}}, {"moves": {"AAAUSDT": Decimal("-0.051")}}),
    ("SLIPPAGE", "AAAUSDT", {"slips": slip("0.01")}, {"slips": slip("0.011")}),
]


@pytest.mark.parametrize(("kind", "symbol", "calm", "abnormal"), EDGES, ids=[f"{row[0]} {row[1]}" for row in EDGES])
def test_a_breaker_opens_past_its_limit_and_not_before(kind: str, symbol: str, calm: Any, abnormal: Any) -> None:
    assert found(**calm) == []
    assert found(**abnormal) == [(kind, symbol)]


def test_every_kind_stands_in_the_edges() -> None:
    assert {row[0] for row in EDGES} == set(KINDS)
    assert all(kind.limit in BY_NAME for kind in KINDS.values())


def test_a_few_rejected_orders_are_no_rate() -> None:
    assert found(orders_closed=9, orders_rejected=9) == []


def test_a_better_price_than_decided_is_no_slip() -> None:
    assert found(slips=slip("-0.5")) == []


def test_nothing_known_opens_nothing() -> None:
    assert found() == []


def test_drawdown_is_the_fraction_lost_and_never_negative() -> None:
    # 9,500 of 10,000 is a loss of 500 ÷ 10,000 = 5 %
    assert drawdown(Decimal(9500), Decimal(10000)) == Decimal("0.05")
    assert drawdown(Decimal(10500), Decimal(10000)) == 0
    assert drawdown(Decimal(1), None) == 0


def test_a_spread_is_told_in_basis_points_of_the_middle() -> None:
    # (101 − 99) ÷ 100 = 2 % = 200 bps
    assert spread_bps(Decimal(99), Decimal(101)) == 200
    assert spread_bps(None, Decimal(101)) is None


def test_only_what_protects_less_counts_as_loosened() -> None:
    after = {limit.name: limit.default for limit in LIMITS}
    after |= {"max_exposure_pct": Decimal("0.6"), "max_position_pct": Decimal("0.05"), "good_data_s": Decimal(10)}

    assert loosened(USUAL, after) == ["good_data_s", "max_exposure_pct"]


def test_a_move_is_measured_against_every_price_of_the_last_minute() -> None:
    moves = MinuteMoves()

    for second, price in enumerate(["100", "104", "101"]):
        moves.record("AAAUSDT", 1000.0 + second * 10, Decimal(price))

    # from 104 to 101 is −2.88 %, from 100 to 101 only +1 %
    assert round(moves.moves()["AAAUSDT"], 4) == Decimal("-0.0288")


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    moves = MinuteMoves()

    moves.record("AAAUSDT", 1000.0, Decimal(100))
    moves.record("AAAUSDT", 1061.0, Decimal(200))

    assert moves.moves()["AAAUSDT"] == 0


def test_time_that_goes_back_is_another_market() -> None:
    moves = MinuteMoves()

    moves.record("AAAUSDT", 5000.0, Decimal(100))
    moves.record("AAAUSDT", 1000.0, Decimal(1))

    assert moves.moves()["AAAUSDT"] == 0


def test_one_thread_records_while_another_one_reads() -> None:
    moves, failed, ended = MinuteMoves(), [], threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                moves.moves()
            except RuntimeError as problem:
                failed.append(problem)

    switched_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    reading = threading.Thread(target=read)
    reading.start()
    for second in range(3000):
        moves.record(f"S{second % 300}USDT", 1000.0 + second, Decimal(100 + second % 7))
    ended.set()
    reading.join()
    sys.setswitchinterval(switched_s)

    assert failed == []


STEPS_S = st.sampled_from([-5.0, 0.0, 0.1, 0.5, 0.9, 1.0, 1.5, 5.0, 30.0, 61.0])


class WholeMinute:
    """All samples of a symbol's minute, looked through each time: slow, and plainly what is meant."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, Decimal]] = []

    def record(self, market_s: float, mid: Decimal) -> None:
        if self.samples and market_s < self.samples[-1][0]:
            self.samples = []
        if len(self.samples) > 1 and market_s - self.samples[-1][0] < 1:
            self.samples[-1] = (self.samples[-1][0], mid)
        else:
            self.samples.append((market_s, mid))
        self.samples = [(at_s, kept) for at_s, kept in self.samples if at_s >= market_s - 60]

    def move(self) -> Decimal:
        newest, mids = self.samples[-1][1], [mid for _, mid in self.samples]
        up, down = newest / min(mids) - 1, newest / max(mids) - 1
        return up if up >= -down else down


@given(st.lists(st.tuples(STEPS_S, st.integers(90, 110), st.booleans()), min_size=1, max_size=150))
def test_moves_are_those_of_the_whole_minute(steps: list[tuple[float, int, bool]]) -> None:
    moves, whole, market_s = MinuteMoves(), WholeMinute(), 1000.0
    for step_s, price, looked in steps:
        market_s += step_s
        moves.record("AAAUSDT", market_s, Decimal(price))
        whole.record(market_s, Decimal(price))
        if looked:
            assert moves.moves()["AAAUSDT"] == whole.move()
    assert moves.moves()["AAAUSDT"] == whole.move()


def test_memory_of_moves_is_a_minute_of_seconds() -> None:
    moves = MinuteMoves()
    for tenth in range(3000):
        moves.record("AAAUSDT", 1000.0 + tenth / 10, Decimal(10**6 + tenth))
    minute = moves._minutes["AAAUSDT"]

    assert len(minute._lows) <= 61
    assert len(minute._highs) <= 61
