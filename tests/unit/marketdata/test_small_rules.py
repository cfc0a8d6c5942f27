"""Small rules of the market side: the universe, ticks, gaps, the exchange's clock."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cdb_site.clock import ANCHOR_LIFETIME_S
from cdb_site.env import Environment
from cdb_site.units import plain
from marketdata.mexc.rest import CandleRow, ServerTime, closed_only
from marketdata.screeners.rest.anchoring import Anchoring, WrongMarket
from marketdata.ticks import grid_text, snap
from marketdata.universe.rules import UniverseProblem, choose
from mexc_sim.market.market_clock import MarketClock, PromisedMarket
from tests.clocks import SteppedWallClock

OFFERED = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
TURNOVER = {"BTCUSDT": Decimal(3), "ETHUSDT": Decimal(1), "SOLUSDT": Decimal(2)}


def market(*, seed: int = 1, rate: float = 10.0) -> PromisedMarket:
    return PromisedMarket(source="synthetic", seed=seed, rate=rate, quote_asset="USDT", interval="1m")


def test_the_most_liquid_instruments_are_watched() -> None:
    symbols = choose(offered=OFFERED, turnover=TURNOVER, whitelist=(), size=2, quote_asset="USDT")

    assert symbols == ["BTCUSDT", "SOLUSDT"]


def test_a_whitelist_overrules_liquidity() -> None:
    assert choose(offered=OFFERED, turnover={}, whitelist=("ETHUSDT",), size=1, quote_asset="USDT") == ["ETHUSDT"]


def test_a_misspelled_whitelist_symbol_names_its_near_misses() -> None:
    with pytest.raises(UniverseProblem, match="SYMBOL_WHITELIST: BTCUST .*did you mean BTCUSDT"):
        choose(offered=OFFERED, turnover={}, whitelist=("BTCUST",), size=1, quote_asset="USDT")


def test_a_noisy_price_is_snapped_to_the_tick() -> None:
    assert snap(Decimal("6.089000000000001E-5"), Decimal("1E-8")) == Decimal("0.00006089")


@pytest.mark.parametrize(
    ("value", "text"), [("84270.00", "84270"), ("1E+3", "1000"), ("0.00006089", "0.00006089"), ("0", "0")]
)
def test_decimals_are_written_plainly(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_whole_ticks_are_written_as_prices() -> None:
    assert [grid_text(8427001, 2), grid_text(8427000, 2), grid_text(5, 4), grid_text(-671, 2)] == [
        "84270.01",
        "84270",
        "0.0005",
        "-6.71",
    ]


def test_a_candle_whose_close_time_lies_ahead_is_not_closed() -> None:
    row = CandleRow("BTCUSDT", 60, 120, *[Decimal(1)] * 6)

    assert closed_only([row], 119.9) == []
    assert closed_only([row], 120.0) == [row]


def test_market_time_runs_at_the_rate(tmp_path: Path) -> None:
    wall = SteppedWallClock(1000.0)
    clock = MarketClock(market=market(), path=tmp_path / "clock.json", clock=wall)

    wall.now += 2

    assert clock.now_s() == 1020.0


@pytest.mark.parametrize("step_s", [-10.0, 10.0])
def test_a_simulated_market_runs_on_whatever_the_wall_clock_is_set_to(tmp_path: Path, step_s: float) -> None:
    wall = SteppedWallClock(1000.0)
    clock = MarketClock(market=market(), path=tmp_path / "clock.json", clock=wall)

    wall.now += 2
    wall.stepped_s = step_s

    assert clock.now_s() == 1020.0


def test_market_time_goes_on_after_a_restart_and_never_back(tmp_path: Path) -> None:
    wall = SteppedWallClock(1000.0)
    before = MarketClock(market=market(), path=tmp_path / "clock.json", clock=wall)
    wall.now += 60
    before.promise()
    followers_latest = before.now_s() + ANCHOR_LIFETIME_S * 10
    wall.now += 86400

    after = MarketClock(market=market(), path=tmp_path / "clock.json", clock=wall)

    assert after.continued
    assert after.now_s() == followers_latest


def test_another_seed_is_another_market_but_time_does_not_go_back(tmp_path: Path) -> None:
    wall = SteppedWallClock(1000.0)
    before = MarketClock(market=market(seed=1), path=tmp_path / "clock.json", clock=wall)
    wall.now += 60
    before.promise()

    after = MarketClock(market=market(seed=2), path=tmp_path / "clock.json", clock=wall)

    assert not after.continued
    assert after.now_s() >= before.now_s()


def test_an_unreadable_promise_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text("{broken")

    clock = MarketClock(market=market(), path=tmp_path / "clock.json", clock=SteppedWallClock(1000.0))

    assert clock.now_s() == 1000.0


def test_the_offset_comes_from_the_fastest_answer() -> None:
    anchoring = Anchoring(Environment())
    anchoring.measured(ServerTime(105.05, None), 100.0, 100.1)

    anchor = anchoring.measured(ServerTime(208.0, None), 200.0, 204.0)

    assert anchor.market_at(204.0) == pytest.approx(209.0)
    assert not anchor.simulated


def test_a_simulated_feed_is_refused_where_the_real_one_is_configured() -> None:
    told = ServerTime(1.0, {"rate": 1, "wall_s": 1.0, "market_s": 1.0, "label": "x"})

    with pytest.raises(WrongMarket, match="MARKET=MEXC"):
        Anchoring(Environment(MARKET="MEXC")).measured(told, 0.0, 0.0)


def test_production_refuses_a_rate_other_than_one() -> None:
    told = ServerTime(1.0, {"rate": 10, "wall_s": 1.0, "market_s": 1.0, "label": "x"})

    with pytest.raises(WrongMarket, match="ENV=prod refuses rate 10"):
        Anchoring(Environment(MARKET="SIMULATED", ENV="prod")).measured(told, 0.0, 0.0)
