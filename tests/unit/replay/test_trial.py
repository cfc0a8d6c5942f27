"""The strategy played through a simulated market: the same decisions as live, books that add up, and the report."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cdb_site.clock import from_seconds
from cdb_site.env import Environment
from execution.rules.fill_model import Book, Rules
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.synthetic import SyntheticMarket
from replay.appraisal import NO_EVIDENCE, START_S, SeedOutcome, report
from replay.trial import NO_ID, Trial
from replay.trial_account import Tally, TrialAccount
from risk.decision.requests import Request

RULES = Rules(
    price_tick=Decimal("0.01"),
    quantity_step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(1),
    taker_fee=Decimal("0.001"),
)


def environment() -> Environment:
    return Environment(ENV="demo")


def book(bid: str, ask: str) -> Book:
    return Book(
        bid=Decimal(bid),
        ask=Decimal(ask),
        bid_quantity=Decimal(10_000),
        ask_quantity=Decimal(10_000),
        quote_volume_24h=Decimal(1_000_000_000),
    )


def account(*symbols: str) -> TrialAccount:
    return TrialAccount(environment(), dict.fromkeys(symbols, RULES))


def buy(symbol: str, strength: str = "1") -> Request:
    return asked(symbol=symbol, side="BUY", kind="SIGNAL", strength=Decimal(strength))


def asked(**values: Any) -> Request:
    return Request(decision_id=NO_ID, occurred_at=from_seconds(START_S), **values)


@cache
def played(seed: int) -> tuple[Trial, Tally]:
    trial = Trial(Exchange(SyntheticMarket(seed=seed)), environment(), START_S)
    return trial, trial.run(3600)


def test_an_entry_and_its_exit_cost_spread_and_fees() -> None:
    paper = account("ETHUSDT")
    quoted = {"ETHUSDT": book("99.90", "100.00")}

    paper.decide([buy("ETHUSDT")], quoted, 0.0)
    paper.decide([asked(symbol="ETHUSDT", side="SELL", kind="OPERATOR")], quoted, 1.0)

    # 100 bought at 100.00 and sold at 99.90: 10 lost, fees 10 + 9.99, half a spread of 0.05 paid twice
    assert paper.holdings == {}
    assert paper.cash == Decimal(100_000) - Decimal(10) - Decimal("19.99")
    assert paper.tally.fees == Decimal("19.99")
    assert paper.tally.spread_paid == Decimal(10)


def test_the_layers_trim_and_block_a_batch_in_order() -> None:
    symbols = [f"S{number}" for number in range(7)]
    paper = account(*symbols)
    quoted = {symbol: book("100.00", "100.00") for symbol in symbols}

    paper.decide([buy("S0", "0.6")], quoted, 60.0)
    paper.decide([buy("S0", "0.6"), *(buy(symbol) for symbol in symbols[1:])], quoted, 120.0)

    assert paper.tally.counts["POSITION_LIMIT_TRIMMED"] == 1
    assert paper.tally.counts["EXPOSURE_LIMIT_EXCEEDED"] == 3
    assert len(paper.holdings) == 4
    assert paper.tally.first_s["EXPOSURE_LIMIT_EXCEEDED"] == 120.0


def test_a_trial_ends_flat_and_its_books_add_up() -> None:
    trial, tally = played(1)

    assert trial.account.holdings == {}
    assert tally.net_pnl == trial.account.cash - trial.environment.STARTING_CASH
    assert tally.counts["SIGNAL_BUY"] > 0
    assert tally.fees > 0 and tally.spread_paid > 0


def test_stops_are_sold_between_the_closes_at_the_bid_that_reached_them() -> None:
    _, tally = played(1)

    assert tally.counts["STOP_SELL"] > 0
    assert tally.counts["STOP_APPROVED"] == tally.counts["STOP_SELL"]
    assert (tally.first_s["STOP_SELL"] - 2.0) % 60 != 0


def test_the_same_seed_comes_to_the_same_cent() -> None:
    _, before = played(1)

    again = Trial(Exchange(SyntheticMarket(seed=1)), environment(), START_S).run(3600)

    assert again == before


def test_stricter_limits_are_heard() -> None:
    strict = replace(environment(), MAX_EXPOSURE_PCT=Decimal("0.04"))

    tally = Trial(Exchange(SyntheticMarket(seed=1)), strict, START_S).run(1800)

    assert tally.counts["SIGNAL_APPROVED"] == 0
    assert tally.counts["EXPOSURE_LIMIT_EXCEEDED"] > 0


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
