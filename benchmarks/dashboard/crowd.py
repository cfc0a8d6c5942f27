"""Two hundred clients at one dashboard under 500 events a second, with and without one that stops reading, in turns."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import orjson
import psutil
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.dashboard.stream import EventStream
from cdb_site.clock import SYSTEM
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.system import System
from proofs.rig.page import log_in
from proofs.rig.waiting import expect, pause, say

CREWS = 4
CLIENTS = 200
WARM_UP_S = 5.0
RECEIVED_LEAST = 0.99
SMALL_BUFFER = 4096


class Crews:
    """The processes of the clients."""

    def __init__(self, stack: ExitStack, url: str, cookie: str) -> None:
        self.processes = [self._start(stack) for _ in range(CREWS)]
        for process in self.processes:
            _tell(process, {"url": url, "cookie": cookie, "count": CLIENTS // CREWS})
        joined = sum(_answer(process)["ready"] for process in self.processes)
        say(f"{joined} clients follow")

    def _start(self, stack: ExitStack) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "benchmarks.dashboard.clients"]
        process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(process.wait, 10)
        stack.callback(process.terminate)
        return process


def _tell(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(orjson.dumps(message).decode() + "\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    expect(line, "a process of clients ended")
    told: dict[str, Any] = orjson.loads(line)
    return told


def crowd(system: System, rate: int, seconds: float, rounds: int) -> dict[str, Any]:
    cookie = log_in(system.url, system.operator, system.password)
    url = f"{system.url.replace('http', 'ws')}/ws/overview/"
    stream = EventStream(system.env, rate)
    stream.start()
    alone, beside = list[dict[str, float]](), list[dict[str, float]]()
    try:
        with ExitStack() as stack:
            crews = Crews(stack, url, cookie)
            pause(WARM_UP_S)
            for _ in range(rounds):
                alone.append(_turn(system, crews, stream, seconds))
                with _stops_reading(url, cookie):
                    beside.append(_turn(system, crews, stream, seconds))
    finally:
        stream.stop()
    say(f"alone: {alone}; beside one that stops reading: {beside}")
    p99, p99_beside = (statistics.median(turn["p99"] for turn in turns) for turns in (alone, beside))
    return {
        "clients_200_p99_ms": p99,
        "clients_200_p50_ms": statistics.median(turn["p50"] for turn in alone),
        "cpu_us_per_frame": round(statistics.median(turn["cpu_us"] for turn in alone), 1),
        "frames_per_s": round(statistics.median(turn["frames_per_s"] for turn in alone)),
        "slow_client_effect_pct": round(100 * (p99_beside / p99 - 1), 1),
    }


def _turn(system: System, crews: Crews, stream: EventStream, seconds: float) -> dict[str, float]:
    from_s, sent = SYSTEM.wall_s() + 0.5, stream.sent
    pause(0.5)
    server = psutil.Process(system.pids["dashboard"])
    busy = server.cpu_times()
    now, answers = _while_counting(crews, from_s, from_s + seconds, server)
    stream.expect_sent(sent, seconds)
    used_s = now.user + now.system - busy.user - busy.system
    frames = sum(answer["frames"] for answer in answers)
    late_ms = [late for answer in answers for late in answer["late_ms"]]
    closed = sum(answer["closed"] for answer in answers)
    expect(not closed, f"{closed} of {CLIENTS} clients were closed")
    wanted = len(stream.due_between(from_s, from_s + seconds)) * CLIENTS
    expect(len(late_ms) >= RECEIVED_LEAST * wanted, f"{len(late_ms)} of {wanted} orders reached the clients")
    cuts = statistics.quantiles(late_ms, n=100, method="inclusive")
    return {
        "p50": round(cuts[49], 1),
        "p99": round(cuts[98], 1),
        "frames_per_s": frames / seconds,
        "cpu_us": used_s * 1e6 / frames,
        "core_pct": round(100 * used_s / seconds, 1),
    }


def _while_counting(
    crews: Crews, from_s: float, to_s: float, server: psutil.Process
) -> tuple[Any, list[dict[str, Any]]]:
    """The server's times at the end of the window, and what the clients tell of it."""
    for process in crews.processes:
        _tell(process, {"from_s": from_s, "to_s": to_s})
    pause(max(0.0, to_s - SYSTEM.wall_s()))
    times = server.cpu_times()
    return times, [_answer(process) for process in crews.processes]


@contextmanager
def _stops_reading(url: str, cookie: str) -> Iterator[None]:
    """One more client, which begins as the others do and then takes nothing off its socket."""
    host, port = url.removeprefix("ws://").split("/")[0].split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    raw.connect((host, int(port)))
    origin = Origin(f"http://{host}:{port}")
    slow = connect(url, sock=raw, origin=origin, additional_headers={"Cookie": cookie}, compression=None,
                   max_size=None, max_queue=1, ping_interval=None, close_timeout=0.1)  # fmt: skip
    try:
        slow.recv()
        slow.send('{"resume": null}')
        yield
    finally:
        raw.close()
