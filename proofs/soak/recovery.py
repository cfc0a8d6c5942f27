"""How soon a lost feed is noticed, back, and filled in by REST; measured on a running system, each many times.

    silence    from the last frame until the WS screener gives its sockets up, less its limit WS_SILENCE_S
    reconnect  from the cut of all sockets until every channel is acknowledged and every symbol has a newer quote
    fallback   from the cut of all sockets, new ones refused, until every symbol has a newer quote and a newer candle

Wall seconds, seen from outside: metrics over HTTP, quotes in Redis, candles in PostgreSQL.
"""

from __future__ import annotations

import re
import statistics
import urllib.request
from collections.abc import Callable, Sequence

from cdb_site.bus import latest
from cdb_site.clock import SYSTEM, parse_iso
from cdb_site.db import select
from cdb_site.local.system import System
from mexc_sim.faults.client import FaultClient
from proofs.rig.waiting import Unmet, pause, say

LOOK_S = 0.02
# Longer than a socket has to live before its next loss counts as the first.
SETTLE_S = 6.0
TIMEOUT_S = 60.0
SILENCE_MAX_S = 1.0
RECONNECT_MAX_S = 3.0
FALLBACK_MAX_S = 10.0


class Recovery:
    def __init__(self, system: System, client: FaultClient, symbols: Sequence[str]) -> None:
        self.client, self.symbols = client, symbols
        self.limit_s = float(system.env["WS_SILENCE_S"])
        self.metrics_url = system.url_of("ws") + "/metrics"

    def run(self, times: int) -> dict[str, float]:
        """All three, `times` times each."""
        silences = [self._silence() for _ in range(times)]
        say(f"silence noticed after its limit: {_told(silences)} s")
        reconnects = [self._reconnect() for _ in range(times)]
        say(f"sockets back: {_told(reconnects)} s")
        fallbacks = [self._fallback() for _ in range(times)]
        say(f"filled in by REST: {_told(fallbacks)} s")
        return {
            "recovery_runs": times,
            "silence_limit_s": self.limit_s,
            "silence_detect_s_max": round(max(silences), 2),
            "reconnect_s_p50": round(statistics.median(reconnects), 2),
            "reconnect_s_p95": round(p95(reconnects), 2),
            "fallback_fill_s_p50": round(statistics.median(fallbacks), 2),
            "fallback_fill_s_max": round(max(fallbacks), 2),
        }

    def _silence(self) -> float:
        """The socket that had data last is noticed last: its silence began with the fault."""
        self._settle()
        all_lost = self._lost("silence") + _sum(self._metrics(), "cdb_ws_connections_open")
        begun_s = SYSTEM.wall_s()
        fault = self.client.order("silence", seconds=TIMEOUT_S)
        self._await(lambda: self._lost("silence") >= all_lost, "the end of the silent sockets")
        noticed_s = SYSTEM.wall_s()
        self.client.end(fault)
        return noticed_s - begun_s - self.limit_s

    def _reconnect(self) -> float:
        self._settle()
        cut_s = SYSTEM.wall_s()
        self.client.order("disconnect")
        pause(0.15)
        self._await(lambda: self._flowing() and self._quotes_since(cut_s + 0.15), "all channels")
        return SYSTEM.wall_s() - cut_s

    def _fallback(self) -> float:
        self._settle()
        newest = self._newest_candles()
        cut_s = SYSTEM.wall_s()
        fault = self.client.order("refuse", seconds=TIMEOUT_S)
        pause(0.15)
        self._await(lambda: self._quotes_since(cut_s + 0.15), "quotes over REST")
        self._await(lambda: self._candles_since(newest), "candles over REST")
        filled_s = SYSTEM.wall_s()
        self.client.end(fault)
        return filled_s - cut_s

    def _settle(self) -> None:
        """Nothing of the former fault is left."""
        self._await(lambda: self._flowing() and self._quotes_since(SYSTEM.wall_s() - 1), "a settled feed")
        pause(SETTLE_S)

    def _flowing(self) -> bool:
        told = self._metrics()
        return _sum(told, r'cdb_ws_subscriptions{state="waiting"}') == 0 < _sum(told, "cdb_ws_connections_open")

    def _lost(self, reason: str) -> float:
        return _sum(self._metrics(), f'cdb_ws_reconnects_total{{reason="{reason}"}}')

    def _metrics(self) -> str:
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:  # noqa: S310
            text: str = answer.read().decode()
            return text

    def _quotes_since(self, wall_s: float) -> bool:
        quotes = latest.read_quotes()
        received = [quotes[symbol]["received_at"] for symbol in self.symbols if symbol in quotes]
        return len(received) == len(self.symbols) and all(parse_iso(at).timestamp() >= wall_s for at in received)

    def _newest_candles(self) -> dict[str, object]:
        rows = select(
            "SELECT instrument_id, max(open_time) FROM marketdata_candle"
            " WHERE instrument_id = ANY(%s) AND open_time > now() - interval '30 days' GROUP BY 1",
            [list(self.symbols)],
        )
        return dict(rows)

    def _candles_since(self, before: dict[str, object]) -> bool:
        now = self._newest_candles()
        return all(now[symbol] != before[symbol] for symbol in self.symbols)

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = SYSTEM.monotonic_s() + TIMEOUT_S
        while not condition():
            if SYSTEM.monotonic_s() > deadline_s:
                raise Unmet(f"{what} did not come within {TIMEOUT_S:g} s")
            pause(LOOK_S)


def failures(measured: dict[str, float]) -> list[str]:
    """What is slower than it must be."""
    limits = (
        ("silence_detect_s_max", SILENCE_MAX_S),
        ("reconnect_s_p95", RECONNECT_MAX_S),
        ("fallback_fill_s_max", FALLBACK_MAX_S),
    )
    return [f"{name} is {measured[name]} s, more than {most:g}" for name, most in limits if measured[name] > most]


def p95(seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def _told(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds):.2f}, p95 {p95(seconds):.2f}, worst {max(seconds):.2f}"


def _sum(metrics: str, name: str) -> float:
    """Of all samples whose name and labels begin so."""
    lines = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", metrics, re.MULTILINE)
    return sum(map(float, lines))
