"""No limit is read from the environment at run time: it only seeds the first version, and the newest is in force."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdb_site.limit_table import LIMITS

CHECKOUT = Path(__file__).resolve().parents[3]
ROOMS = ("cdb_site", "marketdata", "mexc_sim", "signals_app", "execution", "risk", "people", "dashboard")
VARIABLES = {limit.variable for limit in LIMITS}


def read_of(tree: ast.AST) -> Iterator[str]:
    """Limits taken from an environment as an attribute or by getattr."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in VARIABLES:
            yield node.attr
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            names = [item.value for item in node.args if isinstance(item, ast.Constant)]
            names += ["any" for item in node.args if isinstance(item, ast.Attribute) and item.attr == "variable"]
            yield from (str(name) for name in names if name in VARIABLES or name == "any")


def readers(*rooms: str) -> dict[str, list[str]]:
    paths = [path for room in rooms for path in sorted((CHECKOUT / room).rglob("*.py"))]
    found = {str(path.relative_to(CHECKOUT)): list(read_of(ast.parse(path.read_text()))) for path in paths}
    return {path: names for path, names in found.items() if names}


def test_only_the_seeding_takes_a_limit_from_the_environment() -> None:
    assert readers(*ROOMS) == {"risk/management/commands/seed_limits.py": ["any"]}


def test_replays_without_a_database_take_theirs_from_the_settings() -> None:
    # They ask what the settings would do before anything is stored, and decide nothing of a running account.
    assert set(readers("replay")) == {"replay/asked.py"}


@pytest.mark.parametrize("line", ["settings.ENVIRONMENT.MAX_PRICE_AGE_S", "getattr(environment, 'MAX_PRICE_AGE_S')"])
def test_a_reader_is_found(line: str) -> None:
    assert list(read_of(ast.parse(line))) == ["MAX_PRICE_AGE_S"]
