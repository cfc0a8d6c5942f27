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
from tests.clusters import WITHOUT_TABLES
from tests.unit.house import sixth_layer

WRITTEN_BY_COMMANDS = {".env.example", "docs/configuration.md"}
NAMED_FOR_READING = {
    "cdb_site/limits_in_force.py",
    "tests/integration/risk/test_limit_bounds.py",
    "tests/unit/house/sixth_layer.py",
}
# Of the replay, what takes a batch through the layers: its long markets say nothing about a recipe.
REPLAY = "tests/unit/replay/test_replay_files.py"
JUDGED_BY = (
    "tests/unit/risk",
    "tests/unit/house/test_german_words.py",
    "tests/unit/house/test_documents.py",
    "tests/unit/house/test_compose.py",
    "tests/unit/cdb_site/test_env_reference.py",
    f"{REPLAY}::test_a_rise_is_bought_its_fall_sold_and_all_is_told",
    f"{REPLAY}::test_a_manifest_repeats_it",
    "tests/integration/risk/test_limit_bounds.py",
)
FOUND_BY = {
    "risk/rules/reasons.py": "tests/unit/risk/test_reasons.py"
    "::test_every_reason_code_written_in_the_risk_modules_has_a_sentence",
    "docker-compose.yml": "tests/unit/house/test_compose.py"
    "::test_a_service_gets_only_variables_that_the_settings_know[execution]",
    "docs/risk_management.md": "tests/unit/risk/test_documents.py"
    "::test_every_layer_has_its_chapter_with_formula_example_and_what_to_do[en]",
}
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


def run(tree: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"ENV": "demo", "PATH": "/usr/bin:/bin", "HOME": str(tree), **variables}
    return subprocess.run([sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what git tracks, and of what Python has compiled of it: a third of what the judges cost."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            for each in [path, *path.parent.glob(f"__pycache__/{path.stem}.*.pyc")]:
                copy = tmp_path / each.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(each, copy)
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


def test_files_of_the_recipe_that_were_forgotten_are_found_each_by_a_test_of_its_own(tree: Path) -> None:
    before = {forgotten: (tree / forgotten).read_text(encoding="utf-8") for forgotten in FOUND_BY}
    sixth_layer.write(tree)
    for forgotten, text in before.items():
        (tree / forgotten).write_text(text, encoding="utf-8")
    documents = run(tree, "manage.py", "write_risk_docs")

    files = [found_by.partition("::")[0] for found_by in FOUND_BY.values()]
    judged = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, **{WITHOUT_TABLES: "1"})

    assert documents.returncode == 0, documents.stderr
    failed = set(re.findall(r"^FAILED (\S+)", judged.stdout, flags=re.MULTILINE))
    assert failed >= set(FOUND_BY.values()), judged.stdout[-3000:]
