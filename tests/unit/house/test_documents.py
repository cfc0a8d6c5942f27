"""The documents name files, modules, commands, options and targets that exist, and say what the code says."""

from __future__ import annotations

import argparse
import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from cdb_site import env
from cdb_site.bus.topics import TOPICS
from cdb_site.services import BACKINGS, SERVICES
from execution.rules.accounting import Booking, Holding, book, fee_of, notional
from risk.roles import ROLES
from risk.rules.decide import decide
from risk.rules.layers import LAYERS
from signals_app.rules.ranking import strength
from tests.builders import make_inputs

CHECKOUT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
APPS = PROJECT["tool"]["importlinter"]["root_packages"]
ROOMS = "|".join([*APPS, "tests", "backoffice", "docs"])
DOCUMENTS = [
    path.relative_to(CHECKOUT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "backoffice/docs/**/*.md")
    for path in sorted(CHECKOUT.glob(pattern))
]
ROWS = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
by_document = pytest.mark.parametrize("name", DOCUMENTS)


def words_of(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def table_below(name: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    lines = words_of(name).partition(f"\n{heading}\n")[2].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@cache
def file_names() -> set[str]:
    folders = [CHECKOUT, *(CHECKOUT / room for room in ROOMS.split("|"))]
    return {path.name for folder in folders for path in folder.glob("*" if folder == CHECKOUT else "**/*")}


def is_there(dotted: str) -> bool:
    """Whether `a.b.c` is a package, a module, or a name written in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        place = CHECKOUT.joinpath(*parts[:end])
        source = place.with_suffix(".py")
        if source.is_file():
            return all(re.search(rf"\b{word}\b", source.read_text(encoding="utf-8")) for word in parts[end:])
        if place.is_dir():
            return end == len(parts)
    return False


def test_every_folder_of_documents_is_looked_at() -> None:
    assert {"README.md", "docs/order_life.md", "backoffice/docs/ARCHITEKTUR.md"} <= set(DOCUMENTS)
    assert len(DOCUMENTS) >= 15


@by_document
def test_every_file_a_document_names_exists(name: str) -> None:
    paths = re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", words_of(name))
    alone = re.findall(r"`((?:[a-z]\w*|[A-Z_]+)\.(?:py|js|css|html|md|json|yml|toml|ps1|sql))`", words_of(name))

    missing = [path for path in paths if not (CHECKOUT / path).exists()]
    unknown = set(alone) - file_names()

    assert missing == []
    assert unknown == set()


@by_document
def test_every_module_a_document_names_exists(name: str) -> None:
    named = re.findall(rf"(?:`|-m )((?:{'|'.join(APPS)})(?:\.\w+)+)(?=[`\s])", words_of(name))

    assert [dotted for dotted in named if not is_there(dotted)] == []


def anchors_of(path: Path) -> set[str]:
    """Where a link may lead within a document: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_document
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(name: str) -> None:
    for link, _, anchor in re.findall(r"\]\(([^)#\s]*)(#([^)\s]+))?\)", words_of(name)):
        if link.startswith("http"):
            continue
        target = (CHECKOUT / name).parent / link if link else CHECKOUT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), f"{link}#{anchor}"


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """The options of a command and of all its subcommands."""
    found = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found.update(*(options_of(inner) for inner in action.choices.values()))
    return found


@by_document
def test_every_command_a_document_names_exists_and_takes_the_options_shown(name: str) -> None:
    commands = get_commands()
    for command, rest in re.findall(r"manage\.py (\w+)([^`|\n]*)", words_of(name)):
        assert command in commands, command
        app = commands[command]
        known = options_of((load_command_class(app, command) if isinstance(app, str) else app).create_parser("", ""))
        shown = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", rest))
        assert shown <= known, command


@by_document
def test_every_make_target_a_document_names_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", words_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", words_of(name), re.MULTILINE))

    assert named <= targets


def test_every_row_of_the_map_names_where_to_begin_and_its_test() -> None:
    rows = table_below("README.md", "## I want to change…")

    assert len(rows) >= 35
    for wish, places, tests in rows:
        begin = re.findall(r"`([\w./-]+)`", places)
        tried = re.findall(r"`([\w./-]+)`", tests)
        assert begin and (CHECKOUT / begin[0]).exists(), wish
        assert tried, wish
        for path in tried:
            assert path.startswith("tests/") and (CHECKOUT / path).is_file(), f"{wish}: {path}"
    assert len({wish for wish, _, _ in rows}) == len(rows)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "backoffice/docs/ARCHITEKTUR.md"])
def test_the_order_of_imports_is_written_as_the_linter_checks_it(name: str) -> None:
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    steps = []
    for layer in layers:
        parts = sorted(part.strip() for part in layer.split(":"))
        ours = ",".join(part.removeprefix("cdb_site.") for part in parts)
        steps.append(f"cdb_site.{{{ours}}}" if len(parts) > 1 else layer)

    assert " → ".join(steps) in words_of(name)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "backoffice/docs/ARCHITEKTUR.md"])
def test_every_room_of_the_house_has_its_row(name: str) -> None:
    heads = [line.split("|")[1] for line in words_of(name).splitlines() if line.startswith("| `")]
    told = {room for head in heads for room in re.findall(r"`(\w+)/`", head)}

    assert set(APPS) <= told


def test_the_readme_begins_with_what_it_is_the_commands_and_the_picture() -> None:
    first_screen = words_of("README.md").splitlines()[:16]

    assert any("make demo" in line for line in first_screen)
    assert any("make test" in line for line in first_screen)
    assert any(line.startswith("![") for line in first_screen)


def test_the_readme_shows_every_container_with_its_port() -> None:
    rows = [line for line in words_of("README.md").splitlines() if line.startswith("|")]

    for item in SERVICES:
        row = next(row for row in rows if f"`{item.container}`" in row)
        assert item.port is None or f"| {item.port} |" in row


def test_the_german_service_table_is_that_of_the_code() -> None:
    rows = table_below("backoffice/docs/ARCHITEKTUR.md", "## 2. Dienste")

    written = {(container.strip("`"), port) for _, container, port, _ in rows}

    assert written == {(item.container, str(item.port) if item.port else "keiner") for item in SERVICES}
    assert len(rows) == len(SERVICES)
    # As the pages call them in German.
    assert {row[1].strip("`"): row[0] for row in rows} == {
        item.container: item.title_de or item.title for item in SERVICES
    }


def test_the_german_table_of_servers_is_that_of_the_code() -> None:
    rows = table_below("backoffice/docs/ARCHITEKTUR.md", "### Server")

    assert [row[1:] for row in rows] == [
        [f"`{item.container}`", str(item.host_port), str(item.container_port), f"`{item.healthcheck}`"]
        for item in BACKINGS
    ]


def test_the_german_table_of_roles_is_that_of_the_code() -> None:
    rows = table_below("backoffice/docs/ARCHITEKTUR.md", "### Rollen")

    assert [role.strip("`") for role, _ in rows] == list(ROLES)


def test_the_german_architecture_has_nine_chapters_and_a_reason_for_every_deviation() -> None:
    page = "backoffice/docs/ARCHITEKTUR.md"

    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", words_of(page), re.MULTILINE)]
    deviations = table_below(page, "### Abweichungen vom ersten Entwurf")

    assert numbers == list(range(1, 10))
    assert len(deviations) >= 10
    assert all(len(row) == 3 and all(row) for row in deviations)


def test_every_setting_that_the_german_architecture_names_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`", words_of("backoffice/docs/ARCHITEKTUR.md")))

    foreign = {"NAME_FILE", "REDISCLI_AUTH"}
    assert named - foreign <= {name for name, _, _ in env.rows()}
    assert {"WS_SCREENER_PORT", "REST_SCREENER_PORT", "MEXC_API_KEY", "MEXC_API_SECRET"} <= named


def test_the_readme_names_every_server_with_the_port_on_this_machine() -> None:
    for item in BACKINGS:
        row = next(line for line in words_of("README.md").splitlines() if f"`{item.container}`" in line)
        assert str(item.host_port) in row


def test_the_german_architecture_names_every_topic_and_who_must_consume_it() -> None:
    page = "backoffice/docs/ARCHITEKTUR.md"
    by_container = {container.strip("`"): title for title, container, _, _ in table_below(page, "## 2. Dienste")}
    titles = {item.name: by_container[item.container] for item in SERVICES}
    written = {
        topic: consumers
        for topics, _, consumers, _ in table_below(page, "### Themen")
        for topic in re.findall(r"`([\w.]+)`", topics)
    }

    assert set(written) == set(TOPICS)
    for topic in TOPICS.values():
        wanted = [titles[service] for service in topic.consumers] or ["nur Mitleser"]
        assert all(title in written[topic.name] for title in wanted), topic.name


def test_the_german_readme_knows_no_command_that_the_english_one_does_not() -> None:
    german, english = (
        set(re.findall(r"(?:make|manage\.py) [a-z_]+|(?<=`)--[a-z][\w-]*", words_of(name)))
        for name in ("README.de.md", "README.md")
    )

    assert len(german) > 12
    assert german <= english


def test_the_german_readme_is_one_screen_and_says_what_is_missing_as_the_english_one_does() -> None:
    german, english = words_of("README.de.md"), words_of("README.md")

    assert len(german.splitlines()) <= 50
    missing = re.search(r"^\*\*Not yet:\*\* (.+)$", english, re.MULTILINE)
    fehlt = re.search(r"^\*\*Noch nicht:\*\* (.+)$", german, re.MULTILINE)
    assert bool(missing) == bool(fehlt)
    assert missing is None or fehlt is None or missing[1].count(";") == fehlt[1].count(";")


def test_the_german_architecture_shows_the_layers_of_the_code_in_their_order() -> None:
    rows = table_below("backoffice/docs/ARCHITEKTUR.md", "## 5. Risiko")

    assert [row[:2] for row in rows] == [[str(layer.number), layer.title_de] for layer in LAYERS]


def test_the_glossary_explains_a_word_once_and_in_german() -> None:
    rows = ROWS.findall(words_of("docs/glossary.md"))
    terms = [word.strip() for word, _, _ in rows if word.strip() not in ("word", "---")]

    assert len(terms) > 50
    assert len(terms) == len(set(terms))
    assert all(german.strip() for _, _, german in rows)


def test_the_worked_example_of_an_orders_life_is_what_the_code_computes() -> None:
    momentum = Decimal("25.00") / Decimal("24.70") - 1
    seen = make_inputs(
        price="25",
        bid="24.99",
        equity="100000",
        free_cash="100000",
        quantity_step="0.01",
        price_tick="0.01",
        strength=str(strength(momentum, Decimal("0.01"))),
    )

    ruling = decide(seen)
    bought = fill_of(Holding(symbol="AAAUSDT"), "BUY", "25", ruling.quantity)
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
