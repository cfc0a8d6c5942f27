"""Every code that can be stored has a sentence an operator can read."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

from cdb_site.alerts import catalog as alerts
from risk import catalog
from risk.deciding import decide
from tests.builders import make_situation
from tests.unit.test_deciding import GATES

ROOT = Path(__file__).resolve().parents[2]
PREFIXES = ("SIGNAL", "STOP", "HALT", "OPERATOR", "POSITION", "EXPOSURE", "PRICE", "TRADING", "EQUITY", "INSTRUMENT")
NOT_CODES = {"POSITION_SIZE", "STOP_LOSS"}


def words(*paths: str) -> set[str]:
    """All-capitals words with an underscore among the string constants of these modules."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return {word for word in found if "_" in word.strip("_") and word.replace("_", "").isalpha() and word.isupper()}


def test_every_reason_code_written_in_the_risk_modules_has_a_sentence() -> None:
    written = words("risk/deciding.py", "risk/layers.py", "risk/operations.py")
    codes = {word for word in written if word.startswith((*PREFIXES, "SYSTEM"))} - NOT_CODES

    assert len(codes) >= 10, "the search must find codes, or it proves nothing"
    assert not codes - set(catalog.SENTENCES)


@pytest.mark.parametrize("kind", ["SIGNAL", "STOP", "HALT", "OPERATOR"])
def test_every_kind_of_approval_has_a_sentence(kind: str) -> None:
    ruling = decide(make_situation(kind=kind, side="SELL", held_quantity="1", avg_entry_price="100"))

    assert ruling.reason_code in catalog.SENTENCES


@pytest.mark.parametrize(("changes", "outcome", "code"), GATES)
def test_a_refusals_parameters_complete_its_sentence(changes: dict, outcome: str, code: str) -> None:
    ruling = decide(make_situation(**changes))

    text = catalog.sentence(ruling.reason_code, ruling.params)

    assert text not in (code, f"{code} {ruling.params}")
    assert "{" not in text


def test_a_layers_fractions_are_read_as_percent() -> None:
    ruling = decide(make_situation(exposure="4800"))

    text = catalog.sentence(ruling.reason_code, ruling.params)

    # (4,800 + 10 × 101) / 10,000 = 58.10 %
    assert text == "Blocked: total exposure would have been 58.10 % of equity, 50.00 % are allowed."


def test_an_unknown_code_or_a_missing_parameter_is_shown_rather_than_hidden() -> None:
    assert catalog.sentence("NEVER_HEARD_OF", {}) == "NEVER_HEARD_OF"
    assert "age_ms" not in catalog.sentence("PRICE_STALE", {})
    assert "PRICE_STALE" in catalog.sentence("PRICE_STALE", {})


def test_every_alert_raised_in_the_code_is_in_the_alert_catalog() -> None:
    raised = set()
    for path in [*ROOT.glob("cdb_site/**/*.py"), *ROOT.glob("risk/*.py"), *ROOT.glob("execution/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("raise_alert", "close_alert"):
                raised |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()

    assert "SYSTEM_DEAD_LETTER" in raised
    assert raised <= set(alerts.CATALOG)
    assert {"TRADING_HALTED", "TRADING_REDUCING"} <= set(alerts.CATALOG)


@pytest.mark.parametrize("code", sorted(alerts.CATALOG))
def test_an_alerts_sentence_is_complete_with_its_parameters(code: str) -> None:
    kind = alerts.CATALOG[code]
    names = [name for _, name, _, _ in Formatter().parse(kind.sentence) if name]

    text = alerts.sentence(code, dict.fromkeys(names, "this"))

    assert kind.level in ("CRITICAL", "WARNING", "INFO")
    assert "{" not in text
    assert text.count("this") >= len(names)
    assert alerts.sentence(code, {}).startswith(kind.sentence)
