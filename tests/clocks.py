"""Clocks that tests set by hand: time passes where a test says so, and the wall clock can be stepped besides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cdb_site.clock import Anchor, Clock

START_S = 1_795_000_200.0
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class SteppingClock(Clock):
    """`pass_s` moves wall and monotonic clock; `step_s` sets the wall clock alone, as an operator or NTP does."""

    def __init__(self, anchor: Anchor | None = None) -> None:
        self.passed_s = self.stepped_s = 0.0
        super().__init__(
            anchor,
            wall=lambda: START_S + self.passed_s + self.stepped_s,
            monotonic=lambda: 1000.0 + self.passed_s,
        )

    def pass_s(self, seconds: float) -> None:
        self.passed_s += seconds

    def step_s(self, seconds: float) -> None:
        self.stepped_s += seconds


class MonotonicClock(Clock):
    """Monotonic seconds stand where a test puts them; the wall clock is the machine's."""

    def __init__(self, now_s: float = 1000.0) -> None:
        super().__init__()
        self.now_s = now_s

    def monotonic_s(self) -> float:
        return self.now_s


class MinuteClock(Clock):
    """Both clocks stand where the test puts them; a test's minute 0 has just begun."""

    def __init__(self, start_s: float) -> None:
        super().__init__(Anchor(wall_s=0.0, market_s=0.0))
        self.start_s = self.now_s = start_s
        self.elapsed_s = 1000.0

    def market_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def to_minute(self, minute: float) -> None:
        """So many minutes after the start, on both clocks."""
        self.elapsed_s += self.start_s + 60 * minute - self.now_s
        self.now_s = self.start_s + 60 * minute


class TenfoldClock(Clock):
    """Wall seconds pass where a test says so; market time runs ten times as fast."""

    def __init__(self, begun_s: float) -> None:
        super().__init__(Anchor(wall_s=0.0, market_s=begun_s, rate=10.0, label="seed 1; rate 10"))
        self.begun_s, self.passed_s = begun_s, 0.0

    def monotonic_s(self) -> float:
        return self.passed_s

    def market_s(self) -> float:
        return self.begun_s + 10 * self.passed_s


class HandClock(Clock):
    """Both clocks stand still until a test moves them."""

    def __init__(self, market: datetime = NOON) -> None:
        super().__init__()
        self.elapsed_s = 0.0
        self.market = market

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def wall_now(self) -> datetime:
        return super().wall_now() + timedelta(seconds=self.elapsed_s)

    def market_now(self) -> datetime:
        return self.market + timedelta(seconds=self.elapsed_s)

    def move(self, seconds: float) -> None:
        self.elapsed_s += seconds


class MomentClock(Clock):
    """A clock that stands where a test puts it; wall seconds pass with market seconds."""

    def __init__(self, at: datetime) -> None:
        super().__init__(Anchor(wall_s=0.0, market_s=0.0))
        self.at = at

    def market_s(self) -> float:
        return self.at.timestamp()

    def monotonic_s(self) -> float:
        return self.at.timestamp()


class SteppedWallClock(Clock):
    """Time passes on both clocks where the test says so; `stepped_s` is how far the wall clock was set besides."""

    def __init__(self, wall_s: float) -> None:
        super().__init__()
        self.now, self.stepped_s = wall_s, 0.0

    def wall_s(self) -> float:
        return self.now + self.stepped_s

    def monotonic_s(self) -> float:
        return self.now


class StandingClock(Clock):
    """Both clocks stand."""

    def __init__(self, at_s: float) -> None:
        super().__init__()
        self.at_s = at_s

    def wall_s(self) -> float:
        return self.at_s

    def monotonic_s(self) -> float:
        return 0.0
