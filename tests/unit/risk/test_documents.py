"""The operators' documents, German and English, say what the code does: every limit, breaker, code and example."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cdb_site.alerts.catalog import CATALOG
from cdb_site.units import in_unit
from marketdata.ticks import spread_bps
from risk.decision.records import layer_json
from risk.documents import tables as documents
from risk.documents.marked import table
from risk.documents.tables import DOCUMENTS, ENGLISH, filled
from risk.operator.proposals import LIFETIME
from risk.operator.trace_text import _layer
from risk.rules.circuit_breakers import KINDS, REJECT_RATE_LEAST_ORDERS, drawdown
from risk.rules.decide import decide
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import ATTEMPTS_MAX
from risk.rules.layers import LAYERS, STOP_LOSS
from risk.rules.limits import BY_NAME
from risk.rules.portfolio import stop_price
from risk.rules.reasons import REASONS
from risk.watch.observations import REJECT_WINDOW_S
from tests.builders import make_inputs

CHECKOUT = Path(__file__).resolve().parents[3]
ENGLISH_TEXT = (CHECKOUT / "docs/risk_management.md").read_text(encoding="utf-8")
GERMAN_TEXT = (CHECKOUT / "backoffice/docs/Risikomanagement-Logik.md").read_text(encoding="utf-8")
ALERTS_TEXT = (CHECKOUT / "docs/alerts.md").read_text(encoding="utf-8")
TWINS = [pytest.param(ENGLISH_TEXT, ".", id="english"), pytest.param(GERMAN_TEXT, ",", id="german")]


def test_the_tables_are_what_the_code_says() -> None:
    call_command("write_risk_docs", check=True)


def test_a_stale_document_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "docs.md"
    stale.write_text("# Limits\n<!-- limits -->\n| old |\n<!-- /limits -->\nthe end\n")
    monkeypatch.setattr("risk.management.commands.write_risk_docs.DOCUMENTS", {str(stale): ENGLISH})

    with pytest.raises(CommandError, match=r"stale: .*docs\.md"):
        call_command("write_risk_docs", check=True)
    call_command("write_risk_docs")
    call_command("write_risk_docs", check=True)

    text = stale.read_text()
    assert "`max_exposure_pct`" in text
    assert "| old |" not in text
    assert text.startswith("# Limits\n<!-- limits -->\n| layer |")
    assert text.endswith("<!-- /limits -->\nthe end\n")


def test_a_mark_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError, match="wishes"):
        filled("<!-- wishes -->\n<!-- /wishes -->\n", ENGLISH)


@pytest.mark.parametrize("text", [ENGLISH_TEXT, GERMAN_TEXT], ids=["english", "german"])
@pytest.mark.parametrize("name", [*BY_NAME, *KINDS, *REASONS])
def test_every_limit_breaker_and_code_has_its_row(text: str, name: str) -> None:
    assert any(f"`{name}`" in line for line in text.splitlines() if line.startswith("| "))


@pytest.mark.parametrize("text", [ALERTS_TEXT, GERMAN_TEXT], ids=["english", "german"])
def test_every_alert_has_its_row_with_its_level(text: str) -> None:
    for code, kind in CATALOG.items():
        assert f"| `{code}` | {kind.level} |" in text


@pytest.mark.parametrize(("text", "title"), [(ENGLISH_TEXT, "title"), (GERMAN_TEXT, "title_de")], ids=["en", "de"])
def test_every_layer_has_its_chapter_with_formula_example_and_what_to_do(text: str, title: str) -> None:
    chapters = {part.partition("\n")[0]: part for part in text.split("\n### ")[1:]}

    assert list(chapters) == [f"{layer.number}. {getattr(layer, title)}" for layer in LAYERS]
    for chapter in chapters.values():
        assert "\n    " in chapter
        assert "\n> " in chapter
        assert "**Next:**" in chapter or "**Danach:**" in chapter


def test_the_german_document_has_the_chapters_examples_codes_and_commands_of_the_english_one() -> None:
    english, german = (documents.MARKED.sub("", text) for text in (ENGLISH_TEXT, GERMAN_TEXT))

    assert levels(german) == [*levels(english), "##"], "the alerts have a page of their own in English"
    assert examples(german) == examples(english)
    assert named(german) - {"`strenger`"} == named(english) - {"`tighter`"}


def levels(text: str) -> list[str]:
    """The depth of each heading, in order."""
    return re.findall(r"^#+", text, re.MULTILINE)


def examples(text: str) -> int:
    return len(re.findall(r"(?<!\n>)\n\n> ", text))


def named(text: str) -> set[str]:
    return set(re.findall(r"`[^`\n]+`", text))


def test_every_table_of_a_document_is_known() -> None:
    for name, tables in DOCUMENTS.items():
        marks = {found["name"] for found in documents.MARKED.finditer((CHECKOUT / name).read_text(encoding="utf-8"))}
        assert marks
        assert marks <= set(tables)


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


def seen(**changes: str) -> DecisionInputs:
    """An account of 100,000 that is asked for a symbol at 100, under the default limits."""
    limits = {
        "max_exposure_pct": "0.5", "max_position_pct": "0.1", "stop_loss_pct": "0.02", "max_slippage_pct": "0.01",
    }  # fmt: skip
    return make_inputs(
        **{"equity": "100000", "free_cash": "50000", "price": "100", "bid": "99.99", "quantity_step": "1"}
        | limits
        | changes
    )


@pytest.mark.parametrize(("text", "comma"), TWINS)
def test_the_worked_examples_are_what_the_code_computes(text: str, comma: str) -> None:
    blocked = decide(seen(exposure="49000", strength="0.5"))
    trimmed = decide(seen(exposure="46000", symbol_exposure="7000", strength="0.8"))
    entry, gap = Decimal("25.00"), Decimal("23.00")
    stop = stop_price(entry, BY_NAME["stop_loss_pct"].default)
    figures = {
        in_unit(drawdown(Decimal(94_900), Decimal(100_000)), "FRACTION"): "daily loss",
        in_unit(drawdown(Decimal(98_700), Decimal(104_000)), "FRACTION"): "drawdown",
        in_unit(spread_bps(Decimal(99), Decimal(101)), "BPS").removesuffix(" bps"): "spread",
        in_unit(blocked.layers[2].observed, "FRACTION"): "exposure",
        in_unit(trimmed.layers[2].observed, "FRACTION"): "exposure after the trim",
        f"{stop:.2f}": "stop",
        in_unit(1 - gap / entry, "FRACTION"): "gap",
    }

    assert (blocked.outcome, blocked.reason_code) == ("REJECTED", "EXPOSURE_LIMIT_EXCEEDED")
    assert (trimmed.outcome, trimmed.wanted_quantity, trimmed.quantity) == ("TRIMMED", 80, 30)
    assert STOP_LOSS.triggered(bid=Decimal("24.49"), avg_entry_price=entry, stop_loss_pct=Decimal("0.02"))
    for figure, what in figures.items():
        assert figure.replace(".", comma) in text.replace("\n> ", " "), what


def test_the_printed_layers_are_what_explain_prints() -> None:
    trimmed = decide(seen(exposure="46000", symbol_exposure="7000", strength="0.8"))

    for verdict in trimmed.layers[2:4]:
        assert f"    {_layer(layer_json(verdict))}" in ENGLISH_TEXT


@pytest.mark.parametrize("text", [ENGLISH_TEXT, GERMAN_TEXT], ids=["english", "german"])
def test_the_figures_in_the_prose_are_those_of_the_code(text: str) -> None:
    words = " ".join(text.split())
    assert f"{REJECT_RATE_LEAST_ORDERS}, {REJECT_WINDOW_S / 60:.0f} " in words
    assert f"{ATTEMPTS_MAX} attempts" in words or f"{ATTEMPTS_MAX} Versuche" in words
    assert LIFETIME.total_seconds() == 3600, "the documents say: within an hour"
