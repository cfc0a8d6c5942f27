"""The simulated exchange's clock: market time = promised start + time run x rate.

Market time stands still while the exchange is down and never goes back, whatever becomes of the wall clock meanwhile:
once a second a moment a little ahead is promised on disk, and a restart goes on from that promise. The lead equals
what followers of the clock may run on by themselves after the exchange is gone. Another seed, rate or source is
another market: it starts at real time, or where the former one stood if that is later, so that no candle of one market
falls on a candle of another. The disturbances of a market are promised with its time, so that a restart tells the same;
another market, or a fresh start, begins without any.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdb_site.clock import ANCHOR_LIFETIME_S, Clock
from mexc_sim.market.disturbances import Disturbance, from_json, to_json


@dataclass(frozen=True, kw_only=True)
class PromisedMarket:
    """Which market a promise belongs to."""

    source: str
    seed: int
    rate: float
    quote_asset: str
    interval: str


class MarketClock:
    def __init__(self, *, market: PromisedMarket, path: Path, clock: Clock, start_fresh: bool = False) -> None:
        self.market, self.path, self.clock = market, path, clock
        self.started_at = clock.monotonic_s()
        kept = {} if start_fresh else self._kept()
        self.continued = kept.get("market") == vars(market)
        anew_s = max(clock.wall_s(), kept.get("market_s", 0.0))
        self.started_market_s: float = kept["market_s"] if self.continued else anew_s
        self.origin_s: float = kept["origin_s"] if self.continued else anew_s
        self.disturbances: list[Disturbance] = kept["disturbances"] if self.continued else []

    def now_s(self) -> float:
        """Market time, epoch seconds."""
        return self.started_market_s + (self.clock.monotonic_s() - self.started_at) * self.market.rate

    def wall_seconds_until(self, market_s: float) -> float:
        return max(0.0, (market_s - self.now_s()) / self.market.rate)

    def promise(self) -> None:
        """Write down a moment that a restart may go on from."""
        ahead_s = self.now_s() + ANCHOR_LIFETIME_S * self.market.rate
        body = {
            "market": vars(self.market),
            "market_s": ahead_s,
            "origin_s": self.origin_s,
            "disturbances": [to_json(item) for item in self.disturbances],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(body), encoding="utf-8")
        os.replace(fresh, self.path)

    def _kept(self) -> dict[str, Any]:
        """What the last promise said; empty when there is none that can be read."""
        try:
            body = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                "market": body["market"],
                "market_s": float(body["market_s"]),
                "origin_s": float(body["origin_s"]),
                "disturbances": [from_json(item) for item in body.get("disturbances", [])],
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}
