"""The two clocks of the system; no other module reads a clock.

*Wall time* is this machine's UTC clock. It rules silence, price age, order rate, heartbeats, leases, timeouts.
*Market time* is the venue's clock. It rules candles, lookback, signal TTL, the UTC risk day and `occurred_at`.

On MEXC, market time is wall time plus the offset measured from `/time`, rate 1. A simulated market states its
own rate: market = anchor_market + (wall - anchor_wall) x rate. The REST screener measures an `Anchor` and shares
it over Redis; every process follows it. A simulated market whose anchor is no longer renewed stands still.

Between two anchors market time runs on the monotonic clock, so a step of the wall clock moves it neither way. Ages are
taken on the monotonic clock from arrival on; a wall time that lies in the future is stale, never young.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cdb_site.clock_offset import machine_wall

ANCHOR_KEY = "cdb:clock"
ANCHOR_LIFETIME_S = 5.0
STEP_BACK_S = 60.0
STEP_S = 0.5
SHARED_WITHIN_S = 3.0
AHEAD_S = 1.0
UNKNOWABLE_AGE_S = 86_400.0


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
    """What services are handed. Wall and monotonic seconds may come from somewhere else, in tests."""

    def __init__(
        self,
        anchor: Anchor | None = None,
        *,
        wall: Callable[[], float] = machine_wall,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._shared: Anchor | None = None
        now = wall()
        self.anchor = anchor or Anchor(wall_s=now, market_s=now)

    @property
    def anchor(self) -> Anchor:
        """What is followed. It is replaced as a whole, so reading needs no lock."""
        return self._followed[0]

    @anchor.setter
    def anchor(self, anchor: Anchor) -> None:
        self._followed = anchor, self._wall() - self._monotonic()

    def wall_s(self) -> float:
        return self._wall()

    def market_s(self) -> float:
        anchor, base_s = self._followed
        return anchor.market_at(base_s + self._monotonic())

    def wall_now(self) -> datetime:
        return from_seconds(self.wall_s())

    def market_now(self) -> datetime:
        return from_seconds(self.market_s())

    def monotonic_s(self) -> float:
        return self._monotonic()

    def wall_seconds_until(self, market_s: float) -> float:
        """Wall seconds until market time reaches `market_s`; 0 when it is past."""
        return max(0.0, (market_s - self.market_s()) / self.anchor.rate)

    def follow(self, shared: Anchor) -> None:
        """Take over an anchor that was shared a moment ago; market time does not run back for it."""
        if shared == self._shared:
            return
        base_s = self._base_of(shared)
        reached_s, steady_s = self.market_s(), base_s + self._monotonic()
        self._shared = shared
        self._followed = joined(self.anchor, shared, reached_s=reached_s, wall_s=steady_s), base_s

    def _base_of(self, shared: Anchor) -> float:
        """Wall minus monotonic seconds on the wall clock that `shared` was read on.

        Which is ours, unless ours was stepped and the anchor is from before; of the two the one that makes it young.
        Neither: its machine's clock is not ours, and it was read just now.
        """
        monotonic_s, former_s = self._monotonic(), self._followed[1]
        base_s = self._wall() - monotonic_s
        if self._shared is None or abs(base_s - former_s) < STEP_S:
            return base_s
        nearest_s = min((base_s, former_s), key=lambda tried_s: abs(tried_s + monotonic_s - shared.wall_s))
        young = abs(nearest_s + monotonic_s - shared.wall_s) < SHARED_WITHIN_S
        return nearest_s if young else shared.wall_s - monotonic_s


SYSTEM = Clock()


def joined(former: Anchor, following: Anchor, *, reached_s: float, wall_s: float) -> Anchor:
    """The following anchor, with which time does not run back behind `reached_s`: it stands still until the new
    reading has caught up. `wall_s` is now.

    Another market, or more than a minute, is taken as it is.
    """
    behind_s = reached_s - following.market_at(wall_s)
    same = (former.simulated, former.rate) == (following.simulated, following.rate)
    if not same or not 0 < behind_s < STEP_BACK_S * following.rate:
        return following
    return replace(following, not_before_s=reached_s)


def age_s(then_s: float, now_s: float) -> float:
    """Seconds from one wall time to another. A little ahead is another machine's clock and counts as so old; what is
    further ahead has no age that anybody knows, since a clock was stepped in between: a day, which no limit allows.
    """
    passed_s = now_s - then_s
    return abs(passed_s) if passed_s > -AHEAD_S else UNKNOWABLE_AGE_S


def from_seconds(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@lru_cache(maxsize=512)
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
