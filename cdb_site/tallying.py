"""Counting for Prometheus a batch at a time: one step a label instead of one a row."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter


def count(counter: Counter, labels: Iterable[tuple[str, ...]]) -> None:
    """Each of these label values has come once more."""
    for values, times in Tally(labels).items():
        counter.labels(*values).inc(times)
