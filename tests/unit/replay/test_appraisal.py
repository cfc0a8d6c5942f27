"""The strategy on the synthetic market's candles, seed by seed, and the report of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from cdb_site.env import Environment
from execution.rules.fill_model import Execution
from mexc_sim.market.exchange import Exchange, candle_texts
from mexc_sim.market.synthetic import SyntheticMarket
from replay.appraisal import NO_EVIDENCE, START_S, SeedOutcome, outcome_of, played_with, recorded, report, spread_paid
from replay.rules.outcome import ReplayDecision
from risk.rules.decide import Ruling
from tests.builders import make_inputs


def environment() -> Environment:
    return Environment(ENV="demo")


@cache
def played(seed: int, hours: int = 2) -> SeedOutcome:
    return outcome_of(environment(), hours, seed)


def test_the_candles_are_those_that_the_exchange_tells() -> None:
    market = SyntheticMarket(seed=1)
    exchange, listed = Exchange(market), [item for item in market.listings if item.tradable][:3]
    candles = recorded(exchange, listed, played_with(environment(), listed), 1, 2)

    grid, told = candles.grid, {item.symbol: item for item in listed}
    assert grid.opens_s(candles.warm_up) == START_S
    assert grid.closes_s(grid.periods - 1) == START_S + 3600
    window = exchange.window(START_S, 60, START_S + 60)
    for row, symbol in enumerate(grid.symbols):
        texts = candle_texts(told[symbol], window, exchange.rows[symbol], 0)
        close = Decimal(int(grid.close[row, candles.warm_up])).scaleb(-grid.price_places[row])
        volume = Decimal(int(grid.quote_volume[row, candles.warm_up])).scaleb(-grid.volume_places[row])
        assert (close, volume) == (Decimal(texts[3]), Decimal(texts[5]))


def test_of_the_market_the_most_liquid_are_chosen() -> None:
    market = SyntheticMarket(seed=1)
    listed = [item for item in market.listings if item.tradable][:5]
    candles = recorded(Exchange(market), listed, played_with(environment(), listed), 1, 2)

    assert candles.universe is not None
    assert set(np.unique(candles.universe[:, candles.warm_up :].sum(axis=0))) == {2}


def test_a_seed_trades_pays_and_stops() -> None:
    found = played(1)

    assert found.entries > 0 and found.stops > 0
    assert found.fees > 0 and found.spread > 0
    assert -0.5 < found.net < 0.5


def test_the_same_seed_comes_to_the_same() -> None:
    assert outcome_of(environment(), 2, 1) == played(1)


def test_stricter_limits_are_heard() -> None:
    strict = replace(environment(), MAX_EXPOSURE_PCT=Decimal("0.04"))

    found = outcome_of(strict, 1, 1)

    assert (found.entries, found.net) == (0, 0.0)
    assert found.blocks > 0


def test_what_fills_cost_is_told_against_the_middle() -> None:
    # A spread of 20 bps: a bid of 99.90 stands 10 bps below 100; 2 bought at 100.10 cost 0.10 each.
    fills = (Execution(price=Decimal("100.10"), quantity=Decimal(2), fee=Decimal(0)),)
    seen = make_inputs(bid="99.90")
    decision = ReplayDecision(
        number=1, at_s=0, seen=seen, ruling=Ruling(outcome="APPROVED", reason_code=""), executions=fills
    )

    assert spread_paid(decision, Decimal(20)) == Decimal("0.20")


def test_the_report_gives_the_median_and_ends_with_what_it_is_worth() -> None:
    outcomes = [
        SeedOutcome(seed=seed, net=net, fees=0.01, spread=0.002, entries=5, trims=1, blocks=2, stops=1)
        for seed, net in enumerate((-0.03, -0.01, 0.02), 1)
    ]

    lines = report(outcomes, environment(), 12)

    assert "median -1.00%" in lines[2]
    assert "2 of 3" in lines[3]
    assert lines[-1] == NO_EVIDENCE


def test_describe_prints_parameters_and_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mexc_sim.market.facts.SEEDS", (1,))
    out = StringIO()

    call_command("run_mexc_sim", "--describe", stdout=out)

    assert "own_height=" in out.getvalue() and "kurtosis" in out.getvalue()


def test_the_strategy_is_appraised_seed_by_seed() -> None:
    out, err = StringIO(), StringIO()

    call_command("appraise_strategy", "--seeds", "1", "--hours", "1", stdout=out, stderr=err)

    assert "median" in out.getvalue()
    assert out.getvalue().rstrip().endswith(NO_EVIDENCE)
    assert "seed 1 of 1" in err.getvalue()


@pytest.mark.parametrize("command", [("run_mexc_sim", "--describe"), ("appraise_strategy",)])
def test_an_unknown_quote_asset_is_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="QUOTE_ASSET"):
        call_command(*command, "--quote-asset", "NOPE", stdout=StringIO())


def test_an_appraisal_of_no_seeds_is_refused() -> None:
    with pytest.raises(CommandError, match="--seeds"):
        call_command("appraise_strategy", "--seeds", "0", stdout=StringIO())
