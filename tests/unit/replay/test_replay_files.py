"""`manage.py replay --files`: a whole replay without a database, repeated from its manifest, and what differs then."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command

FIRST_S = 1_767_225_600
# A rise through +1 % in 5 minutes, a fall through 0 after it, and once more.
CLOSES = (
    [100.0] * 10 + [101.5, 102, 103, 103, 103, 102, 101, 100, 99] + [99.0] * 10 + [100.5, 101, 99, 98] + [98.0] * 10
)
PLAY = ("--set", "MIN_VOLUME=0", "LOOKBACK_MINUTES=5", "--spread-bps", "0", "--symbols", "BTCUSDT")


class Said(NamedTuple):
    out: str
    refused: str

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.out.splitlines()[-1]))


def run(*words: object) -> Said:
    out, refused = io.StringIO(), ""
    try:
        call_command("replay", *map(str, words), stdout=out, stderr=io.StringIO())
    except CommandError as problem:
        refused = str(problem)
    return Said(out.getvalue(), refused)


def write(folder: Path, closes: list[float], symbol: str = "BTCUSDT") -> Path:
    folder.mkdir(exist_ok=True)
    lines = [f"{FIRST_S + 60 * minute},{close},{close},{close},{close},5000\n" for minute, close in enumerate(closes)]
    (folder / f"{symbol}-1m.csv").write_text("".join(lines))
    return folder


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    return write(tmp_path / "candles", CLOSES)


def test_a_rise_is_bought_its_fall_sold_and_all_is_told(candles: Path) -> None:
    said = run("--files", candles, *PLAY)

    assert (said.refused, said.told["trips"], said.told["decisions"]) == ("", 2, 4)
    assert said.told["candles"] == len(CLOSES)
    assert (said.told["from"], said.told["universe"]) == ("2026-01-01T00:00:00.000000Z", "GIVEN")
    assert "decided at the close of each candle as one batch, SELLs first; filled at that close." in said.out
    assert "43 candles" in said.out


def test_trips_go_into_a_table_with_the_prices_of_their_fills(candles: Path, tmp_path: Path) -> None:
    run("--files", candles, *PLAY, "--export", tmp_path / "out")

    header, first, _second = (tmp_path / "out" / "trips.csv").read_text().splitlines()
    assert header == "pair,entry_ts,entry_price,exit_ts,exit_price,reason"
    pair, entered, entry, left, leaving, reason = first.split(",")
    # Bought at the close of the candle of 00:10, a little above 101.5 for what it takes of the depth.
    assert (pair, entered, left, reason) == ("BTCUSDT", "2026-01-01T00:11:00Z", "2026-01-01T00:17:00Z", "SIGNAL")
    assert 101.5 <= float(entry) <= 101.6
    assert 100.8 <= float(leaving) <= 101


def test_a_manifest_repeats_it(candles: Path, tmp_path: Path) -> None:
    first = run("--files", candles, *PLAY, "--limit", "STOP_LOSS_PCT=0.01", "--export", tmp_path / "out")

    again = run("--manifest", tmp_path / "out" / "manifest.json")

    assert (again.refused, again.told["repeated"]) == ("", True)
    assert again.told["trade_hash"] == first.told["trade_hash"]
    assert "differs" not in again.out


def test_other_candles_are_named_when_it_is_repeated(candles: Path, tmp_path: Path) -> None:
    run("--files", candles, *PLAY, "--export", tmp_path / "out")
    write(candles, [*CLOSES[:10], 101.6, *CLOSES[11:]])

    again = run("--manifest", tmp_path / "out" / "manifest.json")

    assert "It does not come out as it did" in again.refused
    assert again.told["repeated"] is False
    assert "differs: data_hash" in again.out
    assert "differs: brought.equity" in again.out


def test_an_altered_trade_hash_is_found(candles: Path, tmp_path: Path) -> None:
    run("--files", candles, *PLAY, "--export", tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    told = json.loads(path.read_text())
    told["brought"]["trade_hash"] = "0" * 32
    path.write_text(json.dumps(told))

    again = run("--manifest", path)

    assert [line for line in again.out.splitlines() if line.startswith("differs")] == [
        f"differs: brought.trade_hash: {'0' * 32}, now {again.told['trade_hash']}"
    ]
    assert again.refused


def test_a_repetition_takes_nothing_else(candles: Path, tmp_path: Path) -> None:
    run("--files", candles, *PLAY, "--export", tmp_path / "out")

    said = run("--manifest", tmp_path / "out" / "manifest.json", "--from", "2026-01-01", "--set", "TOP_N=3")

    assert said.refused == "--manifest: its file says what is played and how; leave out --from, --set."


@pytest.mark.parametrize(("words", "told"), [
    (("--set", "THRESHHOLD=0.1"), "--set: THRESHHOLD is no parameter of the strategy; there are THRESHOLD"),
    (("--limit", "WRONG=1"), "--limit: WRONG is no limit; there are MAX_"),
    (("--from", "2026-02-01", "--to", "2026-01-01"), "at 2026-01-02 00:00 UTC: they are turned round. The earlier one"),
    (("--from", "2026-01-01T00:05Z", "--to", "2026-01-01T00:05Z"), "--from, --to: it would begin at 2026-01-01 00:05"),
    (("--set", "STOP_LOSS_PCT=0.1"), "--set: STOP_LOSS_PCT is a limit; see --limit"),
    (("--limit", "TOP_N=3"), "--limit: TOP_N is no limit; see --set"),
    (("--set", "TOP_N"), "--set: TOP_N is not of the form NAME=VALUE"),
    (("--limit", "STOP_LOSS_PCT=2"), "--limit: STOP_LOSS_PCT=2"),
    (("--set", "EXIT=0.02"), "must lie below SIGNAL_THRESHOLD_PCT"),
    (("--fill", "later"), "--fill: 'later' is none of close|open"),
    (("--after-halt", "0"), "--after-halt: 0 must be next-day, never, or minutes of 1 or more"),
    (("--from", "yesterday"), "'yesterday' is no time; write 2026-01-31"),
    (("--spread-bps", "x"), "--spread-bps: 'x' is no number"),
    (("--spread-bps", "20000"), "spread_bps: 20000 must be from 0"),
    (("--cash", "0"), "--cash: 0 must be above 0"),
    (("--cash", "1e30"), "--cash: 1e30 must be above 0 and at most 1,000,000,000,000"),
    (("--to", "9999-12-31"), "--to: '9999-12-31' is the calendar's last day; leave --to out"),
    (("--symbols", ""), "--symbols: names none; leave it out for the universe as it was"),
    (("--set", "TOP_N=3", "TOP_N=4"), "--set: TOP_N is named twice"),
    (("--export", ""), "--export: it is empty; write . for this folder"),
    (("--export", "/dev/null"), "--export: /dev/null cannot be written (File exists); choose another folder"),
    (("--interval", "5m"), "holds candles of 1m, none of 5m"),
    (("--from", "2027-01-01"), "Look at --from and --to"),
    (("--manifest", "/no/such/file"), "/no/such/file: cannot be read"),
])  # fmt: skip
def test_what_cannot_be_played_names_the_field_and_the_remedy(words: tuple[str, ...], told: str, candles: Path) -> None:
    symbols = () if "--symbols" in words else ("--symbols", "BTCUSDT")
    given = words if "--manifest" in words else ("--files", candles, *symbols, *words)

    assert told in run(*given).refused


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_played(candles: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    said = run("--files", candles, *PLAY, "--export", tmp_path / "taken")

    assert "--export: " in said.refused
    assert said.out == ""


def test_one_close_alone_is_told_with_what_it_cost(candles: Path) -> None:
    said = run("--files", candles, *PLAY, "--from", "2026-01-01T00:10Z", "--to", "2026-01-01T00:11Z")

    assert said.told["candles"] == 1
    assert said.told["decisions"] == 1
    assert said.out.startswith("One close was played; 100,000.00 → 99,9")


def test_a_day_of_to_is_played_to_its_end(tmp_path: Path) -> None:
    folder = write(tmp_path / "long", [100.0] * 4000)

    said = run("--files", folder, *PLAY, "--from", "2026-01-02", "--to", "2026-01-02")

    assert (said.told["from"][:10], said.told["to"]) == ("2026-01-02", "2026-01-03T00:00:00.000000Z")
    assert said.told["candles"] == 1440


def test_what_comes_before_the_first_day_only_warms_up(tmp_path: Path) -> None:
    # A rise at 23:57 of the day before is not bought; the lookback across midnight is known.
    rise = [100.0] * 1437 + [102.0] * 3 + [102.0] * 5 + [105.0] * 10 + [99.0] * 5
    said = run("--files", write(tmp_path / "long", rise), *PLAY, "--from", "2026-01-02")

    assert (said.told["trips"], said.told["decisions"]) == (1, 2)
    assert said.told["universe_held"] == pytest.approx(99 / 102 - 1)


def test_garbage_to_come_changes_nothing(candles: Path) -> None:
    said = run("--files", candles, *PLAY[:-2], "--check-lookahead", "--seed", "7")

    assert (said.refused, said.told) == ("", {"cuts": 20, "seed": 7, "lookahead": 0})


def test_peers_play_by_their_rule(candles: Path, tmp_path: Path) -> None:
    said = run("--files", candles, *PLAY, "--rule", "peers", "--export", tmp_path / "out")

    assert "the stop looks at closes, first" in said.out
    rows = (tmp_path / "out" / "trips.csv").read_text().splitlines()[1:]
    # By peers' custom a time is when the candle opened.
    assert rows[0] == "BTCUSDT,2026-01-01T00:10:00Z,101.5,2026-01-01T00:16:00Z,101,SIGNAL"
    assert said.told["trips"] == len(rows)


def test_prices_in_two_assets_make_no_account(candles: Path) -> None:
    write(candles, CLOSES, "ADABTC")

    assert "prices in BTC and USDT make no one account" in run("--files", candles).refused


def test_garbage_changes_nothing_before_it_where_a_day_warms_up(tmp_path: Path) -> None:
    folder = write(tmp_path / "long", [100.0] * 1440 + CLOSES)

    said = run("--files", folder, *PLAY[:-2], "--from", "2026-01-02", "--check-lookahead")

    assert (said.refused, said.told["lookahead"]) == ("", 0)
