"""Every code that can be stored has a sentence an operator can read."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from django.core.management import get_commands

from cdb_site.alerts import catalog as alerts
from cdb_site.units import in_unit
from marketdata.screeners.rest import choosing, rest_conditions
from marketdata.screeners.ws import feed_conditions
from risk.rules import reasons
from risk.rules.circuit_breakers import KINDS
from risk.rules.decide import decide
from risk.rules.layers import LAYERS
from tests.builders import make_inputs
from tests.unit.risk.test_decide import GATES

ROOT = Path(__file__).resolve().parents[3]
APPS = ("cdb_site", "marketdata", "signals_app", "execution", "risk", "notifications", "dashboard")


def words(*paths: str) -> set[str]:
    """All-capitals words with an underscore among the string constants of these modules."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return {word for word in found if "_" in word.strip("_") and word.replace("_", "").isalpha() and word.isupper()}


def test_every_reason_code_written_in_the_risk_modules_has_a_sentence() -> None:
    layers = sorted(str(path) for path in (ROOT / "risk/rules/layers").glob("*.py"))
    written = words("risk/rules/decide.py", *layers, "risk/operations.py")
    codes = written - {layer.code for layer in LAYERS}

    assert len(codes) >= 10, "the search must find codes, or it proves nothing"
    assert not codes - set(reasons.REASONS)


@pytest.mark.parametrize("kind", ["SIGNAL", "STOP", "HALT", "OPERATOR"])
def test_every_kind_of_approval_has_a_sentence(kind: str) -> None:
    ruling = decide(make_inputs(kind=kind, side="SELL", held_quantity="1", avg_entry_price="100"))

    assert ruling.reason_code in reasons.REASONS


@pytest.mark.parametrize(("changes", "outcome", "code"), GATES)
def test_a_refusals_parameters_complete_its_sentence(changes: dict, outcome: str, code: str) -> None:
    ruling = decide(make_inputs(**changes))

    text = reasons.sentence(ruling.reason_code, ruling.params)

    assert text not in (code, f"{code} {ruling.params}")
    assert "{" not in text


def test_a_layers_fractions_are_read_as_percent() -> None:
    ruling = decide(make_inputs(exposure="4800"))

    text = reasons.sentence(ruling.reason_code, ruling.params)

    # (4,800 + 10 × 101) / 10,000 = 58.10 %
    assert text == "Blocked: total exposure would have been 58.10 % of equity, 50.00 % are allowed."


def test_an_unknown_code_or_a_missing_parameter_is_shown_rather_than_hidden() -> None:
    assert reasons.sentence("NEVER_HEARD_OF", {}) == "NEVER_HEARD_OF"
    assert "age_ms" not in reasons.sentence("PRICE_STALE", {})
    assert "PRICE_STALE" in reasons.sentence("PRICE_STALE", {})


def test_every_alert_raised_in_the_code_is_in_the_alert_catalog() -> None:
    raised = set(feed_conditions.CODES) | {code for code, _ in rest_conditions.ALL} | {choosing.UNUSABLE[0]}
    for path in [source for app in APPS for source in (ROOT / app).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("raise_alert", "close_alert"):
                raised |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()

    assert {"SYSTEM_DEAD_LETTER", "CLOSE_OUT_FAILED", "FEED_SILENT"} <= raised
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


@pytest.mark.parametrize("code", sorted(alerts.CATALOG))
def test_an_alert_says_what_to_do_next_with_commands_that_exist(code: str) -> None:
    words = alerts.next_step(code)

    named = set(re.findall(r"manage\.py (\w+)", words))

    assert words.endswith(".")
    assert named <= set(get_commands())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_alert_of_a_breaker_shows_its_numbers_in_the_breakers_unit(kind: str) -> None:
    params = {"observed": "0.06180001", "limit": "0.05", "symbol": "SOLUSDT"}

    text = alerts.sentence(f"BREAKER_{kind}", params)

    assert in_unit("0.06180001", KINDS[kind].unit) in text
    assert in_unit("0.05", KINDS[kind].unit) in text
    assert text.startswith("SOLUSDT: ")


def test_a_daily_loss_is_told_in_percent_and_money() -> None:
    params = {"loss": "0.052314", "limit": "0.050000", "equity": "94768.600000000000000000"}

    text = alerts.sentence("DAILY_LOSS", params)

    assert "Daily loss 5.23 % of 5.00 %" in text
    assert "Equity 94,768.60." in text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.0123", "FRACTION", "1.23 %"),
        ("30.24", "s", "30.2 s"),
        ("600.000", "market s", "600 s"),
        ("12.345", "bps", "12.3 bps"),
        ("7", "orders", "7 orders"),
        ("0.000012300", "PRICE", "0.0000123"),
        ("1E+3", "PRICE", "1000"),
        ("0.512345678", "MONEY", "0.51234568"),
        ("more than all", "FRACTION", "more than all"),
        ("NaN", "FRACTION", "NaN"),
        (None, "BPS", "None"),
    ],
)
def test_a_number_is_shown_in_its_unit_and_anything_else_as_it_is(value: object, unit: str, text: str) -> None:
    assert in_unit(value, unit) == text
