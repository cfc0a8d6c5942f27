"""Selling on an operator's order: one position or all of them, at the market; trading stays as it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import execution.queries
from cdb_site.clock import Clock
from execution.operations import Refused
from risk import operations
from risk.decision.exit_requests import exits, held_as_dust
from risk.exits import intents
from risk.marks import Marks
from risk.rules.decide import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What became of one symbol: decided now (with its decision and ruling), DUST, or UNDER_WAY before."""

    symbol: str
    state: str
    decision_id: UUID | None = None
    ruling: Ruling | None = None


DECIDED, DUST, UNDER_WAY = "DECIDED", "DUST", "UNDER_WAY"


def sell(
    account: str, symbols: Collection[str] | None, *, by: str, reason: str, marks: Marks, clock: Clock
) -> list[Sale]:
    """Sell these positions, or all of them (None). Raises Refused when one of them is not held."""
    held = execution.queries.open_positions(account)
    if missing := sorted(set(symbols or ()) - set(held)):
        raise Refused(f"{', '.join(missing)} is not held. Held: {', '.join(sorted(held)) or 'nothing'}")
    chosen = [row for row in held.values() if symbols is None or row.symbol in symbols]
    note = {"by": by, "reason": reason}
    intents.hurry(account, {row.symbol for row in chosen}, clock)
    requests = exits(account, chosen, "OPERATOR", clock.market_now(), marks=marks, note=note)
    rulings = operations.decide_batch(account, requests, marks=marks, clock=clock) if requests else {}
    sales = [
        Sale(
            symbol=request.symbol,
            state=DECIDED,
            decision_id=request.decision_id,
            ruling=rulings.get(request.decision_id),
        )
        for request in requests
    ]
    asked = {request.symbol for request in requests}
    others = [row for row in chosen if row.symbol not in asked]
    return sales + [Sale(symbol=row.symbol, state=DUST if held_as_dust(row, marks) else UNDER_WAY) for row in others]
