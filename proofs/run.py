"""`make proofs`: what reads the wire and what decides, asked about anything. One JSON line last; exit 1 on a failure.

decoder   hypothesis: a hundred thousand hostile frames, and answers of the exchange, are understood or refused
atheris   the same properties under a fuzzer that sees which lines an input reaches, for ten minutes
life      hypothesis: a hundred thousand steps of orders' lives and their books, beside a pure model
risk      hypothesis: ten thousand portfolios with streams of requests keep the invariants of deciding
api       schemathesis: thousands of requests made from the API's description, as every role (`proofs.api_fuzz`)
soak      an hour of market time with faults: every candle is the exchange's (`proofs.soak.run`)
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdb_site.local.signals import undisturbed
from proofs.hostile import inputs, properties
from proofs.rig.program import ProgramResult, run_part, run_program
from proofs.rig.waiting import say

FINDING = 77
SAY_EVERY = 10_000
LINES_KEPT = 60


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)

    def work(told: ProgramResult) -> None:
        for part in options.only:
            found = PARTS[part](options, told)
            told.figures |= found
            told.failures += failures(found)
        # Where no fuzzer can be installed the part is left out and says so; who asked for it alone wanted it done.
        if options.only == ["atheris"] and told.figures.get("atheris_skipped"):
            told.failures.append("atheris is not installed; nothing was fuzzed")

    return run_program("proofs", work)


def failures(found: dict[str, Any]) -> list[str]:
    """What speaks against a part's figures: inputs that broke something, or none that got past the first check."""
    broken = [f"{count} {key}" for key, count in found.items() if key.endswith("_uncaught") and count]
    blind = [
        f"{key} is 0: the inputs prove nothing"
        for key, count in found.items()
        if key.endswith("_understood") and not count
    ]
    return broken + blind


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make proofs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=f"parts, of {','.join(PARTS)} (default: all)")
    parser.add_argument("--inputs", type=int, default=102_000, help="hostile frames (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=600, help="of fuzzing (default %(default)s)")
    parser.add_argument("--cases", type=int, default=10_000, help="portfolios (default %(default)s)")
    parser.add_argument("--steps", type=int, default=100_000, help="of orders' lives (default %(default)s)")
    parser.add_argument("--examples", type=int, default=40, help="requests of a kind (default %(default)s)")
    parser.add_argument("--minutes", type=int, default=60, help="market minutes of the soak (default %(default)s)")
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no part; there are {', '.join(PARTS)}")
    return chosen


def _decoder(options: argparse.Namespace, _: ProgramResult) -> dict[str, Any]:
    third = -(-options.inputs // 3)
    frames = [
        _asked("random bytes", inputs.random_bytes(), properties.frame_holds, third),
        _asked("changed frames", inputs.changed_frames(), properties.frame_holds, third),
        _asked("hostile fields", inputs.hostile_frames(), properties.frame_holds, third),
    ]
    others = [
        _asked("text frames", inputs.text_frames(), properties.text_holds, third // 2),
        _asked("REST answers", inputs.answers(), lambda answer: properties.rest_holds(*answer), third // 2),
    ]
    return {
        "decoder_inputs": sum(asked for asked, _, _ in frames),
        "decoder_understood": sum(understood for _, understood, _ in frames),
        "decoder_uncaught": sum(uncaught for _, _, uncaught in frames),
        "answers_inputs": sum(asked for asked, _, _ in others),
        "answers_understood": sum(understood for _, understood, _ in others),
        "answers_uncaught": sum(uncaught for _, _, uncaught in others),
    }


def _asked(name: str, inputs: st.SearchStrategy[Any], holds: Callable[[Any], bool], count: int) -> tuple[int, int, int]:
    """(Inputs, those understood, different failures) of one kind of input."""
    asked = understood = uncaught = 0

    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def ask(one: Any) -> None:
        nonlocal asked, understood
        asked += 1
        understood += holds(one)
        if asked % SAY_EVERY == 0:
            say(f"decoder: {asked} {name}")

    try:
        ask()
    except BaseExceptionGroup as problems:
        uncaught = len(problems.exceptions)
        traceback.print_exception(problems)
    except Exception as problem:
        uncaught = 1
        traceback.print_exception(problem)
    say(f"decoder: {asked} {name}, {understood} understood, {uncaught} failures")
    return asked, understood, uncaught


def _atheris(options: argparse.Namespace, _: ProgramResult) -> dict[str, Any]:
    if importlib.util.find_spec("atheris") is None:
        say("atheris: SKIPPED, there is no wheel of it for this machine and Python; nothing was fuzzed")
        return {"atheris_runs": 0, "atheris_seconds": 0, "atheris_uncaught": 0, "atheris_skipped": True}
    with tempfile.TemporaryDirectory(prefix="cdb-proofs-") as folder:
        code, kept = _fuzz(options.seconds, folder)
        findings = sorted(Path(folder).glob("finding-*"))
        for finding in findings:
            say(f"atheris: input {finding.read_bytes().hex()}")
    if code:
        say(f"atheris: ended with exit code {code}:\n" + "".join(kept))
    runs = next((int(line.split()[-1]) for line in kept if "number_of_executed_units" in line), 0)
    uncaught = max(len(findings), int(code != 0 or not runs))
    say(f"atheris: {runs} runs in {options.seconds} s, {uncaught} findings")
    return {"atheris_runs": runs, "atheris_seconds": options.seconds, "atheris_uncaught": uncaught}


def _fuzz(seconds: int, folder: str) -> tuple[int, list[str]]:
    """(Exit code, last lines) of the fuzzer."""
    command = [sys.executable, "-m", "proofs.hostile.fuzzing", str(seconds), folder]
    kept: deque[str] = deque(maxlen=LINES_KEPT)
    with undisturbed():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                kept.append(line)
                if line.startswith("#") and "pulse" in line:
                    say(f"atheris: {line.strip()}")
        finally:
            process.terminate()
    return process.returncode, list(kept)


def _risk(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return {"risk": run_part(told, "proofs.risk_properties", "--cases", str(options.cases))}


def _life(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return {"life": run_part(told, "proofs.order_life.run", "--steps", str(options.steps))}


def _soak(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return {"soak": run_part(told, "proofs.soak.run", "--minutes", str(options.minutes))}


def _api(options: argparse.Namespace, told: ProgramResult) -> dict[str, Any]:
    return {"api": run_part(told, "proofs.api_fuzz", "--examples", str(options.examples))}


PARTS: dict[str, Callable[[argparse.Namespace, ProgramResult], dict[str, Any]]] = {
    "decoder": _decoder,
    "atheris": _atheris,
    "life": _life,
    "risk": _risk,
    "api": _api,
    "soak": _soak,
}


if __name__ == "__main__":
    sys.exit(main())
