"""Books derived again from fills and ledger: equal to the last digit, or the difference is named and mended."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from execution import queries, rebuild
from execution.models import Account, Order, Position
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, trade

pytestmark = pytest.mark.django_db(transaction=True)
DIGIT = Decimal("1e-18")
COLUMNS = [
    ("account", "cash"), ("account", "realized_pnl"), ("account", "fees"), ("position", "quantity"),
    ("position", "avg_entry_price"), ("position", "realized_pnl"), ("order", "fee"), ("order", "realized_pnl"),
    ("order", "filled_notional"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _books(valkey: Any, tmp_path: Path) -> None:
    plant_instrument()
    open_paper_account()
    trade(make_desk(folder=tmp_path), "buy 2 @ 100; buy 1 @ 101; sell 1 @ 110; sell 1 @ 95")


def falsify(table: str, column: str) -> None:
    where = "" if table == "account" else "WHERE symbol = 'AAAUSDT'"
    where += " AND side = 'SELL'" if table == "order" else ""
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET "{column}" = "{column}" + %s {where}', [DIGIT])


def test_the_books_equal_their_fills_to_the_last_digit() -> None:
    assert Order.objects.filter(state="FILLED").count() == 4
    assert rebuild.differences(PAPER) == []


def test_the_rebuilt_books_are_those_worked_by_hand() -> None:
    books = rebuild.rebuild(PAPER)

    # average (2 × 100 + 101) / 3 = 100.333…; realised (110 − avg) + (95 − avg); fees 0.05 % of 506
    average = Decimal("100.333333333333333333")
    assert books.holdings["AAAUSDT"].avg_entry_price == average
    assert books.realized_pnl == Decimal("9.666666666667") + Decimal("-5.333333333333")
    assert books.fees == Decimal("0.253")
    assert books.cash == Decimal(10000) - 200 - 101 + 110 + 95 - Decimal("0.253")


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_single_changed_digit_is_found_naming_row_and_column(table: str, column: str) -> None:
    falsify(table, column)

    found = rebuild.differences(PAPER)

    assert {(difference.table, difference.column) for difference in found} == {(table, column)}
    assert all(abs(difference.stored - difference.rebuilt) == DIGIT for difference in found)
    assert f"{table} {found[0].row}: {column} is " in str(found[0])


def test_the_check_halts_trading_and_ends_with_an_error() -> None:
    falsify("account", "cash")
    said = StringIO()

    with pytest.raises(CommandError, match="1 differences; trading is halted"):
        call_command("rebuild_books", "--check", stdout=said)

    assert said.getvalue().startswith("account paper: cash is ")
    assert queries.trading_state(PAPER) == "HALTED"


def test_rebuilding_mends_the_figures_and_leaves_trading_halted() -> None:
    for table, column in COLUMNS:
        falsify(table, column)

    call_command("rebuild_books", stdout=StringIO())

    assert rebuild.differences(PAPER) == []
    assert queries.trading_state(PAPER) == "HALTED"


def test_equal_books_say_so() -> None:
    said = StringIO()

    call_command("rebuild_books", "--check", stdout=said)

    assert said.getvalue() == "the books equal the fills, to the last digit\n"
    assert queries.trading_state(PAPER) == "ACTIVE"


def test_what_is_stored_derives_from_the_fills() -> None:
    position, account = Position.objects.get(), Account.objects.get()

    assert position.realized_pnl == account.realized_pnl
    assert position.quantity == 1
