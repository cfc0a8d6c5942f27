"""A `.env` file read strictly: what it says, what is refused and how it is named, and that other readers agree."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from cdb_site.env_file import Problem, parsed, read_env_file
from cdb_site.env_variables import KNOWN

VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "settings.env"
    path.write_bytes(content)
    return path


def problem_of(line: str) -> Problem:
    [problem] = parsed(line, KNOWN).problems
    return problem


@pytest.mark.parametrize(("line", "value"), [
    ("TOP_N=3", "3"),
    ("export TOP_N=3", "3"),
    ("  TOP_N = 3  ", "3"),
    ("TOP_N=3 # three", "3"),
    ("TOP_N=3\t# three", "3"),
    ("TOP_N=3#4", "3#4"),
    ("TOP_N=", ""),
    ("TOP_N='3 # 4'", "3 # 4"),
    ('TOP_N="3 # 4" # five', "3 # 4"),
    (r'TOP_N="a \"b\" \\ c"', r'a "b" \ c'),
    (r"TOP_N='a\b $c ${d'", r"a\b $c ${d"),
    ("TOP_N=a=b", "a=b"),
    ("TOP_N=pa$1", "pa$1"),
])  # fmt: skip
def test_a_value_is_what_every_reader_of_such_files_understands(line: str, value: str) -> None:
    found = parsed(line, KNOWN)

    assert (found.values, found.problems) == ({"TOP_N": value}, ())
    assert dotenv_values(stream=io.StringIO(line)) == {"TOP_N": value}


@pytest.mark.parametrize(("line", "name", "remedy"), [
    ("TOP_N: 3", "TOP_N", "NAME=value"),
    ("TOP_N", "TOP_N", "NAME=value"),
    ("= 3", "", "NAME=value"),
    ('TOP_N="3', "TOP_N", "not closed"),
    ("TOP_N='3", "TOP_N", "not closed"),
    ('TOP_N="3"4', "TOP_N", "follows the closing quote"),
    ("TOP_N=${OTHER}", "TOP_N", "single quotes"),
    ('TOP_N="$OTHER"', "TOP_N", "single quotes"),
    (r'TOP_N="a\nb"', "TOP_N", "single quotes"),
    (r"TOP_N='a\\b'", "TOP_N", "backslashes"),
    ("STOP_LOSS_PC=0.005", "STOP_LOSS_PC", "did you mean STOP_LOSS_PCT?"),
    ("MAX_DAILY_DRAWDOWN=0.01", "MAX_DAILY_DRAWDOWN", "did you mean MAX_DAILY_DRAWDOWN_PCT?"),
    ("Max_Position_Pct=0.02", "Max_Position_Pct", "did you mean MAX_POSITION_PCT?"),
    ("SIM_SPEED=10", "SIM_SPEED", "did you mean SIM_SEED?"),
    ("INTERVALL=1m", "INTERVALL", "did you mean INTERVAL?"),
])  # fmt: skip
def test_a_line_that_others_would_read_differently_or_not_at_all_is_refused(line: str, name: str, remedy: str) -> None:
    problem = problem_of(line)

    assert (problem.name, problem.line) == (name, 1)
    assert remedy in problem.text


@pytest.mark.parametrize("line", ["GF_PATHS_DATA=x", "COMPOSE_PROFILES=demo", "PATH=/bin", "# TOP_N: 3", "", "\t"])
def test_names_of_others_and_comments_are_left_alone(line: str) -> None:
    assert parsed(line, KNOWN).problems == ()


def test_a_name_set_twice_is_named_with_both_lines() -> None:
    found = parsed("TOP_N=3\nENV=demo\nTOP_N=4\nGF_PATHS_DATA=a\nGF_PATHS_DATA=b\n", KNOWN)

    assert [(item.name, item.line) for item in found.problems] == [("TOP_N", 3), ("GF_PATHS_DATA", 5)]
    assert "line 1" in found.problems[0].text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, encoding: str, end: str) -> None:
    path = file_of(tmp_path, f"STOP_LOSS_PCT=0.005{end}ENV=demo{end}".encode(encoding))

    found = read_env_file(path, KNOWN)

    assert (found.values, found.problems) == ({"STOP_LOSS_PCT": "0.005", "ENV": "demo"}, ())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_with_its_remedy(tmp_path: Path, encoding: str) -> None:
    [problem] = read_env_file(file_of(tmp_path, "TOP_N=3\n".encode(encoding)), KNOWN).problems

    assert "UTF-16" in problem.text
    assert "UTF-8" in problem.text


def test_text_of_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    [problem] = read_env_file(file_of(tmp_path, b"TOP_N=3\n# Gr\xfc\xdfe\n"), KNOWN).problems

    assert "line 2" in problem.text


def test_a_folder_in_its_place_is_a_problem_and_no_file_is_none(tmp_path: Path) -> None:
    assert read_env_file(tmp_path, KNOWN).problems
    assert read_env_file(tmp_path / "absent", KNOWN).problems == ()


@given(VALUE)
def test_what_is_refused_never_shows_the_value(value: str) -> None:
    secret = "canary" + value

    for problem in parsed(f"POSTGRES_PASSWORD={secret}\nPOSTGRES_PASSWORD: {secret}\n", KNOWN).problems:
        assert "canary" not in str(problem)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_a_surprise(text: str) -> None:
    found = parsed(text, KNOWN)

    assert all(item.line > 0 and item.text for item in found.problems)


@given(VALUE.filter(lambda value: "'" not in value and "\\" not in value))
def test_single_quotes_take_a_value_as_it_stands(value: str) -> None:
    assert parsed(f"POSTGRES_PASSWORD='{value}'", KNOWN).values == {"POSTGRES_PASSWORD": value}
