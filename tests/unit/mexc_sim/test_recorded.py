"""Recorded candles as a market: what is played, what is left out, and when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mexc_sim.market.exchange import Exchange
from mexc_sim.market.recorded import RecordedMarket, RecordingProblem, inferred_places, open_recordings, rebase_shift_s
from mexc_sim.market.source import Candles, Listing
from mexc_sim.market.tape import Tape, candles_of
from mexc_sim.market.walk import deals_of

NOW_S = 1_795_332_000 + 1234
START_S = 1_795_332_000
LISTING = Listing(
    symbol="ETHUSDT",
    base_asset="ETH",
    quote_asset="USDT",
    price_places=2,
    quantity_places=3,
    quote_places=2,
    min_quantity="0.001",
    min_notional="1",
    spread_bps=30.0,
    top_quantity=50,
)
HEADER = "open_time,open,high,low,close,volume\n"


def write(folder: Path, name: str, rows: int = 2000) -> None:
    lines = []
    for index in range(rows):
        day, minute = divmod(index, 1440)
        lines.append(
            f"2020-01-{1 + day:02d}T{minute // 60:02d}:{minute % 60:02d}:00Z,100,{101 + index % 3},99,100.5,{index}.5\n"
        )
    (folder / name).write_text(HEADER + "".join(lines))


def test_files_of_another_interval_or_quote_asset_are_left_out_by_name(tmp_path: Path) -> None:
    for name in ("BTCUSDT-1m.csv", "ETHUSDT-5m.csv", "ADABTC-1m.csv"):
        write(tmp_path, name, rows=20)
    (tmp_path / "README.md").write_text("notes")

    market, left_out = open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=600)

    assert [listing.symbol for listing in market.listings] == ["BTCUSDT"]
    assert [sentence.split(":")[1].strip() for sentence in left_out] == ["ADABTC-1m.csv", "ETHUSDT-5m.csv", "README.md"]


def test_a_folder_without_a_matching_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv", rows=20)

    with pytest.raises(RecordingProblem, match="BTCUSDT-1m.csv.*QUOTE_ASSET and INTERVAL"):
        open_recordings(tmp_path, quote_asset="BTC", interval="5m", now_s=NOW_S, history_s=600)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT-1m.csv").write_text(HEADER + "2020-01-01T00:00:00Z,100,99,98,100,1\n")

    with pytest.raises(RecordingProblem, match=r"BTCUSDT-1m.csv line 2"):
        open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=600)


def test_the_recording_is_moved_by_whole_days_with_history_behind_now() -> None:
    first_s, end_s = 1_577_836_800, 1_577_836_800 + 20 * 86400

    shift_s = rebase_shift_s(first_s, end_s, NOW_S, history_s=20 * 3600)

    assert shift_s % 86400 == 0
    assert 20 * 3600 <= NOW_S - (first_s + shift_s) < 20 * 3600 + 86400
    assert end_s + shift_s > NOW_S


def test_prices_with_float_noise_are_snapped_to_the_tick(tmp_path: Path) -> None:
    rows = "".join(
        f"2020-01-01T00:0{index}:00Z,5.330000000000001e-05,5.34e-05,5.288000000000001e-05,5.2900000000000005e-05,9\n"
        for index in range(3)
    )
    (tmp_path / "ADABTC-1m.csv").write_text(HEADER + rows)

    market, _ = open_recordings(tmp_path, quote_asset="BTC", interval="1m", now_s=NOW_S, history_s=60)
    row = Exchange(market).klines("ADABTC", 60, market.span.first_s, market.span.first_s, market.span.first_s + 60)[0]

    assert row[1:5] == ["0.0000533", "0.0000534", "0.00005288", "0.0000529"]


def test_the_fewest_places_that_keep_all_prices_are_found() -> None:
    assert inferred_places(np.array([46319.0, 46377.5])) == 1
    assert inferred_places(np.array([0.09946999000000001])) == 8


def played(market: RecordedMarket, start_s: int, end_s: int) -> Candles:
    return Tape(market, ()).closed(start_s, end_s)


def test_the_forming_candle_walks_inside_the_recorded_one_and_ends_as_it(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv")
    market, _ = open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=600)
    start_s = NOW_S - NOW_S % 60
    whole = played(market, start_s, start_s + 60)

    states = [Tape(market, ()).forming(start_s + second) for second in (0.1, 20.0, 40.0, 59.999)]

    for state in states:
        assert whole.low[0, 0] <= state.low[0, 0] <= state.close[0, 0] <= state.high[0, 0] <= whole.high[0, 0]
    assert [int(column[0, 0]) for column in states[-1][1:]] == [int(column[0, 0]) for column in whole[1:]]


@given(
    candles=st.lists(
        st.tuples(*[st.integers(1, 400)] * 4, st.integers(0, 300)).map(
            lambda five: (*sorted(five[:4]), five[4]),
        ),
        min_size=1,
        max_size=6,
    ),
    rising=st.booleans(),
    interval=st.sampled_from([60, 300, 86400]),
)
def test_deals_make_exactly_the_recorded_candle(
    candles: list[tuple[int, int, int, int, int]], rising: bool, interval: int
) -> None:
    columns = np.array([(first, high, low, last, volume) for low, first, last, high, volume in candles]).T[:, None]
    columns = columns if rising else columns[[3, 1, 2, 0, 4]]
    opens = START_S // interval * interval + interval * np.arange(len(candles))
    slots = min(60, interval // 2)

    deals = deals_of(columns, opens, slots, interval, (LISTING,))
    made = candles_of(deals, opens, (LISTING,))

    assert np.array_equal(np.stack([made.open, made.high, made.low, made.close]), columns[:4])
    needed = [len({*four}) + (four[0] == four[3] and four[1] > four[2]) for four in columns[:4, 0].T.tolist()]
    assert np.array_equal(made.volume[0], np.maximum(columns[4, 0], needed))
    assert (deals.price[deals.buyer] > deals.spread[deals.buyer]).all()
    assert (np.diff(deals.at_ms[0]) > 0).all()


def test_the_nearer_extreme_is_walked_to_first() -> None:
    columns = np.array([[100], [104], [99], [102], [60]])[:, None]

    deals = deals_of(columns, np.array([START_S]), 30, 60, (LISTING,))

    assert int(deals.price[0].argmin()) < int(deals.price[0].argmax())


def test_a_gap_in_the_recording_stays_a_gap(tmp_path: Path) -> None:
    minutes = [0, 1, 2, 5, 6]
    rows = "".join(f"2020-01-01T00:0{minute}:00Z,100,101,99,100,5\n" for minute in minutes)
    (tmp_path / "ETHUSDT-1m.csv").write_text(HEADER + rows)
    market, _ = open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=60)
    first_s = market.span.first_s

    candles = Exchange(market).klines("ETHUSDT", 60, first_s - 600, first_s + 900, first_s + 900)

    assert [row[0] // 1000 - first_s for row in candles] == [minute * 60 for minute in minutes]
    assert [quote.symbol for quote in Exchange(market).quotes(first_s + 200)] == ["ETHUSDT"]


def test_after_the_end_of_the_recording_nothing_trades(tmp_path: Path) -> None:
    write(tmp_path, "BTCUSDT-1m.csv", rows=50)
    market, _ = open_recordings(tmp_path, quote_asset="USDT", interval="1m", now_s=NOW_S, history_s=600)
    assert market.span.end_s is not None

    candle = Tape(market, ()).forming(market.span.end_s + 10)

    assert candle.open[0, 0] == 0
    assert Exchange(market).deals("BTCUSDT", market.span.end_s, market.span.end_s + 60) == []
