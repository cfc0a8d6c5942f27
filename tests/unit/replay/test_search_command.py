"""`manage.py search_parameters` on a folder of files: what it prints, what it refuses, and how it is canceled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command

from backoffice.automation.code_figures import ROOT
from replay.rules.grid import CandleGrid
from tests.unit.replay.test_grid_window import noise_grid

VARYING = ("--set", "THRESHOLD=0.005,0.01", "EXIT=-0.01,0.005", "MIN_VOLUME=0", "--limit", "STOP_LOSS_PCT=0.01,0.02")


def write_files(folder: Path, grid: CandleGrid) -> None:
    for row, symbol in enumerate(grid.symbols):
        lines = [
            f"{grid.opens_s(column)},{close / 100},{close / 100},{close / 100},{close / 100},1000\n"
            for column, close in enumerate(grid.close[row].tolist())
            if close
        ]
        (folder / f"{symbol}-1m.csv").write_text("".join(lines))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("candles")
    write_files(folder, noise_grid(periods=2 * 1440, seed=5))
    return folder


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(site, "ENVIRONMENT", replace(site.ENVIRONMENT, DATA_DIR=tmp_path, INTERVAL="1m"))
    yield tmp_path


def asked(files: Path, *words: str, **options: Any) -> list[str]:
    output = StringIO()
    call_command("search_parameters", "--files", str(files), "--workers", "1", *words, stdout=output, **options)
    return output.getvalue().splitlines()


def test_a_level_that_is_said_twice_is_one_level(files: Path) -> None:
    text = asked(files, *VARYING[:3], "TOP_N=3,3", "MIN_VOLUME=0")

    assert json.loads(text[-1])["sets"] == 4


def test_a_parameter_that_is_fixed_and_varies_is_refused(files: Path) -> None:
    with pytest.raises(CommandError, match="THRESHOLD was named twice; give all its levels at once"):
        asked(files, *VARYING[:3], "THRESHOLD=0.02")


def test_it_tells_the_best_and_ends_with_a_line_of_json(files: Path) -> None:
    text = asked(files, *VARYING, "--by", "net")

    told = json.loads(text[-1])
    assert text[0] == "6 of 8 sets tried, 2 make no strategy; compared by NET"
    assert (told["tried"], told["refused"], told["canceled"]) == (6, 2, False)
    assert told["best"]["values"].keys() == {"THRESHOLD", "EXIT", "STOP_LOSS_PCT"}
    assert told["decided"]["account"]["net"] == pytest.approx(told["best"]["net"], abs=1e-7)
    assert told["decided"]["trips"]["trips"] == told["best"]["trips"] > 0
    assert told["ranking"][0]["values"] == told["best"]["values"]


def test_a_second_time_it_is_read_and_not_tried(files: Path, data_folder: Path) -> None:
    first = json.loads(asked(files, *VARYING)[-1])
    (kept,) = (data_folder / "searches").glob("*.jsonl")
    before = kept.read_bytes()

    second = json.loads(asked(files, *VARYING)[-1])

    assert kept.read_bytes() == before
    assert first | {"seconds": 0} == second | {"seconds": 0}


def test_a_walk_forward_and_a_map_of_other_axes(files: Path) -> None:
    words = ("--walk-forward", "12h/6h", "--anchored", "--map", "STOP_LOSS_PCT", "threshold")

    told = json.loads(asked(files, *VARYING, *words)[-1])

    parts = told["walk_forward"]["parts"]
    assert len({part["first_s"] for part in parts}) == 1
    assert [part["chosen_s"] for part in parts[1:]] == [part["played_s"] for part in parts[:-1]]
    assert (told["heat_map"]["x"], told["heat_map"]["y"]) == ("STOP_LOSS_PCT", "THRESHOLD")


def test_a_draw_is_a_part_of_the_grid(files: Path) -> None:
    told = json.loads(asked(files, "--set", "MIN_VOLUME=0", "TOP_N=1..20:1", "--random", "4", "--seed", "3")[-1])

    assert (told["sets"], told["tried"]) == (4, 4)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "no parameter varies"),
        (("--set", "THRESHOLD=0.01"), "no parameter varies"),
        (("--set", "TRESHOLD=0.01,0.02"), "TRESHOLD is no parameter"),
        (("--set", "STOP_LOSS_PCT=0.01"), "STOP_LOSS_PCT is a limit; see --limit"),
        (("--set", "THRESHOLD=0.01,2"), "may not exceed 1"),
        (("--set", "THRESHOLD=0.01,0.02", "--walk-forward", "90d"), "not of the form 90d/30d"),
        (("--set", "THRESHOLD=0.01,0.02", "--walk-forward", "90d/30d"), "choose shorter parts"),
        (("--set", "THRESHOLD=0.01,0.02", "--map", "TOP_N", "THRESHOLD"), "TOP_N does not vary"),
        (("--set", "THRESHOLD=0.01,0.02", "--map", "THRESHOLD", "THRESHOLD"), "named twice"),
        (("--set", "THRESHOLD=0.01,0.02", "--rule", "peers"), "only what decides live is searched"),
        (("--set", "THRESHOLD=0.01,0.02", "--random", "0"), "--random: 0 must be at least 1"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(files: Path, words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        asked(files, *words)


def test_ctrl_c_keeps_what_is_done_and_the_next_start_goes_on(files: Path, tmp_path: Path) -> None:
    words = [sys.executable, "manage.py", "search_parameters", "--files", str(files), "--workers", "2", "--progress",
             "--set", "MIN_VOLUME=0", "THRESHOLD=0.004..0.01:0.0002", "--limit",
             "STOP_LOSS_PCT=0.005..0.03:0.001"]  # fmt: skip
    surroundings = {**os.environ, "ENV": "demo", "INTERVAL": "1m", "DATA_DIR": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(words, cwd=ROOT, env=surroundings, **pipes) as begun:
        wait_for_lines(tmp_path / "searches", 20)
        os.killpg(begun.pid, signal.SIGINT)
        output, errors = begun.communicate(timeout=60)

    told = json.loads(output.splitlines()[-1])
    assert begun.returncode == 130, errors
    assert told["canceled"]
    assert 0 < told["tried"] < told["sets"] == 31 * 26
    (kept,) = (tmp_path / "searches").glob("*.jsonl")
    assert len(kept.read_text().splitlines()) == told["tried"] + 1
    assert "Canceled; what was tried is kept." in errors


def wait_for_lines(folder: Path, count: int) -> None:
    for _ in range(1200):
        if sum(len(path.read_bytes().splitlines()) for path in folder.glob("*.jsonl")) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("nothing was tried")
