"""The two clocks of the system; no other module reads a clock.

*Wall time* is this machine's UTC clock. It rules silence, price age, order rate, heartbeats, leases, timeouts.
*Market time* is the venue's clock. It rules candles, lookback, signal TTL, the UTC risk day and `occurred_at`.

On MEXC, market time is wall time plus the offset measured from `/time`, rate 1. A simulated market states its
own rate: market = anchor_market + (wall - anchor_wall) x rate. The REST screener measures an `Anchor` and shares
it over Redis; every process follows it. A simulated market whose anchor is no longer renewed stands still.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

ANCHOR_KEY = "cdb:clock"
ANCHOR_LIFETIME_S = 5.0
STEP_BACK_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """One simultaneous reading of both clocks. Seconds since the epoch; rate in market s per wall s.

    Market time does not begin to run before `not_before_s`: until then it stands there.
    """

    wall_s: float
    market_s: float
    rate: float = 1.0
    simulated: bool = False
    label: str = ""
    not_before_s: float = 0.0
    skew_s: float | None = None

    def market_at(self, wall_s: float) -> float:
        """Market seconds at a wall time; a simulated market ends its step when the anchor has expired."""
        elapsed = wall_s - self.wall_s
        if self.simulated:
            elapsed = min(elapsed, ANCHOR_LIFETIME_S)
        return max(self.not_before_s, self.market_s + elapsed * self.rate)


class Clock:
    """What services are handed. `anchor` is replaced as a whole, so reading needs no lock."""

    def __init__(self, anchor: Anchor | None = None) -> None:
        now = time.time()
        self.anchor = anchor or Anchor(wall_s=now, market_s=now)

    def wall_s(self) -> float:
        return time.time()

    def market_s(self) -> float:
        return self.anchor.market_at(time.time())

    def wall_now(self) -> datetime:
        return datetime.now(UTC)

    def market_now(self) -> datetime:
        return from_seconds(self.market_s())

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_seconds_until(self, market_s: float) -> float:
        """Wall seconds until market time reaches `market_s`; 0 when it is past."""
        return max(0.0, (market_s - self.market_s()) / self.anchor.rate)


SYSTEM = Clock()


def joined(former: Anchor, following: Anchor, wall_s: float) -> Anchor:
    """The following anchor, with which time does not run back: it stands still until the new reading has caught up.

    Another market, or more than a minute, is taken as it is.
    """
    reached_s = former.market_at(wall_s)
    behind_s = reached_s - following.market_at(wall_s)
    if (former.simulated, former.rate) != (following.simulated, following.rate) or not 0 < behind_s < STEP_BACK_S:
        return following
    return replace(following, not_before_s=reached_s)


def from_seconds(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """ISO-8601 UTC with microseconds, the one spelling of times on the bus."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def anchor_fields(anchor: Anchor) -> dict[str, str]:
    """The anchor as the fields of a Redis hash."""
    return {name: str(value) for name, value in asdict(anchor).items()}


def anchor_from_fields(values: dict[str, str]) -> Anchor:
    return Anchor(
        wall_s=float(values["wall_s"]),
        market_s=float(values["market_s"]),
        rate=float(values["rate"]),
        simulated=values["simulated"] == "True",
        label=values.get("label", ""),
        skew_s=_number(values.get("skew_s")),
    )


def _number(text: str | None) -> float | None:
    return None if text in (None, "", "None") else float(text)
