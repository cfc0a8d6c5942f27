"""The documents name files, commands and targets that exist, and say what the code says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import get_commands

from cdb_site.bus.topics import TOPICS
from cdb_site.services import BACKINGS, SERVICES
from execution.rules.accounting import Booking, Holding, book, fee_of, notional
from risk.rules.decide import decide
from risk.rules.layers import LAYERS
from signals_app.rules.ranking import strength
from tests.builders import make_situation

CHECKOUT = Path(__file__).resolve().parents[3]
DOCUMENTS = [
    "README.md", "README.de.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/order_life.md", "docs/glossary.md",
    "docs/decisions.md", "backoffice/docs/ARCHITEKTUR.md", "backoffice/docs/README_GUIDE.md",
    "docs/risk_management.md", "docs/alerts.md", "docs/configuration.md", "backoffice/docs/Risikomanagement-Logik.md",
]  # fmt: skip
ROOMS = "cdb_site|marketdata|signals_app|execution|risk|dashboard|tests|backoffice|docs|benchmarks"
by_document = pytest.mark.parametrize("name", DOCUMENTS)


def words_of(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


@by_document
def test_every_file_a_document_names_exists(name: str) -> None:
    paths = re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", words_of(name))

    missing = [path for path in paths if not (CHECKOUT / path).exists()]

    assert missing == []


@by_document
def test_every_link_leads_to_a_file(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", words_of(name))

    missing = [link for link in links if not ((CHECKOUT / name).parent / link).exists()]

    assert missing == []


@by_document
def test_every_command_a_document_names_exists(name: str) -> None:
    named = set(re.findall(r"manage\.py (\w+)", words_of(name)))

    assert named <= set(get_commands())


@by_document
def test_every_make_target_a_document_names_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", words_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)", words_of(name), re.MULTILINE))

    assert named <= targets


def test_the_readme_begins_with_what_it_is_the_commands_and_the_picture() -> None:
    first_screen = words_of("README.md").splitlines()[:16]

    assert any("make demo" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)
    assert any(line.startswith("![") for line in first_screen)


@pytest.mark.parametrize("name", ["README.md", "backoffice/docs/ARCHITEKTUR.md"])
def test_the_service_tables_show_every_container_with_its_port(name: str) -> None:
    rows = [line for line in words_of(name).splitlines() if line.startswith("|")]

    for item in SERVICES:
        row = next(row for row in rows if f"`{item.container}`" in row)
        assert item.port is None or f"| {item.port} |" in row


def test_the_readme_names_every_server_with_the_port_on_this_machine() -> None:
    for item in BACKINGS:
        row = next(line for line in words_of("README.md").splitlines() if f"`{item.container}`" in line)
        assert str(item.host_port) in row


def test_the_german_architecture_names_every_topic_and_its_consumers_duty() -> None:
    rows = [line for line in words_of("backoffice/docs/ARCHITEKTUR.md").splitlines() if line.startswith("| `")]

    for topic in TOPICS.values():
        assert any(f"`{topic.name}`" in row for row in rows), topic.name


def test_the_german_architecture_says_which_layers_are_built() -> None:
    text = words_of("backoffice/docs/ARCHITEKTUR.md")

    absent = {int(number) for number in re.findall(r"^\| (\d) \| [^|]+ \| noch nicht gebaut", text, re.MULTILINE)}

    assert absent == {1, 2, 3, 4, 5} - {layer.number for layer in LAYERS}


def test_the_glossary_explains_a_word_once_and_in_german() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", words_of("docs/glossary.md"), re.MULTILINE)
    terms = [word.strip() for word, _, _ in rows if word.strip() not in ("word", "---")]

    assert len(terms) > 50
    assert len(terms) == len(set(terms))
    assert all(german.strip() for _, _, german in rows)


def test_the_worked_example_of_an_orders_life_is_what_the_code_computes() -> None:
    momentum = Decimal("25.00") / Decimal("24.70") - 1
    seen = make_situation(
        price="25",
        bid="24.99",
        equity="100000",
        free_cash="100000",
        quantity_step="0.01",
        price_tick="0.01",
        strength=str(strength(momentum, Decimal("0.01"))),
    )

    ruling = decide(seen)
    bought = fill_of(Holding(), "BUY", "25", ruling.quantity)
    sold = fill_of(bought.holding, "SELL", "24.49", ruling.quantity)
    after_entry = Decimal(100_000) + bought.trade_amount + bought.fee_amount

    text = words_of("docs/order_life.md").replace(" ", "").replace("\n>", "")
    figures = [
        ruling.quantity, ruling.reserved, ruling.limit_price, after_entry, sold.trade_amount, sold.realized_pnl,
        after_entry + sold.trade_amount + sold.fee_amount,
    ]  # fmt: skip
    assert ruling.outcome == "APPROVED"
    for figure in figures:
        assert figure is not None
        assert format(figure.normalize(), "f").replace("-", "−") in text


def fill_of(holding: Holding, side: str, price: str, quantity: Decimal) -> Booking:
    fee = fee_of(notional(Decimal(price), quantity), Decimal("0.0005"))
    return book(holding, side=side, price=Decimal(price), quantity=quantity, fee=fee)


def test_the_licence_is_apache() -> None:
    assert "Apache License" in words_of("LICENSE")
    assert "Version 2.0, January 2004" in words_of("LICENSE")
