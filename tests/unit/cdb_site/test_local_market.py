"""Which profile a market's books are kept in, and that what nobody can play is refused before anything starts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from cdb_site.env import Environment
from cdb_site.local import market
from cdb_site.local.cli import main
from cdb_site.local.problems import LocalProblem

SAMPLES = Path(__file__).parents[1] / "mexc_sim" / "samples"
CANDLES = "open_time,open,high,low,close,volume\n2026-01-05T00:00:00Z,1,1,1,1,5\n2026-01-05T00:01:00Z,1,1,1,1,5\n"


def recording(folder: Path, content: str = CANDLES) -> dict[str, str]:
    """Settings that play one minute file of this folder."""
    folder.mkdir(parents=True)
    (folder / "AAAUSDT-1m.csv").write_text(content)
    return {"SIM_DATA": str(folder)}


def profile_of_before(home: Path, folder: Path, *, ran_at_s: float) -> Path:
    """A profile named after the folder alone, whose exchange played this folder and wrote its clock last then."""
    former = home / f"demo-{folder.name}"
    former.mkdir(parents=True)
    clock = former / "mexc_sim.json"
    clock.write_text(json.dumps({"market": {"source": str(folder.resolve())}}))
    os.utime(clock, (ran_at_s, ran_at_s))
    return former


def test_folders_of_one_name_with_other_candles_have_accounts_of_their_own(tmp_path: Path) -> None:
    january = recording(tmp_path / "jan" / "candles")
    february = recording(tmp_path / "feb" / "candles", CANDLES.replace("2026-01", "2026-02"))

    names = [market.profile("demo", given, tmp_path / "home") for given in (january, february)]

    assert names[0] != names[1]
    assert all(name.startswith("demo-candles-") for name in names)


def test_the_same_candles_elsewhere_are_the_same_market_and_changed_ones_another(tmp_path: Path) -> None:
    given = recording(tmp_path / "here" / "candles")
    before = market.profile("demo", given, tmp_path / "home")
    shutil.copytree(tmp_path / "here", tmp_path / "there")

    moved = market.profile("demo", {"SIM_DATA": str(tmp_path / "there" / "candles")}, tmp_path / "home")
    (tmp_path / "here" / "candles" / "AAAUSDT-1m.csv").write_text(CANDLES.replace(",5", ",6"))
    changed = market.profile("demo", given, tmp_path / "home")

    assert moved == before
    assert changed != before


def test_what_is_not_played_does_not_tell_markets_apart(tmp_path: Path) -> None:
    given = recording(tmp_path / "candles")
    before = market.profile("demo", given, tmp_path / "home")
    (tmp_path / "candles" / "README.md").write_text("notes")

    assert market.profile("demo", given, tmp_path / "home") == before


def test_the_profile_of_an_unchanged_folder_goes_on_and_stays_its_own(tmp_path: Path) -> None:
    given, home = recording(tmp_path / "jan" / "candles"), tmp_path / "home"
    written_s = (tmp_path / "jan" / "candles" / "AAAUSDT-1m.csv").stat().st_ctime
    profile_of_before(home, tmp_path / "jan" / "candles", ran_at_s=written_s + 10)

    first = market.profile("demo", given, home)
    other = market.profile("demo", recording(tmp_path / "feb" / "candles", CANDLES.replace(",5", ",6")), home)
    (tmp_path / "jan" / "candles" / "AAAUSDT-1m.csv").write_text(CANDLES.replace(",5", ",7"))
    changed = market.profile("demo", given, home)

    assert first == "demo-candles"
    assert len({first, other, changed}) == 3


@pytest.mark.parametrize("other_folder", [False, True])
def test_the_profile_of_a_folder_that_was_changed_since_or_is_another_does_not_go_on(
    tmp_path: Path, other_folder: bool
) -> None:
    given, home = recording(tmp_path / "candles"), tmp_path / "home"
    written_s = (tmp_path / "candles" / "AAAUSDT-1m.csv").stat().st_ctime
    folder = tmp_path / "elsewhere" / "candles" if other_folder else tmp_path / "candles"
    profile_of_before(home, folder, ran_at_s=written_s + (10 if other_folder else -10))

    assert market.profile("demo", given, home) != "demo-candles"


@pytest.mark.parametrize(
    ("sample", "interval", "told"),
    [
        ("rec_none", "1m", "AAAUSDT-1h.csv: interval 60m, not INTERVAL=1m"),
        ("rec_none", "60m", "AAAUSDT-1h.csv line 3: open_time: '1774569660000' cannot be used; no 60m candle opens"),
        ("rec_z", "5m", "nothing to play"),
    ],
)
def test_a_recording_that_cannot_be_played_is_refused_with_file_and_remedy(
    sample: str, interval: str, told: str
) -> None:
    environment = Environment(ENV="demo", SIM_DATA=str(SAMPLES / sample), INTERVAL=interval)

    with pytest.raises(LocalProblem) as refused:
        market.check(environment)

    assert told in str(refused.value)


@pytest.mark.parametrize(("sample", "interval"), [("rec_z", "60m"), ("rec_naive", "60m"), ("rec_ms", "1m")])
def test_a_recording_that_the_importer_can_read_is_played(sample: str, interval: str) -> None:
    market.check(Environment(ENV="demo", SIM_DATA=str(SAMPLES / sample), INTERVAL=interval))


def test_the_demo_refuses_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = recording(tmp_path / "candles", CANDLES.replace("00:01:00Z", "00:00:30Z"))["SIM_DATA"]

    code = main(["demo", "--data", data, "--data-dir", str(tmp_path / "profile")])

    assert code == 1
    assert "AAAUSDT-1m.csv line 3: open_time" in capsys.readouterr().err
    assert not (tmp_path / "profile").exists()
