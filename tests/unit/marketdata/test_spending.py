"""What a process may ask of the exchange in a window, and what each request weighs."""

from __future__ import annotations

from marketdata.mexc import limiter
from marketdata.mexc.spending import SLACK_MS, Spending
from mexc_sim.server.weights import WEIGHTS, RequestLimits
from tests.clocks import MonotonicClock


def test_the_limiter_weighs_as_the_exchange_does() -> None:
    public = {endpoint: weight for endpoint, weight in limiter.WEIGHTS.items() if endpoint.startswith("/")}
    ours = {endpoint: weight for endpoint, weight in public.items() if weight > 1}

    assert ours == WEIGHTS
    assert (RequestLimits().address, RequestLimits().window_s * 1000) == (limiter.LIMIT, limiter.WINDOW_MS)


def test_no_ten_seconds_hold_more_than_the_limit_when_a_process_is_alone() -> None:
    clock = MonotonicClock()
    spending = Spending(10_000, clock)
    passed: list[float] = []
    for _ in range(600):
        if spending.take(1, 100) == 0:
            passed.append(clock.now_s)
        clock.now_s += 0.05

    assert max(sum(1 for at in passed if begin <= at < begin + 10) for begin in passed) == 100
    assert len(passed) > 250


def test_who_must_wait_is_told_how_long() -> None:
    clock = MonotonicClock()
    spending = Spending(10_000, clock)
    spending.take(60, 100)
    clock.now_s += 4
    spending.take(40, 100)

    wait_ms = spending.take(50, 100)

    assert wait_ms == 6000 + SLACK_MS + 1
    clock.now_s += wait_ms / 1000
    assert spending.take(50, 100) == 0
