"""docs/operations.md is copied from with sleep in one's eyes: every command of it exists and takes what is shown."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backoffice.automation.code_figures import ROOT

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
# As a whole line of an indented block, or between backticks.
LINES = re.findall(r"^    (\S.*)$", PAGE, re.MULTILINE) + re.findall(r"`([^`]+)`", PAGE)
MAKES = sorted({line.partition("#")[0].strip() for line in LINES if re.match(r"(LOG_FORMAT=\w+ )?make ", line)})
COMPOSES = sorted({line.partition(" #")[0].strip() for line in LINES if line.startswith("docker compose ")})
CHAPTERS = (
    "Install", "First login", "From the simulated exchange to MEXC", "Every day", "Monitoring", "Logs", "Backup",
    "Restore", "Upgrade", "Redis users", "Scale-out", "Troubleshooting", "Alerts of Prometheus",
)  # fmt: skip


def test_the_page_has_the_chapters_somebody_looks_for() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE, re.MULTILINE)) == CHAPTERS


@pytest.mark.parametrize("line", MAKES)
def test_a_make_line_names_a_target_and_variables_that_its_recipe_takes(line: str) -> None:
    words = shlex.split(line.replace("…", "x"))
    target = next(word for word in words[words.index("make") + 1 :] if "=" not in word)
    known = re.search(rf"^{target}:.*\n(?:\t.*\n)+", MAKEFILE, re.MULTILINE)

    assert known, target
    recipe = known[0] + (MAKEFILE if "$(MARKET_OPTIONS)" in known[0] else "")
    for word in words[words.index(target) + 1 :]:
        assert f"$({word.partition('=')[0]})" in recipe, word


@pytest.mark.parametrize("line", MAKES)
def test_make_itself_takes_the_line(line: str) -> None:
    words = [word for word in shlex.split(line.replace("…", "x")) if not word.startswith("LOG_FORMAT")]

    done = subprocess.run([words[0], "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", COMPOSES)
def test_a_line_of_containers_names_containers_and_profiles_of_the_compose_file(line: str) -> None:
    words = shlex.split(line.replace("…", "x").partition("|")[0].partition("<")[0].partition(">")[0])
    profiles = {profile for container in COMPOSE["services"].values() for profile in container.get("profiles", ())}
    named = {word.partition(":")[0].partition("=")[0] for word in words if re.match(r"cdb_[a-z_]+", word)}

    assert named <= set(COMPOSE["services"])
    for flag, value in zip(words, words[1:], strict=False):
        assert flag != "--profile" or value in profiles


def test_lines_of_each_kind_were_found() -> None:
    assert len(MAKES) >= 10
    assert len(COMPOSES) >= 15


def test_every_file_of_this_machine_that_is_named_is_where_the_starter_puts_it() -> None:
    named = set(re.findall(r"`\.cdb/run/([\w/.]+)`", PAGE))

    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cdb_site/local").glob("*.py"))
    assert named == {"secrets.json", "prometheus", "logs/postgres.log"}
    assert all(f'"{Path(name).name}"' in sources for name in named)
