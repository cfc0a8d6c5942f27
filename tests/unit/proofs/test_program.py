"""What a program tells: one JSON line last, no figure that is no number, and a sentence for what it did not do."""

from __future__ import annotations

import json
import os
import signal

import pytest

from cdb_site.local.signals import StopRequested, stop_on_signals, undisturbed
from proofs.rig.program import ProgramResult, run_process, run_program
from proofs.rig.waiting import Unmet


def told_by(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_a_program_that_did_its_work_tells_its_figures_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    def work(told: ProgramResult) -> None:
        told.figures["fills"] = 7

    code = run_program("sample", work)

    assert (code, told_by(capsys)) == (0, {"fills": 7})


def test_a_figure_that_is_no_number_is_null_and_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    def work(told: ProgramResult) -> None:
        told.figures["to_fill_ms"] = {"20": {"p50": float("nan")}, "50": {"p50": 12.5}}

    code = run_program("sample", work)

    line = told_by(capsys)
    assert code == 1
    assert line["to_fill_ms"] == {"20": {"p50": None}, "50": {"p50": 12.5}}
    assert line["failed"] == ["to_fill_ms.20.p50 is no number"]


def test_what_was_found_before_a_failure_is_told_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    def work(told: ProgramResult) -> None:
        told.figures["fills"] = 7
        raise Unmet("the eighth fill did not come")

    code = run_program("sample", work)

    assert (code, told_by(capsys)) == (1, {"fills": 7, "failed": ["the eighth fill did not come"]})


def test_an_error_nobody_expected_is_a_failure_too(capsys: pytest.CaptureFixture[str]) -> None:
    def work(told: ProgramResult) -> None:
        raise ZeroDivisionError("by zero")

    code = run_program("sample", work)

    assert (code, told_by(capsys)) == (1, {"failed": ["ZeroDivisionError: by zero"]})


def test_a_program_asked_to_end_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def work(told: ProgramResult) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    code = run_program("sample", work)

    assert (code, told_by(capsys)) == (1, {"failed": ["stopped by SIGTERM"]})


def test_a_part_that_says_nothing_has_no_figures() -> None:
    code, line = run_process("proofs.no_such_part")

    assert (code, line) == (1, {})


def test_a_signal_waits_until_the_undisturbed_block_is_over() -> None:
    done = []

    with pytest.raises(StopRequested), stop_on_signals(), undisturbed():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("stopped whole")

    assert done == ["stopped whole"]
