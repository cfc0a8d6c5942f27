"""What is told of exits: the intents under way, and the positions whose last intent was given up."""

from __future__ import annotations

from typing import Any

import execution.queries
from cdb_site.clock import iso
from risk.account_reading import Reading
from risk.decision.exit_requests import held_as_dust
from risk.exits import intents
from risk.marks import Marks
from risk.models import ExitIntent

LEAVING, NOT_SOLD, DUST = "LEAVING", "NOT_SOLD", "DUST"


def unsold(account: str) -> list[str]:
    """Symbols that are still held because their exit was given up."""
    return sorted(intents.given_up(account, execution.queries.open_positions(account)))


def states(reading: Reading, marks: Marks) -> dict[str, str]:
    """How held symbols stand that are not simply held."""
    portfolio = reading.portfolio
    if not portfolio.holdings:
        return {}
    dust = {symbol: DUST for symbol, holding in portfolio.holdings.items() if held_as_dust(holding, marks)}
    hopeless = dict.fromkeys(intents.given_up(reading.account.account, portfolio.holdings), NOT_SOLD)
    return hopeless | dust | {symbol: LEAVING for symbol in portfolio.holdings if portfolio.must_leave(symbol)}


def told(account: str) -> list[dict[str, Any]]:
    """Each of them as plain JSON values: `state` is LEAVING or NOT_SOLD."""
    rows = [(row, LEAVING) for row in intents.open_rows(account)]
    for symbol in unsold(account):
        newest = ExitIntent.objects.filter(account=account, symbol=symbol)[0]
        rows.append((newest, NOT_SOLD))
    return [
        {
            "symbol": row.symbol,
            "state": state,
            "kind": row.kind,
            "asked_by": row.asked_by,
            "since": iso(row.begun_at),
            "attempts": row.attempts,
            "next_at": iso(row.next_at) if state == LEAVING else None,
        }
        for row, state in rows
    ]
