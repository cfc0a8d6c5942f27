"""Clocks that tests set by hand: time passes where a test says so, and the wall clock can be stepped besides."""

from __future__ import annotations

from cdb_site.clock import Anchor, Clock

START_S = 1_795_000_200.0


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
