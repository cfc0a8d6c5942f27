"""What is unknown is not zero: no module gives a price, volume, depth, age or fee that is missing a value of its own.

`x or ZERO` and `.get(name, 0)` are how that is done without anybody noticing. Where a zero is the truth, it stands in
the list below with the reason.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from backoffice.automation.code_figures import ROOT

ROOMS = ("execution", "risk", "replay", "signals_app", "marketdata")
NAMES_OF_NUMBERS = {"ZERO", "NOTHING", "ONE"}
ALLOWED = {
    # Sums of rows that are there: what is not among them adds nothing.
    ("execution/rebuild.py", "stored.get(symbol, {}).get(column, ZERO)"): "a flat position may have no row",
    ("execution/rebuild.py", "versions.get(symbol, 0)"): "a row that is not there has had no version",
    ("execution/rules/resting.py", "known.get(level.price, ZERO)"): "of a price that was not there nothing was counted",
    ("risk/rules/portfolio.py", "self.reserved.get(symbol, ZERO)"): "no open buy reserves nothing",
    ("risk/account_reading.py", "reserved.get(order.symbol, Decimal(0))"): "the first open buy of a symbol",
    ("signals_app/engine.py", "self._due_at_s.get(what, 0.0)"): "what was never done is due",
    # What is on no list of all there is, is not there.
    (
        "execution/reconcile.py",
        "(reconcile_queries.baseline(account, venue) or {}).get(asset, Decimal(0))",
    ): "of an asset without a row nothing lay beside the books",
    ("execution/reconcile_queries.py", "assets.get(base, ZERO)"): "the first symbol of a base asset",
    ("execution/rules/reconciling.py", "venue.get(asset, ZERO)"): "the venue lists every balance there is",
    ("execution/rules/reconciling.py", "outside.get(asset, ZERO)"): "the baseline lists all that lay beside the books",
    ("execution/rules/reconciling.py", "books.get(asset, ZERO)"): "the books list everything ever traded",
    # No candle of it: nothing was traded.
    ("signals_app/queries.py", "row['volume'] or Decimal(0)"): "no candle traded, no volume of the lookback",
    # What is not known to be traded is taken for the least liquid, which only keeps it from being bought.
    ("signals_app/rules/screening.py", "item.volume_24h or Decimal(0)"): "unknown turnover passes no volume limit",
    ("marketdata/queries.py", "known.get(symbol, Decimal(0))"): "unknown turnover ranks last",
    ("marketdata/universe/rules.py", "turnover.get(symbol, NOTHING)"): "unknown turnover ranks last",
}


def is_decimal(node: ast.AST) -> bool:
    """A Decimal of a constant, or one of the names for it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Decimal":
        return not node.args or isinstance(node.args[0], ast.Constant)
    return isinstance(node, ast.Name) and node.id in NAMES_OF_NUMBERS


def is_zero(node: ast.AST) -> bool:
    return is_decimal(node) or (isinstance(node, ast.Constant) and node.value in (0, "0") and node.value is not False)


def stand_ins(source: str) -> list[str]:
    """Expressions that put a number in the place of what is missing."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and is_decimal(node.values[-1]):
            found.append(ast.unparse(node))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and len(node.args) == 2
            and is_zero(node.args[1])
        ):
            found.append(ast.unparse(node))
    return found


def modules() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "migrations" not in path.parts
    )


@pytest.mark.parametrize("name", modules())
def test_no_number_stands_in_for_what_is_not_known(name: str) -> None:
    found = stand_ins(Path(ROOT, name).read_text(encoding="utf-8"))

    assert [text for text in found if (name, text) not in ALLOWED] == []


def test_the_list_of_what_is_allowed_holds_nothing_that_is_gone() -> None:
    used = {(name, text) for name in modules() for text in stand_ins(Path(ROOT, name).read_text(encoding="utf-8"))}

    assert set(ALLOWED) - used == set()


@pytest.mark.parametrize(
    "planted",
    [
        "volume = raw.get('volume') or ZERO",
        "volume = Decimal(raw.get('volume', 0))",
        "depth = depths.get(symbol, Decimal(0))",
        "price = inputs.price or Decimal(1)",
    ],
)
def test_a_planted_stand_in_is_found(planted: str) -> None:
    assert stand_ins(planted)
