"""A bench or proof that is asked to end leaves nothing: no server, no service, no part of its own, no folder.

Each program is started as a process of its own and gets its signal at one moment of its life; the moments are read
from what it has made in its temporary folder by then.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from cdb_site.clock import SYSTEM
from cdb_site.local import processes
from cdb_site.local.folders import CHECKOUT, HOME, TEMPORARY_PREFIX
from proofs.rig.waiting import pause

START_S, END_S = 150.0, 120.0
# The other moments take minutes: CDB_LONG_TESTS=1 pytest tests/faults/test_programs_end.py
LONG = pytest.mark.skipif("CDB_LONG_TESTS" not in os.environ, reason="takes minutes; set CDB_LONG_TESTS=1")
# name: (purpose of its folder, command)
PROGRAMS = {
    "bench": ("bench", ["benchmarks.bench", "--only", "signals,page", "--seconds", "60"]),
    "faults": ("faults", ["proofs.faults.run", "--quick"]),
    "first minutes": ("first-1", ["benchmarks.first_minutes", "--seeds", "1"]),
    "proofs": ("soak", ["proofs.run", "--only", "soak"]),
    "scenarios": ("scenarios", ["proofs.scenarios.run", "--only", "stop"]),
    "exchange": ("exchange", ["proofs.scenarios.run", "--only", "exchange"]),
    "smoke": ("smoke", ["proofs.smoke", "--fills", "100000"]),
}


def services(folder: Path) -> bool:
    with suppress(OSError, ValueError):
        return len(json.loads((folder / "state.json").read_text(encoding="utf-8"))["entries"]) > 3
    return False


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "initdb runs": lambda folder: folder.exists(),
    "PostgreSQL starts": lambda folder: (folder / "logs" / "postgres.log").exists(),
    "the set-up runs": lambda folder: (folder / "logs" / "valkey.log").exists(),
    "services run": services,
    "orders are filled": lambda folder: (folder / "paper_venue.jsonl").exists(),
}


@contextmanager
def started(name: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], Path | None]]]:
    """The program, and how to find its folder."""
    purpose, command = PROGRAMS[name]
    pattern = f"{TEMPORARY_PREFIX}{purpose}-*"
    before = set(HOME.glob(pattern))
    program = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield program, lambda: next(iter(set(HOME.glob(pattern)) - before), None)
    finally:
        processes.kill_group(program.pid)
        program.communicate()


def wait_until(
    moment: Callable[[Path], bool], program: subprocess.Popen[str], folder_of: Callable[[], Path | None]
) -> Path:
    deadline_s = SYSTEM.monotonic_s() + START_S
    while (folder := folder_of()) is None or not moment(folder):
        assert program.poll() is None, f"it ended before: {program.communicate()}"
        assert SYSTEM.monotonic_s() < deadline_s, "the moment never came"
        pause(0.005)
    return folder


def belonging_to(folder: Path) -> list[str]:
    """Processes that name the folder on their command line or in their environment."""
    text = str(folder)
    return [
        f"{process.pid} {' '.join(process.cmdline())}"
        for process in processes.matching(
            lambda one: any(text in word for word in [*one.cmdline(), *one.environ().values()])
        )
    ]


@pytest.mark.parametrize(
    ("name", "moment", "number"),
    [
        ("bench", "initdb runs", signal.SIGTERM),
        ("first minutes", "PostgreSQL starts", signal.SIGINT),
        ("scenarios", "the set-up runs", signal.SIGINT),
        ("faults", "services run", signal.SIGTERM),
        pytest.param("bench", "PostgreSQL starts", signal.SIGINT, marks=LONG),
        pytest.param("bench", "the set-up runs", signal.SIGTERM, marks=LONG),
        pytest.param("bench", "services run", signal.SIGTERM, marks=LONG),
        pytest.param("proofs", "services run", signal.SIGTERM, marks=LONG),
        pytest.param("exchange", "PostgreSQL starts", signal.SIGTERM, marks=LONG),
        pytest.param("scenarios", "services run", signal.SIGINT, marks=LONG),
        pytest.param("bench", "orders are filled", signal.SIGTERM, marks=LONG),
        pytest.param("faults", "orders are filled", signal.SIGTERM, marks=LONG),
        pytest.param("smoke", "services run", signal.SIGTERM, marks=LONG),
    ],
)
def test_a_program_that_is_asked_to_end_leaves_nothing(name: str, moment: str, number: int) -> None:
    with started(name) as (program, folder_of):
        folder = wait_until(MOMENTS[moment], program, folder_of)
        family = psutil.Process(program.pid).children(recursive=True)

        os.kill(program.pid, number)
        said, _ = program.communicate(timeout=END_S)
        left = processes.still_running(family, 2)

    assert program.returncode == 1
    assert json.loads(said.splitlines()[-1])["failed"][0].startswith(f"stopped by {signal.Signals(number).name}")
    assert (left, belonging_to(folder), folder.exists()) == ([], [], False)
