"""No template and no module of a page shows words that cannot be translated."""

from __future__ import annotations

from pathlib import Path

import pytest

from backoffice.automation.code_figures import ROOT
from tests.unit.house.seen_words import in_module, in_python, in_template

TEMPLATES = [path for path in ROOT.glob("*/**/templates/**/*.html") if ".venv" not in path.parts]
MODULES = [
    path for path in (ROOT / "dashboard" / "static" / "dashboard" / "js").rglob("*.js") if "vendor" not in path.parts
]


# Where pages are made; zones are named as everywhere, the vendored modules' maker and the commands speak to developers.
PAGES = [
    path
    for path in (ROOT / "dashboard").rglob("*.py")
    if not {"migrations", "management", "vendor"} & set(path.parts)
    and path.name not in ("apps.py", "models.py", "views.py", "zones.py")
]
# Not words: a header of HTTP.
NO_WORDS = {"no-cache"}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=place)
def test_a_template_says_nothing_that_cannot_be_translated(path: Path) -> None:
    assert in_template(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_of_the_page_says_nothing_that_cannot_be_translated(path: Path) -> None:
    assert in_module(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=place)
def test_the_python_of_a_page_says_nothing_that_cannot_be_translated(path: Path) -> None:
    assert set(in_python(path.read_text(encoding="utf-8"))) <= NO_WORDS


def test_words_that_cannot_be_translated_are_seen_wherever_they_are() -> None:
    template = '<p title="Close">{% translate "Said" %} <b>{{ row.name }}</b> open<!-- not shown --></p>'
    module = (
        'const A = _("Said"); const B = ["Time"]; html`<b class="big">No ${x ? html`order` : `a b`}</b>`; // The end'
    )

    python = 'A = _("Said")\nlog.info("The end of it")\ndef f():\n    """Not shown."""\n    return f"No {A}", "Close"'

    assert in_python(python) == ["Close", "No "]
    assert in_template(template) == ["Close", "open"]
    assert sorted(in_module(module)) == ["No", "Time", "order"]
