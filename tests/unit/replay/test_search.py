"""A search over parameters: every set once on all cores, kept as it goes, judged at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backoffice.automation.code_figures import ROOT
from replay.rules.candidates import candidates
from replay.rules.grid import CandleGrid
from replay.rules.grid_window import window
from replay.rules.parameter_space import playable, space_of
from replay.rules.parameters import applied
from replay.rules.search_result import SearchResult
from replay.rules.settings import ReplaySettings
from replay.rules.walk_forward import lengths_of, splits
from replay.search import SearchMeans, SearchPlan, basis, key_of, search
from replay.search_workers import TrialSpan
from replay.trial_store import SearchRunning, TrialStore
from tests.unit.replay import stand_in
from tests.unit.replay.test_grid_window import noise_grid
from tests.unit.replay.test_settings import make_settings

TEXTS = ("THRESHOLD=0.005,0.01", "STOP_LOSS_PCT=0.002..0.008:0.002", "EXIT=-0.01,0.005")


def grid() -> CandleGrid:
    """Three days of minutes."""
    return noise_grid(periods=3 * 1440, seed=5)


def settings() -> ReplaySettings:
    return make_settings()


def plan(*texts: str, walk: str = "", **values: Any) -> SearchPlan:
    space = space_of(texts or TEXTS)
    places, refused = playable(space, space.grid(), settings())
    here = grid()
    cut = splits(here.opens_s(0), here.closes_s(here.periods - 1), lengths_of(walk)) if walk else ()
    usual = {"objective": "NET", "splits": cut} | values
    return SearchPlan(settings=settings(), space=space, places=places, sets=len(places) + refused, **usual)


def means(folder: Path, **values: Any) -> SearchMeans:
    usual: dict[str, Any] = {"try_set": stand_in.try_set, "play": stand_in.play, "revision": "1", "workers": 1}
    return SearchMeans(folder=folder, **usual | values)


class Counting:
    """Notes progress; asks to stop once so many sets are done."""

    def __init__(self, stop_at: int = 10**9) -> None:
        self.seen: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def progress(self, done: int, total: int) -> None:
        self.seen.append((done, total))

    def stopped(self) -> bool:
        return bool(self.seen) and self.seen[-1][0] >= self.stop_at


def test_every_set_has_the_figures_that_it_has_alone(tmp_path: Path) -> None:
    here, asked = grid(), plan()

    found = search(here, None, asked, means(tmp_path, workers=2))

    assert len(found.figures) == len(asked.places) == 12
    assert (found.sets, found.refused) == (16, 4)  # an exit is none at its threshold
    for place, figures in found.figures.items():
        alone = applied(settings(), asked.space.values(place))
        assert figures == stand_in.try_set(here, candidates(here, alone.strategy), alone, here.opens_s(0))
    assert len({figures.net for figures in found.figures.values()}) > 6


def test_the_best_is_replayed_decided_and_all_of_it_is_json(tmp_path: Path) -> None:
    found = search(grid(), None, plan(), means(tmp_path))

    assert found.best is not None and found.decided is not None and found.peak is not None
    assert found.best.net == max(one.net for one in found.figures.values())
    assert found.decided.account is not None
    assert found.decided.account.net == pytest.approx(found.best.net)
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["best"]["values"].keys() == {"THRESHOLD", "STOP_LOSS_PCT", "EXIT"}
    assert (told["tried"], told["refused"], told["canceled"]) == (12, 4, False)
    assert told["overfit"] is None  # three days
    assert [row["score"] for row in told["ranking"]] == sorted([row["score"] for row in told["ranking"]], reverse=True)


def test_a_search_leaves_no_candles_behind(tmp_path: Path) -> None:
    search(grid(), None, plan(), means(tmp_path))

    assert [path.suffix for path in tmp_path.iterdir()] == [".jsonl"]


def tried_again(tmp_path: Path, asked: SearchPlan, told: Path, monkeypatch: pytest.MonkeyPatch, **values: Any) -> int:
    """How many sets were begun."""
    monkeypatch.setenv("STAND_IN_TOLD", str(told))
    before = len(told.read_text().splitlines()) if told.exists() else 0
    search(grid(), None, asked, means(tmp_path, try_set=stand_in.try_slowly, **values))
    return len(told.read_text().splitlines()) - before if told.exists() else 0


def test_what_was_tried_is_not_tried_again_and_new_levels_alone_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, folder = tmp_path / "told", tmp_path / "searches"
    first, wider = plan("STOP_LOSS_PCT=0.01,0.02,0.03"), plan("STOP_LOSS_PCT=0.01,0.02,0.03,0.04,0.05")

    assert tried_again(folder, first, told, monkeypatch) == 3
    assert tried_again(folder, first, told, monkeypatch) == 0
    assert tried_again(folder, wider, told, monkeypatch) == 2


def test_other_settings_another_revision_and_other_candles_have_a_basis_of_their_own() -> None:
    asked = plan()
    changed = (
        replace(asked.settings, spread_bps=Decimal(3)),
        replace(asked.settings, layers=asked.settings.layers[1:]),
        replace(asked.settings, starting_cash=Decimal(7)),
        replace(asked.settings, fill="OPEN"),
        replace(asked.settings, after_halt=90),
        applied(asked.settings, {"TOP_N": Decimal(3)}),
        applied(asked.settings, {"MAX_POSITION_PCT": Decimal("0.2")}),
    )

    bases = [basis(replace(asked, settings=one), "candles", "1") for one in (asked.settings, *changed)]
    bases += [basis(asked, "others", "1"), basis(asked, "candles", "2")]

    assert len({json.dumps(one, sort_keys=True) for one in bases}) == len(changed) + 3


def test_what_varies_is_no_basis_so_that_levels_can_be_added() -> None:
    asked = plan("STOP_LOSS_PCT=0.01,0.02")
    moved = replace(asked, settings=applied(asked.settings, {"STOP_LOSS_PCT": Decimal("0.3")}))

    assert basis(asked, "candles", "1") == basis(moved, "candles", "1")


def test_a_canceled_search_keeps_what_is_done_and_goes_on_with_the_rest(tmp_path: Path) -> None:
    stopping, going_on = Counting(stop_at=1), Counting()
    asked = plan("STOP_LOSS_PCT=0.01..0.4:0.005", objective="NET")

    halted = search(
        grid(), None, asked, means(tmp_path, progress=stopping.progress, stopped=stopping.stopped, workers=2)
    )
    finished = search(grid(), None, asked, means(tmp_path, progress=going_on.progress))

    done = len(halted.figures)
    assert halted.canceled and halted.decided is None
    assert 0 < done < len(asked.places)
    assert not finished.canceled
    assert going_on.seen[0] == (done, len(asked.places))
    assert going_on.seen[-1] == (len(asked.places), len(asked.places))
    assert finished.as_json() == search(grid(), None, asked, means(tmp_path / "other")).as_json()


KILLED = """
from pathlib import Path
from tests.unit.replay import stand_in
from tests.unit.replay.test_search import grid, means, plan, search
if __name__ == "__main__":
    asked = plan("STOP_LOSS_PCT=0.001..0.2:0.01")
    search(grid(), None, asked, means(Path({folder!r}), try_set=stand_in.try_slowly, workers=2))
"""


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def killed_after(tmp_path: Path, begun: int) -> None:
    """A search in a process of its own, killed once so many sets more were begun; its workers end by themselves."""
    told, script = tmp_path / "told", tmp_path / "killed.py"
    script.write_text(KILLED.format(folder=str(tmp_path / "searches")))
    told_before = len(lines(told))
    surroundings = {**os.environ, "STAND_IN_TOLD": str(told), "STAND_IN_SLOW_S": "0.1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script)], env=surroundings, cwd=ROOT) as process:
        until(lambda: len(lines(told)) >= told_before + begun)
        process.kill()
    settled = -1
    while settled != len(lines(told)):
        settled = len(lines(told))
        time.sleep(0.5)


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_a_search_that_is_killed_twice_goes_on_to_the_result_of_one_that_was_not(tmp_path: Path) -> None:
    asked = plan("STOP_LOSS_PCT=0.001..0.2:0.01")
    killed_after(tmp_path, begun=11)
    killed_after(tmp_path, begun=5)
    counting = Counting()

    found = search(grid(), None, asked, means(tmp_path / "searches", progress=counting.progress))

    assert len(lines(tmp_path / "told")) < len(asked.places) + 16  # workers did not go on without their parent
    assert 0 < counting.seen[0][0] < len(asked.places)
    assert found.as_json() == search(grid(), None, asked, means(tmp_path / "other")).as_json()


def test_canceled_before_the_first_set_it_says_so_and_judges_nothing(tmp_path: Path) -> None:
    found = search(grid(), None, plan(), means(tmp_path, stopped=lambda: True, workers=1))

    assert found.canceled
    assert len(found.figures) <= 8  # the batches that were begun
    json.dumps(found.as_json(), allow_nan=False)


def walked_search(tmp_path: Path) -> SearchResult:
    return search(grid(), None, plan("STOP_LOSS_PCT=0.002..0.008:0.002", walk="24h/12h"), means(tmp_path))


def test_a_walk_forward_plays_the_best_of_the_past_on_what_followed(tmp_path: Path) -> None:
    found = walked_search(tmp_path)

    assert found.walked is not None
    here = grid()
    assert len(found.walked.parts) == 4
    for part in found.walked.parts:
        alone = [
            stand_in.try_set(
                *part_of(here, part.split.first_s, part.split.chosen_s), applied(settings(), values), part.split.first_s
            ).net
            for values in map(found.space.values, found.space.grid())
        ]
        assert part.inside.net == max(alone)
    assert found.walked.path.at_s[0] == here.opens_s(0) + 24 * 3600
    assert found.walked.path.at_s[-1] == here.closes_s(here.periods - 1)


def part_of(here: CandleGrid, first_s: int, after_s: int) -> Any:
    return window(here, candidates(here, settings().strategy), first_s, after_s, settings().strategy.lookback_s)


def test_what_comes_later_does_not_change_what_was_chosen(tmp_path: Path) -> None:
    here, asked = grid(), plan("STOP_LOSS_PCT=0.002..0.008:0.002", walk="24h/12h")
    middle = here.periods // 2
    close = here.close.copy()
    close[:, middle:] = close[:, middle:][:, ::-1]
    other = replace(here, open=close, high=close, low=close, close=close)

    first = search(here, None, asked, means(tmp_path / "a")).walked
    second = search(other, None, asked, means(tmp_path / "b")).walked

    assert first is not None and second is not None
    assert first.parts[0].split == second.parts[0].split
    assert (first.parts[0].values, first.parts[0].inside) == (second.parts[0].values, second.parts[0].inside)
    assert first.parts[3].outside != second.parts[3].outside


def test_of_two_searches_of_the_same_the_second_is_refused(tmp_path: Path) -> None:
    search(grid(), None, plan(), means(tmp_path))
    (kept,) = tmp_path.glob("*.jsonl")
    basis = json.loads(kept.read_text().splitlines()[0])

    with TrialStore(tmp_path, basis), pytest.raises(SearchRunning, match="another search"):
        search(grid(), None, plan(), means(tmp_path))


def test_lines_that_were_cut_or_spoiled_are_tried_again(tmp_path: Path) -> None:
    whole = search(grid(), None, plan(), means(tmp_path)).as_json()
    (kept,) = tmp_path.glob("*.jsonl")
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join([*lines[:3], b'{"spoiled": 1}\n', b"\x00\xff\n", *lines[5:8], lines[8][:20]]))

    counting = Counting()
    again = search(grid(), None, plan(), means(tmp_path, progress=counting.progress))

    assert counting.seen[0] == (5, 12)
    assert again.as_json() == whole


def test_a_file_of_another_basis_is_begun_anew(tmp_path: Path) -> None:
    whole = search(grid(), None, plan(), means(tmp_path)).as_json()
    (kept,) = tmp_path.glob("*.jsonl")
    kept.write_bytes(b"something else\n" + b"".join(kept.read_bytes().splitlines(keepends=True)[1:]))

    counting = Counting()
    again = search(grid(), None, plan(), means(tmp_path, progress=counting.progress))

    assert counting.seen[0] == (0, 12)
    assert again.as_json() == whole


def test_a_universe_counts_as_candles_do(tmp_path: Path) -> None:
    here = grid()
    none = search(here, None, plan(), means(tmp_path))
    nobody = search(here, here.close < 0, plan(), means(tmp_path))

    assert none.best is not None and none.best.trips > 0
    assert {figures.trips for figures in nobody.figures.values()} == {0}


def test_a_trial_is_kept_by_its_span_and_values() -> None:
    values = {"THRESHOLD": Decimal("0.010"), "EXIT": Decimal(0)}

    assert key_of(TrialSpan(60, 120), values) == "60-120,EXIT=0,THRESHOLD=0.01"
