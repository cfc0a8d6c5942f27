"""Ordering faults of a running simulator from another process, after making sure that it is one.

A real exchange is never asked anything but its time: without the `simulation` block in the answer every call is
refused.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import orjson

from mexc_sim.faults.control import PATH
from mexc_sim.faults.desk import CONTROL_HEADER

TIMEOUT_S = 20.0


class ControlProblem(Exception):
    """The simulator refused, does not answer, or is none. The text says what to do."""


class FaultClient:
    """`url` is the exchange's base address, as in MEXC_REST_URL."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url, self.timeout_s = url.rstrip("/"), timeout_s

    def check(self) -> dict[str, Any]:
        """What the exchange says is simulated. Raises ControlProblem when it is no simulator."""
        told = self.call("GET", "/api/v3/time")
        simulation = told.get("simulation")
        if not isinstance(simulation, dict):
            raise ControlProblem(
                f"MEXC_REST_URL: {self.url} is no simulator. Faults are for the simulated exchange only."
            )
        return simulation

    def order(self, kind: str, *, symbols: list[str] | None = None, **values: float) -> int:
        """Order a fault; returns its id."""
        body: dict[str, Any] = {"kind": kind, **values, **({"symbols": symbols} if symbols else {})}
        return int(self.call("POST", PATH, body)["id"])

    def report(self) -> dict[str, Any]:
        return self.call("GET", PATH)

    def end(self, fault_id: int | None = None) -> int:
        """End one fault, or all; returns how many held."""
        return int(self.call("DELETE", PATH if fault_id is None else f"{PATH}/{fault_id}")["ended"])

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer of the control endpoint. Raises ControlProblem."""
        headers = {CONTROL_HEADER: "1", "Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:  # noqa: S310 # nosec B310
                told = orjson.loads(answer.read())
        except urllib.error.HTTPError as problem:
            raise ControlProblem(_reason(problem)) from problem
        except (OSError, orjson.JSONDecodeError) as problem:
            raise ControlProblem(
                f"MEXC_REST_URL: no answer from {self.url} ({problem}). Is the simulator running?"
            ) from problem
        return told if isinstance(told, dict) else {}


def _reason(problem: urllib.error.HTTPError) -> str:
    try:
        return str(orjson.loads(problem.read())["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"MEXC_REST_URL: HTTP {problem.code}. Faults are for the simulated exchange only."
