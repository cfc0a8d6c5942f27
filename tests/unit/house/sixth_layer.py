"""A sixth layer, written as CONTRIBUTING's recipe says: what each file it names gets.

The layer keeps a part of equity in cash: free cash after this order must be at least `min_cash_pct` of equity. It has a
limit of its own, so the recipes of a limit and of a setting are followed as well.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Edit = Callable[[str], str]

LAYER = '''"""Layer 6, cash reserve (Barreserve): blocks.

    free cash − this order at its worst price ≥ MIN_CASH_PCT × equity
"""

from __future__ import annotations

from decimal import Decimal

from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers.verdict import Verdict, judged, share, skipped


class CashReserve:
    number, code = 6, "CASH_RESERVE"
    title, title_de = "Cash reserve", "Barreserve"

    def check(self, inputs: DecisionInputs, quantity: Decimal) -> Verdict:
        if inputs.side == "SELL":
            return skipped(self.number, self.code, quantity)
        left = inputs.free_cash - quantity * inputs.worst_price
        reason = "CASH_RESERVE_REACHED" if left < inputs.min_cash_pct * inputs.equity else ""
        return judged(self.number, self.code, quantity, reason, share(left, inputs.equity), inputs.min_cash_pct)
'''
TEST = """

def test_layer_6_keeps_a_part_of_equity_in_cash() -> None:
    # 10,000 free − 10 × 100 × 1.01 = 8,990 < 0.95 × 10,000
    verdict = LAYERS[5].check(make_inputs(free_cash="10000", min_cash_pct="0.95"), Decimal(10))

    assert (verdict.verdict, verdict.reason) == ("REJECT", "CASH_RESERVE_REACHED")
"""
MIGRATION = """from decimal import Decimal

from django.db import migrations

import risk.models


class Migration(migrations.Migration):
    dependencies = [("risk", "{before}")]
    operations = [{operations}]
"""
ROW = """    _limit(
        "min_cash_pct", 6, "fraction", FRACTION, "0.01",
        "part of equity that stays cash",
        "Teil des Eigenkapitals, der Guthaben bleibt",
        tighter="HIGHER",
    ),
"""


def after(mark: str, text: str) -> Edit:
    """Put `text` behind the first `mark`."""
    return lambda whole: _replaced(whole, mark, mark + text)


def before(mark: str, text: str) -> Edit:
    """Put `text` in front of the first `mark`."""
    return lambda whole: _replaced(whole, mark, text + mark)


def instead(mark: str, text: str) -> Edit:
    return lambda whole: _replaced(whole, mark, text)


def both(*edits: Edit) -> Edit:
    def edit(whole: str) -> str:
        for each in edits:
            whole = each(whole)
        return whole

    return edit


def _replaced(whole: str, mark: str, text: str) -> str:
    assert mark in whole, f"the place is gone: {mark!r}"
    return whole.replace(mark, text, 1)


EDITS: dict[str, Edit] = {
    "risk/rules/layers/cash_reserve.py": lambda _: LAYER,
    "risk/rules/layers/__init__.py": both(
        before("from risk.rules.layers.daily_loss", "from risk.rules.layers.cash_reserve import CashReserve\n"),
        instead("PositionSize(), STOP_LOSS)", "PositionSize(), STOP_LOSS, CashReserve())"),
        before("\nA layer sees the quantity", "    6 cash reserve     free cash − this order < the limit → block\n"),
    ),
    "risk/rules/decision_inputs.py": after(
        "    max_orders_per_minute: Decimal = NEVER\n", "    min_cash_pct: Decimal = Decimal(0)\n"
    ),
    "risk/rules/decision_batch.py": after(
        "            limits.max_orders_per_minute,\n", "            limits.min_cash_pct,\n"
    ),
    "risk/rules/reasons.py": before(
        '    "POSITION_BELOW_MINIMUM": Reason(',
        '    "CASH_RESERVE_REACHED": Reason(\n'
        '        "Blocked: {observed} of equity would stay cash, at least {limit} must.",\n'
        '        "Gesperrt: {observed} des Eigenkapitals blieben Guthaben, mindestens {limit} müssen es.",\n'
        "    ),\n",
    ),
    "tests/unit/risk/test_layers.py": both(
        instead("from risk.rules.layers import STOP_LOSS", "from risk.rules.layers import LAYERS, STOP_LOSS"),
        lambda whole: whole.rstrip("\n") + "\n" + TEST,
    ),
    "docs/risk_management.md": before(
        "## Trading states",
        "### 6. Cash reserve\n\n    free cash − this order ≥ min_cash_pct × equity\n\n"
        "> Equity 10,000, free cash 500, at least 0.01: an order of 401 would leave 99 and is blocked.\n\n"
        "No alert. **Next:** close a position, or loosen the limit.\n\n",
    ),
    "backoffice/docs/Risikomanagement-Logik.md": before(
        "## Handelszustände",
        "### 6. Barreserve\n\n    freies Guthaben − dieser Auftrag ≥ min_cash_pct × Eigenkapital\n\n"
        "> Eigenkapital 10.000, freies Guthaben 500, mindestens 0,01: ein Auftrag über 401 ist gesperrt.\n\n"
        "Kein Alarm. **Danach:** eine Position schließen oder die Grenze lockern.\n\n",
    ),
    "backoffice/docs/ARCHITEKTUR.md": before(
        "\nAusstiege werden von den Ebenen",
        "| 6 | Barreserve | Guthaben nach diesem Auftrag unter `MIN_CASH_PCT` | blockiert |\n",
    ),
    "cdb_site/limit_table.py": before('    _limit(\n        "max_price_age_s"', ROW),
    "cdb_site/env_variables.py": after(
        '    STOP_COOLDOWN_S: Decimal = seed("stop_cooldown_s")\n', '    MIN_CASH_PCT: Decimal = seed("min_cash_pct")\n'
    ),
    "risk/rules/limits.py": after("    stop_cooldown_s: Decimal\n", "    min_cash_pct: Decimal\n"),
    "risk/models/limits.py": after(
        '    stop_cooldown_s = limit("stop_cooldown_s")\n', '    min_cash_pct = limit("min_cash_pct")\n'
    ),
    "docker-compose.yml": after("  STOP_COOLDOWN_S:\n", "  MIN_CASH_PCT:\n"),
}


def write(tree: Path) -> set[str]:
    """Make the edits in a copy of the tree; the names of the files that were touched."""
    for name, edit in EDITS.items():
        path = tree / name
        path.write_text(edit(path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")
    return set(EDITS)
