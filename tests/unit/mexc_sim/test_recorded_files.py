"""Recordings are read as imports are: the same formats, units and times, and one bad row ends it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from mexc_sim.market.exchange import Exchange
from mexc_sim.market.recorded import RecordedMarket, RecordingProblem, open_recordings

SAMPLES = Path(__file__).parent / "samples"
NOW_S = 1_795_332_000
FIRST_S = 1_774_569_600
HEAD = "open_time,open,high,low,close,volume\n"


def played(folder: Path, interval: str = "60m") -> RecordedMarket:
    return open_recordings(folder, quote_asset="USDT", interval=interval, now_s=NOW_S, history_s=86400)[0]


def first_row(market: RecordedMarket, symbol: str) -> list[str]:
    """Open, high, low, close, volume and quote volume of the symbol's first candle, as REST tells them."""
    length_s, first_s = market.interval_s, market.span.first_s
    row = Exchange(market).klines(symbol, length_s, first_s, first_s, first_s + length_s)[0]
    return [*row[1:6], row[7]]


@pytest.fixture
def far_from_utc() -> Iterator[None]:
    """The process' own time zone is not UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.mark.parametrize(
    ("symbol", "row"),
    [
        ("AAAUSDT", ["25", "25.025", "24.8441", "24.869", "7176.92"]),
        ("BBBUSDT", ["3", "3.0177", "2.997", "3.0147", "8346.79"]),
    ],
)
def test_what_the_exporter_wrote_plays_in_the_same_units(symbol: str, row: list[str]) -> None:
    told = first_row(played(SAMPLES / "rec_z"), symbol)

    assert [Decimal(number) for number in told[:4]] == [Decimal(number) for number in row[:4]]
    assert float(told[4]) == pytest.approx(float(row[4]), rel=0.001)
    assert float(told[5]) == pytest.approx(float(row[4]) * float(row[3]), rel=0.01)


def test_times_without_a_zone_are_utc_wherever_the_machine_is(far_from_utc: None) -> None:
    naive, stated = played(SAMPLES / "rec_naive"), played(SAMPLES / "rec_z")

    assert naive.span == stated.span
    assert naive.span.original_from == "2026-03-27T00:00:00+00:00"


def test_times_in_milliseconds_behind_a_byte_order_mark_are_read() -> None:
    market = played(SAMPLES / "rec_ms", "1m")

    assert market.span.first_s - market.shift_s == FIRST_S


def test_other_names_and_packings_are_played_too(tmp_path: Path) -> None:
    (tmp_path / "CCC_USDT-1h.json").write_text(f"[[{FIRST_S}000, 2, 2, 1, 1, 8], [{FIRST_S + 3600}000, 1, 2, 1, 2, 8]]")

    assert [listing.symbol for listing in played(tmp_path).listings] == ["CCCUSDT"]


def test_a_volume_that_no_market_trades_is_in_dollars_and_that_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{FIRST_S + 60 * minute},46000,46000,46000,46000,2300000\n" for minute in range(3))
    (tmp_path / "BTCUSDT-1m.csv").write_text(HEAD + rows)

    market, notes = open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=60)

    assert float(first_row(market, "BTCUSDT")[4]) == pytest.approx(50, rel=0.01)
    assert notes == ["BTCUSDT: its volume is in USDT; as base units 2e+14 would be traded a day"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1774569600,1,1,1,1,1\n1774569600,1,1,1,1,1\n", "line 3: .*not after the one before"),
        ("1774569600,1,1,1,1,1\n1774569630,1,1,1,1,1\n", "line 3: .*no 1m candle opens then"),
        ("1774569600,1,1,1,1,1\nsoon,1,1,1,1,1\n", "line 3: open_time: 'soon'"),
        ("1774569600,1,1,1,1,1\n", "fewer than two candles"),
        ("1774569600,1,1,1,1," + "1" * 600 + "\n", "line 2: .*at most 512 characters"),
    ],
)
def test_one_row_that_cannot_be_used_ends_it_by_name(tmp_path: Path, rows: str, told: str) -> None:
    (tmp_path / "AAAUSDT-1m.csv").write_text(HEAD + rows)

    with pytest.raises(RecordingProblem, match=f"SIM_DATA: AAAUSDT-1m.csv.*{told}"):
        played(tmp_path, "1m")
