"""The configuration reference: the example file, the tables and the check command follow the list of variables."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from dotenv import dotenv_values

from cdb_site import env
from cdb_site.management.commands import print_env

CHECKOUT = Path(__file__).resolve().parents[3]
START, END = "<!-- configuration -->\n", "<!-- /configuration -->"


def printed(form: str) -> str:
    output = io.StringIO()
    call_command("print_env", format=form, stdout=output)
    return output.getvalue()


def check_env(*arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "backoffice/automation/check_env.py", *arguments]
    environ = {"PATH": os.environ["PATH"], **values}
    return subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)


def test_the_example_file_is_what_print_env_prints() -> None:
    assert (CHECKOUT / ".env.example").read_text() == printed("env")


def test_the_tables_of_the_documents_are_what_print_env_prints() -> None:
    _, _, rest = (CHECKOUT / "docs/configuration.md").read_text().partition(START)

    assert rest.partition(END)[0].strip() == printed("markdown").strip()


def test_the_example_file_sets_nothing_until_a_line_is_uncommented() -> None:
    assert dotenv_values(CHECKOUT / ".env.example") == {}


def test_the_uncommented_example_gives_exactly_the_defaults() -> None:
    names = [name for name, _, _ in env.rows()]
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    text = "\n".join(line[1:] for line in lines if line[1:].partition("=")[0] in names)

    values = {name: value or "" for name, value in dotenv_values(stream=io.StringIO(text)).items()}

    assert list(values) == names
    assert replace(env.read({**values, "ENV": "demo"}), ENV="dev") == env.Environment()


def test_the_effects_of_env_stand_in_the_tables_as_they_are_in_the_code() -> None:
    heads, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in print_env.effects_table()]

    told = {row[0].strip("`"): dict(zip(heads[1:], row[1:], strict=True)) for row in rows}

    assert set(told) == set(env.EFFECTS)
    for mode, effects in env.EFFECTS.items():
        assert told[mode] == {name.replace("_", " "): "yes" if value else "no" for name, value in vars(effects).items()}


def test_check_env_says_ok_for_settings_that_can_be_used() -> None:
    done = check_env(ENV="demo")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("OK: ENV=demo")


def test_check_env_names_the_problem_and_fails() -> None:
    done = check_env(ENV="demo", STOP_LOSS_PCT="2")

    assert done.returncode == 1
    assert "STOP_LOSS_PCT" in done.stdout
    assert "0.01 means 1 %" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_check_env_reads_the_file_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    path.write_text("# mine\nexport ENV='demo'\nTOP_N=none # a comment\n")

    done = check_env(str(path))

    assert done.returncode == 1
    assert f"error: {path}:3: TOP_N: expected a whole number" in done.stdout


def test_check_env_tells_all_problems_of_all_files_without_a_value_and_without_needing_secrets(tmp_path: Path) -> None:
    first, second = tmp_path / "one.env", tmp_path / "two.env"
    first.write_text("ENV=dev\nTOP_N=canary-1\nTOP_N=5\nREDIS_PASSWORD='canary-2\nSTOP_LOSS_PCT=7\n")
    second.write_text("ENV=demo\nUNIVERSE_SIZ=3\n")

    done = check_env(str(first), str(second))

    told = re.findall(r"error: \S+/(\w+\.env)(?::(\d+))?: (\w+):", done.stdout)
    assert done.returncode == 1
    assert told == [
        ("one.env", "2", "TOP_N"), ("one.env", "3", "TOP_N"), ("one.env", "4", "REDIS_PASSWORD"),
        ("one.env", "5", "STOP_LOSS_PCT"), ("one.env", "", "SECRET_KEY"), ("one.env", "", "POSTGRES_PASSWORD"),
        ("two.env", "2", "UNIVERSE_SIZ"),
    ]  # fmt: skip
    assert "canary" not in done.stdout + done.stderr


def test_check_env_and_the_start_agree(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text('ENV=demo\nSTOP_LOSS_PCT="0.005\nTOP_N: 3\n')

    checked = [line.removeprefix("error: ") for line in check_env(str(path)).stdout.splitlines()]

    with pytest.raises(env.EnvironmentProblem) as caught:
        env.read_with_file(path)
    assert checked == str(caught.value).splitlines()


def test_the_check_of_make_run_asks_for_no_secret_that_it_would_make(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("INTERVAL=60m\nQUOTE_ASSET=BTC\n")

    by_hand, by_make = check_env(str(path)), check_env("--local", str(path))

    assert by_hand.returncode == 1
    assert {"SECRET_KEY", "LOOKBACK_MINUTES"} <= set(re.findall(r": ([A-Z_]+): ", by_hand.stdout))
    assert (by_make.returncode, by_make.stderr) == (0, "")


@pytest.mark.parametrize("line", ["SECRET_KEY=short", "SECRET_KEY_FILE=absent", "TOP_N=none", "LOOKBACK_MINUTES=7"])
def test_the_check_of_make_run_refuses_what_its_start_would_refuse(tmp_path: Path, line: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"INTERVAL=5m\n{line}\n")

    done = check_env("--local", str(path))

    assert done.returncode == 1
    assert f"{line.partition('=')[0]}: " in done.stdout


def test_the_settings_are_checked_before_make_run_starts_and_before_every_commit() -> None:
    recipe = (CHECKOUT / "Makefile").read_text().partition("\nrun:")[2].partition("\n\n")[0].splitlines()
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

    assert recipe[1].strip() == "@$(PY) backoffice/automation/check_env.py --local"
    assert "cdb_site.local run" in recipe[2]
    [hook] = [hook for hook in hooks if "check_env.py --local" in hook["entry"]]
    assert hook["always_run"] is True
    assert hook["pass_filenames"] is False


def test_both_checks_and_the_example_know_the_same_names() -> None:
    names = [name for name, _, _ in env.rows()]
    powershell = (CHECKOUT / "backoffice/automation/check_env.ps1").read_text()

    assert check_env("--names").stdout.split() == names
    assert re.findall(r"^#([A-Z0-9_]+)=", (CHECKOUT / ".env.example").read_text(), re.MULTILINE) == names
    # It can know neither more nor less: it names no setting and hands all its arguments on.
    assert not set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", powershell)) & set(names)
    assert re.search(r"^& \$python\.Source \(Join-Path \$PSScriptRoot 'check_env\.py'\) @args$", powershell, re.M)
    assert powershell.rstrip().endswith("exit $LASTEXITCODE")


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="NOT RUN: no pwsh")
@pytest.mark.parametrize("arguments", [["--names"], ["--local"], ["absent.env"], ["backoffice/demo.env"]])
def test_the_check_in_powershell_says_what_the_one_in_python_says(arguments: list[str]) -> None:
    command = ["pwsh", "-NoProfile", "-File", "backoffice/automation/check_env.ps1", *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "ENV": "demo"}

    said = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    wanted = check_env(*arguments, ENV="demo")

    assert (said.returncode, said.stdout.split()) == (wanted.returncode, wanted.stdout.split())


def test_the_files_of_the_checkout_pass_the_check() -> None:
    done = check_env("backoffice/demo.env", ".env.example", ENV="demo")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("OK: ") == 2


def test_the_readme_points_to_the_configuration() -> None:
    assert "(docs/configuration.md)" in (CHECKOUT / "README.md").read_text()


def test_check_env_says_when_the_file_is_not_there(tmp_path: Path) -> None:
    done = check_env(str(tmp_path / "absent.env"), ENV="demo")

    assert done.returncode == 1
    assert "absent.env" in done.stdout


@pytest.mark.parametrize("form", ["env", "markdown"])
def test_the_reference_shows_no_secret_of_this_process(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "canary-8f2d")

    assert "canary-8f2d" not in printed(form)


def test_a_mode_that_is_not_in_force_is_a_note_and_no_refusal(tmp_path: Path) -> None:
    path = tmp_path / "live.env"
    path.write_text("ENV=demo\nEXECUTION_MODE=LIVE\nVENUE=MEXC\n")

    done = check_env(str(path))

    assert done.returncode == 0
    assert "note: EXECUTION_MODE=LIVE, but orders are paper; missing here: MEXC_API_KEY, MEXC_API_SECRET" in done.stdout
    assert "LIVE_TRADING" in done.stdout


def test_a_mode_whose_keys_are_all_here_has_no_note(tmp_path: Path) -> None:
    path = tmp_path / "test.env"
    path.write_text("ENV=demo\nEXECUTION_MODE=TEST\nVENUE=MEXC\nMEXC_API_KEY=one\nMEXC_API_SECRET=two\n")

    assert "note" not in check_env(str(path)).stdout
