"""A list of the Trades page as a file for spreadsheets: every row that is asked for, exact, streamed in portions.

German spreadsheets read `;` between cells and a decimal comma, others `,` and a point. A text that a spreadsheet would
take for a formula gets an apostrophe. Times are the reader's, their zone stands in the head.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from asgiref.sync import sync_to_async
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from cdb_site.units import plain
from dashboard.trades.filters import TradeFilter
from dashboard.trades.listing import Row, all_rows
from dashboard.trades.lists import LISTINGS

PORTION = 2_000
# So that a spreadsheet reads umlauts.
BYTE_ORDER_MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FILE_COLUMNS: dict[str, dict[str, Any]] = {
    "trips": {
        "closed_at": _("Closed"),
        "symbol": _("Symbol"),
        "opened_at": _("Opened"),
        "quantity": _("Quantity"),
        "avg_entry_price": _("Entry"),
        "avg_exit_price": _("Exit"),
        "entry_notional": _("Entry value"),
        "gross": _("Before fees"),
        "fees": _("Fees"),
        "net": _("Net result"),
        "slippage": _("Slippage"),
        "best_excursion_pct": _("Best on the way"),
        "worst_excursion_pct": _("Worst on the way"),
        "exit_reason": _("Closed because"),
        "limits_version": _("Limits"),
        "entry_decision_id": _("Entry decision"),
        "exit_decision_id": _("Exit decision"),
    },
    "orders": {
        "occurred_at": _("Decided"),
        "symbol": _("Symbol"),
        "side": _("Side"),
        "kind": _("Because"),
        "order_type": _("Type"),
        "quantity": _("Quantity"),
        "limit_price": _("Limit"),
        "decision_price": _("Decision price"),
        "filled_quantity": _("Filled"),
        "filled_notional": _("Value"),
        "fee": _("Fees"),
        "realized_pnl": _("Realised"),
        "state": _("State"),
        "reason_code": _("Reason"),
        "order_id": _("Order"),
    },
    "fills": {
        "executed_at": _("Executed"),
        "symbol": _("Symbol"),
        "side": _("Side"),
        "quantity": _("Quantity"),
        "price": _("Price"),
        "decision_price": _("Decision price"),
        "fee": _("Fees"),
        "fee_asset": _("Fee in"),
        "realized_pnl": _("Realised"),
        "trade_id": _("Trade"),
        "order_id": _("Order"),
    },
}


async def file_of(asked: TradeFilter, account: str, zone: tzinfo, language: str) -> AsyncIterator[str]:
    """The file's text, portion by portion; nothing is kept longer than its portion."""
    german = language.startswith("de")
    with override(language):
        titles = [str(title) for title in FILE_COLUMNS[asked.tab].values()]
    yield BYTE_ORDER_MARK + _lines([[f"{titles[0]} ({zone})", *titles[1:]]], german)
    portions = all_rows(LISTINGS[asked.tab], asked, account, zone, PORTION)
    names = list(FILE_COLUMNS[asked.tab])
    while rows := await sync_to_async(_next)(portions):
        yield _lines((_cells(row, names, zone, german) for row in rows), german)


def _next(portions: Iterator[list[Row]]) -> list[Row] | None:
    return next(portions, None)


def _lines(rows: Iterable[Sequence[str]], german: bool) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";" if german else ",").writerows(rows)
    return text.getvalue()


def _cells(row: Row, names: Sequence[str], zone: tzinfo, german: bool) -> list[str]:
    return [_cell(row[name], zone, german) for name in names]


def _cell(value: Any, zone: tzinfo, german: bool) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return plain(value).replace(".", ",") if german else plain(value)
        case datetime():
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        case str() if value.startswith(FORMULA):
            return f"'{value}"
        case _:
            return str(value)
