"""A list of the Trades page as a file for spreadsheets: every row that is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from dashboard import spreadsheets
from dashboard.spreadsheets import Sheet
from dashboard.trades.filters import TradeFilter
from dashboard.trades.listing import all_rows
from dashboard.trades.lists import LISTINGS

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
        "fee_quantity": _("Fee taken"),
        "realized_pnl": _("Realised"),
        "trade_id": _("Trade"),
        "order_id": _("Order"),
    },
}


def file_of(asked: TradeFilter, account: str, sheet: Sheet) -> AsyncIterator[str]:
    columns = FILE_COLUMNS[asked.tab]
    portions = all_rows(LISTINGS[asked.tab], asked, account, sheet.zone, spreadsheets.PORTION)
    rows = ([[row[name] for name in columns] for row in portion] for portion in portions)
    return spreadsheets.stream(sheet, list(columns.values()), rows)
