"""CONTRIBUTING's recipe of a risk layer, followed to the letter in a copy of the tree: complete, and nothing too much.

What a recipe does not name stays as it is; what it names is needed. The house's own tests then judge the copy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backoffice.automation.code_figures import ROOT
from tests.unit.house import sixth_layer

WRITTEN_BY_COMMANDS = {".env.example", "docs/configuration.md"}
NAMED_FOR_READING = {
    "cdb_site/limits_in_force.py",
    "tests/integration/risk/test_limit_bounds.py",
    "tests/unit/house/sixth_layer.py",
}
JUDGED_BY = (
    "tests/unit/risk",
    "tests/unit/house/test_german_words.py",
    "tests/unit/house/test_documents.py",
    "tests/unit/house/test_compose.py",
    "tests/unit/cdb_site/test_env_reference.py",
    "tests/unit/replay",
    "tests/integration/risk/test_limit_bounds.py",
)
pytestmark = pytest.mark.timeout(400)


def recipe(*titles: str) -> set[str]:
    """Every file that these paragraphs of CONTRIBUTING name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named: set[str] = set()
    for title in titles:
        paragraph = text[text.index(title) :].split("\n\n")[0]
        named |= set(re.findall(r"`([\w./-]+\.(?:py|js|md|yml|example))`", paragraph))
        named |= set(re.findall(r"> (\.env\.example)", paragraph))
    return named


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"ENV": "demo", "PATH": "/usr/bin:/bin", "HOME": str(tree)}
    return subprocess.run([sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_the_recipe_of_a_layer_names_what_a_layer_touches_and_nothing_else() -> None:
    named = recipe("**a risk layer**", "…and a layer's words", "**a limit**", "**a setting**")
    in_the_folder = {"risk/rules/layers/cash_reserve.py", "risk/rules/layers/__init__.py"}

    assert "risk/rules/layers/" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(sixth_layer.EDITS) - in_the_folder == named - WRITTEN_BY_COMMANDS - NAMED_FOR_READING
    assert named >= WRITTEN_BY_COMMANDS | NAMED_FOR_READING


def test_a_sixth_layer_written_by_the_recipe_passes_the_houses_tests(tree: Path) -> None:
    sixth_layer.write(tree)
    made = run(tree, "-W", "ignore", "manage.py", "makemigrations", "risk", "--name", "cash_reserve")
    documents = run(tree, "manage.py", "write_risk_docs")
    example = run(tree, "manage.py", "print_env", "--format", "env")
    (tree / ".env.example").write_text(example.stdout, encoding="utf-8")
    tables = run(tree, "manage.py", "print_env", "--format", "markdown").stdout
    page = tree / "docs" / "configuration.md"
    marks = r"(<!-- configuration -->\n).*(<!-- /configuration -->)"
    page.write_text(
        re.sub(marks, lambda found: found[1] + tables + found[2], page.read_text(encoding="utf-8"), flags=re.DOTALL),
        encoding="utf-8",
    )

    judged = run(tree, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *JUDGED_BY)

    assert (made.returncode, documents.returncode, example.returncode) == (0, 0, 0), made.stderr + documents.stderr
    assert judged.returncode == 0, judged.stdout[-6000:] + judged.stderr[-2000:]


@pytest.mark.parametrize("forgotten", ["risk/rules/reasons.py", "docker-compose.yml", "docs/risk_management.md"])
def test_a_file_of_the_recipe_that_was_forgotten_is_found(tree: Path, forgotten: str) -> None:
    before = (tree / forgotten).read_text(encoding="utf-8")
    sixth_layer.write(tree)
    (tree / forgotten).write_text(before, encoding="utf-8")

    judged = run(tree, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *JUDGED_BY[:4])

    assert judged.returncode == 1, judged.stdout[-3000:]
