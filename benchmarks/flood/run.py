"""The WS screener and ccxt.pro under the same flood, in turns: what a message costs each of them.

A ratio is taken within a pair of runs that follow each other, and told as the median of the pairs, so that a machine
that is slow for a minute slows both. The flood comes from a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.flood.frames import KINDS
from cdb_site.local.signals import undisturbed
from proofs.rig.waiting import say

CLIENT_TIMEOUT_S = 180

Pair = dict[str, dict[str, float]]


def measure(*, pairs: int, messages: int) -> dict[str, Any]:
    """The bench's keys about WebSocket messages."""
    with _running_server(messages) as url:
        runs = {kind: [] for kind in KINDS}
        for _ in range(pairs):
            for kind in KINDS:
                pair = {client: _run(client, kind, url, messages) for client in ("ours", "ccxt")}
                runs[kind].append(pair)
                say(f"flood of {messages} {kind} messages: {_told(pair)}")
    return summary(runs)


def summary(runs: dict[str, list[Pair]]) -> dict[str, Any]:
    """The keys, from the pairs of runs of each kind."""
    by_kind = {kind: round(statistics.median(map(_ratio, pairs)), 1) for kind, pairs in runs.items()}
    both = [
        sum(pair["ccxt"]["cpu_us"] for pair in together) / sum(pair["ours"]["cpu_us"] for pair in together)
        for together in zip(*runs.values(), strict=True)
    ]
    return {
        "ws_messages_per_s": _medians(runs, "ours", "per_s", 0),
        "ws_cpu_us_per_message": _medians(runs, "ours", "cpu_us", 2),
        "ws_ccxt_cpu_us_per_message": _medians(runs, "ccxt", "cpu_us", 1),
        "ws_decode_us": _medians(runs, "ours", "decode_us", 2),
        "ws_decode_to_board_us": _medians(runs, "ours", "intake_us", 2),
        "ws_decode_ratio_to_ccxt": round(statistics.median(both), 1),
        "ws_ratio_to_ccxt_by_kind": by_kind,
    }


def _ratio(pair: Pair) -> float:
    return pair["ccxt"]["cpu_us"] / pair["ours"]["cpu_us"]


def _medians(runs: dict[str, list[Pair]], client: str, figure: str, places: int) -> dict[str, float]:
    return {
        kind: round(statistics.median(pair[client][figure] for pair in pairs), places or None)
        for kind, pairs in runs.items()
    }


def _told(pair: Pair) -> str:
    ours, ccxt = pair["ours"], pair["ccxt"]
    return (
        f"ours {ours['cpu_us']:.2f} us ({ours['per_s']:.0f}/s; alone: decoding {ours['decode_us']:.2f}, "
        f"up to the board {ours['intake_us']:.2f}), ccxt {ccxt['cpu_us']:.1f} us ({ccxt['per_s']:.0f}/s): "
        f"1 to {_ratio(pair):.1f}"
    )


def _run(client: str, kind: str, url: str, messages: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.flood.clients", client, kind, url, str(messages)],
        env={"ENV": "demo"} | dict(os.environ) | {"LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=CLIENT_TIMEOUT_S,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


@contextmanager
def _running_server(messages: int) -> Iterator[str]:
    command: Sequence[str] = [sys.executable, "-m", "benchmarks.flood.server", "--count", str(messages)]
    with undisturbed():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
