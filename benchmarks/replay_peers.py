"""The peers' rule on five-minute candles, at +1 % over 15 candles and a stop of 2 %: how fast, and how exact.

The pairs of ../shared/data where that folder exists, else as many of a seeded market of that size. Candles are told
per second of one core's time, from candles in memory to round trips: as it runs here, as plain Python, and with every
event decided in Decimal. An oracle in fractions reads the same candles and a seeded market with holes, row by row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from cdb_site.local.folders import CHECKOUT
from execution.rules.fill_model import Model
from proofs.peers_oracle import oracle_rows
from proofs.rig.waiting import say
from replay.candle_files import WantedFiles, read_files
from replay.rules import peers
from replay.rules.compiled import COMPILES, plain
from replay.rules.grid import CandleGrid
from replay.rules.peers import PeerTrips, export_rows, peer_trips
from replay.rules.peers_decided import play_peers
from replay.rules.settings import PEERS, ReplaySettings
from risk.rules.limits import NAMES, Limits
from signals_app.rules.strategy import Strategy

DATA = CHECKOUT.parent / "shared" / "data"
STOP_LOSS_PCT = Decimal("0.02")
INTERVAL_S, PRICE_PLACES, VOLUME_PLACES = 300, 8, 8
TIMES = 25
STRATEGY = Strategy(
    interval="5m",
    interval_s=INTERVAL_S,
    lookback_s=15 * INTERVAL_S,
    threshold=Decimal("0.01"),
    exit=Decimal(0),
    min_volume=Decimal(0),
    top_n=30,
    ttl_s=90,
    grace_s=2.0,
)


def peers_figures() -> dict[str, Any]:
    """Candles a second, and how many rows of the oracle differ."""
    grid = real_pairs() or seeded_pairs(holes=0.0)
    plainly, settings = _plain_rate(grid), unhindered()
    return {
        "peers_5m_candles_per_s": rate(grid, peer_trips) if COMPILES else plainly,
        "peers_5m_plain_candles_per_s": plainly,
        "peers_5m_decided_per_s": rate(grid, lambda given, *_: play_peers(given, settings)),
        "disagreements": play_peers(grid, settings).disagreements,
        "oracle_differences": sum(differences(each) for each in (grid, seeded_pairs(holes=0.02))),
    }


def unhindered() -> ReplaySettings:
    """The rule's own settings: of the limits only the stop counts."""
    return ReplaySettings(
        strategy=STRATEGY,
        limits=Limits(version=1, **dict.fromkeys(NAMES, STOP_LOSS_PCT)),
        model=Model(impact_bps=Decimal(0), depth_share=Decimal(1)),
        rules={},
        starting_cash=Decimal(10_000),
        spread_bps=Decimal(0),
        rule=PEERS,
    )


def rate(grid: CandleGrid, play: Callable[[CandleGrid, Strategy, Decimal], object]) -> int:
    """Candles a second of processor time, the best of several: what else the machine does only makes it slower."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.process_time()
        play(grid, STRATEGY, STOP_LOSS_PCT)
        taken.append(time.process_time() - began)
    return round(grid.candles / min(taken[1:]))


def _plain_rate(grid: CandleGrid) -> int:
    compiled = peers.walk
    peers.walk = plain(compiled)
    try:
        return rate(grid, peer_trips)
    finally:
        peers.walk = compiled


def differences(grid: CandleGrid) -> int:
    """Rows of the export that are not the oracle's, and rows of the oracle's that are not there."""
    trips: PeerTrips = peer_trips(grid, STRATEGY, STOP_LOSS_PCT)
    return len(set(export_rows(grid, trips)) ^ set(oracle_rows(grid, STRATEGY, STOP_LOSS_PCT)))


def real_pairs() -> CandleGrid | None:
    """The five-minute pairs of the shared folder as one grid; None where there is none."""
    if not DATA.is_dir():
        return None
    return read_files(WantedFiles(folder=DATA, interval="5m"), taker_fee=Decimal(0), refuse=say).grid


def seeded_pairs(*, holes: float, symbols: int = 5, periods: int = 5760, seed: int = 1) -> CandleGrid:
    """A market of random steps of about 0.32 %, a share of its candles missing."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.0032, (symbols, periods)).cumsum(axis=1)
    closes = (5_000_000 * np.exp(steps)).astype(np.int64)
    closes[random.random(closes.shape) < holes] = 0
    names = tuple(f"P{number:02}BTC" for number in range(symbols))
    return _grid(names, 5_000_000, closes, closes, closes, closes, np.where(closes > 0, 10**10, 0))


def _grid(symbols: tuple[str, ...], first_period: int, *fields: np.ndarray) -> CandleGrid:
    opened, high, low, close, volume = fields
    return CandleGrid(
        symbols=symbols,
        interval_s=INTERVAL_S,
        first_period=first_period,
        price_places=(PRICE_PLACES,) * len(symbols),
        volume_places=(VOLUME_PLACES,) * len(symbols),
        open=opened,
        high=high,
        low=low,
        close=close,
        quote_volume=volume,
    )
