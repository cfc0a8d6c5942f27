"""Which faults a soak orders and when: every kind in turn, shuffled, with lengths and numbers by chance of a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from mexc_sim.faults.catalog import KINDS
from mexc_sim.faults.market_faults import MARKET_FAULTS

# Wall seconds. At a rate of 60 one of them is a market minute.
LENGTHS_S = (0.5, 3.0)
NUMBERS: dict[str, dict[str, Sequence[float]]] = {
    "garbage": {"share": (0.1, 0.5, 1)},
    "corrupt": {"share": (0.1, 0.5, 1)},
    "oversized": {"mb": (9, 20)},
    "gaps": {"share": (0.2, 0.5, 0.9)},
    "duplicates": {"share": (0.5, 1), "ms": (0, 300, 1500)},
    "reordering": {"share": (0.3, 1), "ms": (200, 1500)},
    "delay": {"ms": (200, 1500), "jitter_ms": (0, 500)},
    "lost_last_push": {"share": (0.5, 1)},
    "late_last_push": {"share": (0.5, 1), "late_s": (0.3, 1.5)},
    "disconnect": {"every_s": (0, 0.7)},
    "rest_5xx": {"share": (0.5, 1), "status": (500, 502, 503, 504)},
    "rest_429": {"share": (0.5, 1), "retry_after_s": (0, 1, 2)},
    "rest_slow": {"share": (0.5, 1), "delay_s": (0.5, 3)},
    "clock_skew": {"skew_s": (-3600, -20, 5, 900)},
    "crash": {"size": (0.02, 0.08)},
    "wide_spread": {"factor": (5, 50)},
}


def orders(seed: int, symbols: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bodies for the control endpoint, without end: no kind a third time before all came twice."""
    chance = random.Random(seed)
    while True:
        names = [kind.name for kind in MARKET_FAULTS]
        chance.shuffle(names)
        for name in names:
            yield _order(chance, name, symbols)


def _order(chance: random.Random, name: str, symbols: Sequence[str]) -> dict[str, Any]:
    kind = KINDS[name]
    body: dict[str, Any] = {"kind": name, "seed": chance.randrange(1000)}
    body |= {number: chance.choice(choices) for number, choices in NUMBERS.get(name, {}).items()}
    if not kind.at_once:
        body["seconds"] = round(chance.uniform(*LENGTHS_S), 2)
    if kind.by_symbol and chance.random() < 0.5:
        body["symbols"] = sorted(chance.sample(list(symbols), k=min(len(symbols), chance.randint(1, 5))))
    return body
