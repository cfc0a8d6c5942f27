"""The house keeps its habits: short files and functions, one name one thing, pure where it says so, arrows one way."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from backoffice.automation import code_figures

ROOT = code_figures.ROOT
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
SAYS_PURE = re.compile(r"\bPure\b|\ba pure function of\b|\bpure functions of\b")
STRING_IMPORT = re.compile(r"\bimport_string\(|\bimport_module\(|\b__import__\(")
MAY_IMPORT_BY_NAME = {"cdb_site/bus/bootstep.py", "cdb_site/settings.py"}
MAY_LOOK_UP = {"cdb_site/urls.py", "cdb_site/asgi.py"}
FLOORS = [
    ("benchmarks",),
    ("proofs",),
    ("api", "dashboard"),
    ("notifications",),
    ("replay",),
    ("people",),
    ("risk",),
    ("execution", "signals_app"),
    ("mexc_sim",),
    ("marketdata",),
    ("cdb_site",),
]
FLOOR_OF = {room: number for number, rooms in enumerate(reversed(FLOORS)) for room in rooms}


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def product_modules() -> list[Path]:
    """The modules of the rooms, without tests and the scripts of backoffice."""
    return [path for path in code_figures.modules() if place(path).split("/")[0] in FLOOR_OF]


@cache
def imported(path: Path) -> set[str]:
    """The modules of the house that a file imports, by dotted name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in FLOOR_OF}


def contract(name: str) -> dict[str, list[str]]:
    return next(item for item in CONTRACTS["contracts"] if item["name"] == name)


def test_no_file_is_longer_than_its_limit() -> None:
    long = {path: lines for path, lines in code_figures.file_lines().items() if lines > code_figures.FILE_LINES_MAX}

    assert long == {}


def test_no_function_is_longer_than_its_limit() -> None:
    long = [str(item) for item in code_figures.functions() if item.lines > code_figures.FUNCTION_LINES_MAX]

    assert long == []


def test_every_page_module_and_template_is_within_its_limit() -> None:
    front = [*(ROOT / "dashboard").rglob("*.js"), *(ROOT / "dashboard").rglob("*.html")]
    written = [path for path in front if "vendor" not in path.parts and "node_modules" not in path.parts]

    long = [place(path) for path in written if path.read_text(encoding="utf-8").count("\n") > 200]

    assert len(written) > 20
    assert long == []


def test_no_class_has_the_name_of_another() -> None:
    places = defaultdict(list)
    for path in product_modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name != "Command":
                places[node.name].append(place(path))

    twice = {name: found for name, found in places.items() if len(found) > 1}

    assert len(places) > 300
    assert twice == {}


def test_every_module_says_first_what_it_is() -> None:
    silent = [
        place(path)
        for path in product_modules()
        if path.name not in ("__init__.py", "apps.py")
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
        and path.read_text(encoding="utf-8").count("\n") > 20
    ]

    assert silent == []


def test_a_module_that_calls_itself_pure_stands_under_the_contract() -> None:
    pure = contract("Arithmetic knows no Django, Celery, Redis or clock")["source_modules"]
    claims = [
        place(path)[:-3].replace("/", ".")
        for path in product_modules()
        if SAYS_PURE.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        and not place(path).startswith(("proofs/", "benchmarks/"))
    ]

    loose = [name for name in claims if not any(name == held or name.startswith(f"{held}.") for held in pure)]

    assert len(claims) > 10
    assert loose == []


@pytest.mark.parametrize("path", product_modules(), ids=place)
def test_imports_run_down_and_nothing_below_knows_the_proofs(path: Path) -> None:
    floor = FLOOR_OF[place(path).split("/")[0]]

    up = {name for name in imported(path) if FLOOR_OF[name.split(".")[0]] > floor}

    if place(path) not in MAY_LOOK_UP:
        assert up == set()


def test_nothing_is_imported_by_a_string() -> None:
    found = [
        place(path)
        for path in product_modules()
        if place(path) not in MAY_IMPORT_BY_NAME and STRING_IMPORT.search(path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_modules_form_no_circle() -> None:
    known = {
        place(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in product_modules()
    }
    arrows = {
        name: {found for found in imported(path) if found in known and found != name} for name, path in known.items()
    }
    for path in MAY_LOOK_UP:
        arrows[path.removesuffix(".py").replace("/", ".")] = set()

    circle = circle_in(arrows)

    assert circle == []


def circle_in(arrows: dict[str, set[str]]) -> list[str]:
    """The places of a circle, and those that lead into it: what has no arrow to a place that is left is taken away."""
    left = {room: set(targets) for room, targets in arrows.items()}
    while leaves := [room for room, targets in left.items() if not targets & left.keys()]:
        for room in leaves:
            del left[room]
    return sorted(left)


def test_a_planted_circle_is_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []
