"""What every program here has in common: it ends in order, tells one JSON line last, and says what it did not do.

    def main() -> int:
        return run_program("soak", lambda told: ...)

SIGTERM, SIGHUP and Ctrl-C end the work as an exception, so that every `with` block stops what it started; a program
that runs parts as processes of their own asks them to end and waits for them. A figure that is no number is told as
null and is a failure. Exit 1 with a sentence for each failure, which the line repeats under "failed".
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import django

from cdb_site.local.folders import CHECKOUT
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import StopRequested, stop_on_signals, undisturbed
from proofs.rig.waiting import Unmet, say

# What a part needs at most to stop its own system.
STOP_PART_S = 120.0


@dataclass(slots=True)
class ProgramResult:
    """Figures by name, and a sentence for each thing that does not hold or was not done."""

    figures: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def run_program(name: str, work: Callable[[ProgramResult], None]) -> int:
    """Do the work and tell what came of it; the exit code of a process."""
    told = ProgramResult()
    try:
        with stop_on_signals():
            work(told)
    except StopRequested as asked:
        told.failures.append(f"stopped by {asked}")
    except (Unmet, LocalProblem) as problem:
        told.failures.append(str(problem))
    except Exception as problem:
        traceback.print_exc(file=sys.stderr)
        told.failures.append(f"{type(problem).__name__}: {problem}")
    told.failures += [f"{path} is no number" for path in _no_numbers(told.figures)]
    for failure in told.failures:
        say(f"{name}: {failure}")
    line = _plain(told.figures) | ({"failed": told.failures} if told.failures else {})
    print(json.dumps(line, allow_nan=False), flush=True)
    return 1 if told.failures else 0


def run_process(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """(Exit code, last line) of a program in a process of its own, which ends in order when this one must end."""
    command: Sequence[str] = [sys.executable, "-m", module, *arguments]
    with undisturbed():
        process = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        said, _ = process.communicate()
    except BaseException:
        with undisturbed():
            end_process(process)
        raise
    return process.returncode, _last_line(said)


def run_part(told: ProgramResult, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The figures of a program in a process of its own; its failures become this program's."""
    code, line = run_process(module, *arguments, env=env)
    failures = line.pop("failed", [])
    if code and not failures:
        failures = [f"{module} {' '.join(arguments)} ended with {code}"]
    told.failures += failures
    return line


def enter(env: Mapping[str, str]) -> None:
    """Take a system's environment, so that what is imported next finds its servers. Once in a process."""
    os.environ.update(env)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdb_site.settings")
    django.setup()


def end_process(process: subprocess.Popen[str]) -> None:
    """Ask a part to end and wait until its own system is stopped."""
    process.terminate()
    try:
        process.communicate(timeout=STOP_PART_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(said: str) -> dict[str, Any]:
    lines = said.splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _no_numbers(value: Any, path: str = "") -> Iterator[str]:
    """Where figures are NaN or infinite."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _no_numbers(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
