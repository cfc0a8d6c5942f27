"""What the bench makes of its runs: figures of a filled load, null and a sentence for everything else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench
from benchmarks.signal_load import HOLD_S, REST_S, stepping, symbols_for
from proofs.rig.program import ProgramResult
from proofs.rig.waiting import Unmet


def make_run(rate: int = 20, *, filled: int = 100, late_s: float | None = 0.05) -> dict[str, Any]:
    return {
        "rate": rate,
        "sent": 100,
        "filled": filled,
        "filled_per_s": filled / 100 * rate,
        "late_s": late_s,
        "cpu_us": 900.0,
        "wal_kb": 11.0,
        "reasons": {"TRADING_REDUCING": 60, "SIGNAL_APPROVED": 40},
        "to_fill_ms": {"p50": 10.0, "p99": 20.0},
        "to_browser_ms": {"p50": 12.0, "p99": 22.0},
        "floor_ms": 5.0,
    }


def options(*arguments: str) -> argparse.Namespace:
    return bench._options(arguments)


def search(held_up_to: int) -> tuple[dict[str, Any], ProgramResult, list[int]]:
    """The sustained figures of a system that fills everything up to a rate, and that many a second beyond it."""
    told, asked = ProgramResult(), []

    def run_once(_: ProgramResult, *arguments: str) -> dict[str, Any]:
        rate = int(arguments[arguments.index("--rate") + 1])
        asked.append(rate)
        held = rate <= held_up_to
        return make_run(rate, late_s=0.05 if held else 4.0) | {"filled_per_s": float(min(rate, held_up_to))}

    return bench.sustained(options(), told, run_once), told, asked


def test_a_run_whose_signals_were_filled_is_accepted() -> None:
    told = ProgramResult()

    assert bench.accepted(make_run(filled=99), 0.99, told)
    assert told.failures == []


def test_a_run_that_filled_too_little_is_refused_with_its_reasons() -> None:
    told = ProgramResult()

    accepted = bench.accepted(make_run(filled=40), 0.99, told)

    assert not accepted
    assert told.failures == [
        "40 of 100 signals were filled at 20/s, 99% are needed; decisions: 60 TRADING_REDUCING, 40 SIGNAL_APPROVED"
    ]


def test_a_refused_rate_is_null_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"20": make_run(20), "50": make_run(50, filled=3)}
    monkeypatch.setattr(bench, "run_part", lambda told, module, kind, flag, rate, *rest: runs[rate])
    told = ProgramResult()

    figures = bench._latencies(options("--rates", "20,50"), told, "together")

    assert figures["tick_to_fill_ms"] == {"20": {"p50": 10.0, "p99": 20.0}, "50": None}
    assert figures["signals_filled_share"] == {"20": 1.0, "50": 0.03}
    assert (figures["cpu_us"], figures["wal_kb"]) == ({"20": 900.0, "50": None}, {"20": 11.0, "50": None})
    assert len(told.failures) == 1


def test_a_run_that_never_came_to_its_load_has_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "run_part", lambda *_: {})

    figures = bench._latencies(options("--rates", "20"), ProgramResult(), "together")

    assert figures["floor_ms"] is None
    assert figures["tick_to_fill_ms"] == {"20": None}


def test_the_search_goes_up_while_a_rate_is_held() -> None:
    figures, told, asked = search(held_up_to=1300)

    assert asked == [1000, 1250, 1562]
    assert (figures["signals_per_s_sustained"], told.failures) == (1250, [])


def test_the_search_goes_down_to_what_was_reached_and_up_again_from_there() -> None:
    figures, told, asked = search(held_up_to=300)

    assert asked == [1000, 270, 337]
    assert (figures["signals_per_s_sustained"], told.failures) == (270, [])


def test_the_search_asks_for_no_rate_that_lies_beyond_one_that_was_not_held() -> None:
    figures, _, asked = search(held_up_to=900)

    assert asked == [1000, 800]
    assert figures["signals_per_s_sustained"] == 800


def test_no_rate_held_is_a_failure() -> None:
    figures, told, asked = search(held_up_to=0)

    assert figures["signals_per_s_sustained"] is None
    assert len(told.failures) == 1
    assert told.failures[0].startswith(
        "no sustained rate was held, 0.2 s late at most; tried 1000/s (100% filled, 4.0 s"
    )
    assert told.failures[0].count("filled") == len(asked)


@pytest.mark.parametrize("rate", [20, 200, 1000, 1600])
def test_no_symbol_steps_again_before_it_has_rested(rate: int) -> None:
    period_s, hold = 0.1, round(HOLD_S / 0.1)
    symbols = [str(number) for number in range(symbols_for(rate))]
    steps, down_at = stepping(symbols, rate * period_s / 2, hold), {}

    for number in range(200):
        up, down = next(steps)
        for symbol in up:
            assert number - down_at.get(symbol, -100) >= round(REST_S / period_s) - 1
        down_at |= dict.fromkeys(down, number)


def test_quick_is_one_short_rate_that_a_busy_machine_can_keep() -> None:
    chosen = options("--quick")

    assert (chosen.only, chosen.rates, chosen.seconds, chosen.skip_sustained) == (["signals"], [20], 20.0, True)
    assert chosen.filled_least == 0.90


def test_a_part_that_fails_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> dict[str, Any]:
        raise Unmet("the flood dried up")

    monkeypatch.setitem(bench.PARTS, "ws", fails)
    monkeypatch.setitem(bench.PARTS, "candles", lambda *_: {"candles_upserted_per_s": 7})

    code = bench.main(["--only", "ws,candles"])

    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == 1
    assert {target["value"] for target in line.pop("figures").values()} == {None}
    assert line == {"candles_upserted_per_s": 7, "failed": ["ws: the flood dried up"]}


def test_a_base_is_timed_at_the_rates_that_were_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bench.py").touch()
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(bench, "versus", lambda *given: asked.append(given[:4]) or {"versus_base": {}})
    monkeypatch.setitem(bench.PARTS, "candles", lambda *_: {})

    bench.main(["--only", "candles", "--base", str(tmp_path), "--rates", "50", "--seconds", "7", "--base-rounds", "3"])

    assert asked == [(tmp_path, [50], 7.0, 3)]


def test_a_base_must_be_a_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options("--base", str(tmp_path))

    assert "is no checkout" in capsys.readouterr().err
