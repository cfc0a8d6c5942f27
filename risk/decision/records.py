"""How a decision is written down: its row, its event, the order it hands over, and what is said of a stop."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from cdb_site.bus.builders import builds
from cdb_site.clock import iso
from cdb_site.units import text
from execution.rules.orders import OrderDraft
from risk.account_reading import Reading
from risk.decision.requests import Request
from risk.rules.decide import Ruling
from risk.rules.decision_inputs import DecisionInputs, to_json
from risk.rules.layers import Verdict
from risk.rules.look_text import look_json

SAID_AND_STORED = (
    "decision_id",
    "kind",
    "outcome",
    "reason_code",
    "params",
    "account",
    "symbol",
    "side",
    "signal_id",
    "order_id",
    "wanted_quantity",
    "quantity",
    "price",
    "price_age_ms",
    "trading_state",
    "limits_version",
    "layers",
)


class Looked:
    """What the decisions of one batch were made on, as it is stored with each: the account's version, the look, and
    numbers one after the other. The marks of what is held are the whole batch's, and stand with its first one."""

    def __init__(self, reading: Reading) -> None:
        self.account, self.look = reading.account, reading.look
        self._marks: dict[str, str] | None = {
            symbol: str(mark.price) for symbol, mark in reading.portfolio.marks.items()
        }
        self._number = self.account.decisions

    def next(self, symbol: str) -> dict[str, Any]:
        """The columns of the next decision."""
        self._number += 1
        marks, self._marks = self._marks, None
        return {
            "number": self._number,
            "account_version": self.account.version,
            "market_now": self.look.market_now,
            "look": look_json(self.look, symbol),
            "marks": marks,
        }


def decision_row(
    request: Request, seen: DecisionInputs, ruling: Ruling, said: Mapping[str, Any], looked: Looked
) -> dict[str, Any]:
    """The `decision` row, of what its event has `said`, and what it was made from, so that it can be decided again."""
    return (
        looked.next(request.symbol)
        | {name: said[name] for name in SAID_AND_STORED}
        | {
            "episode_id": request.episode_id,
            "attempt": request.attempt,
            "equity": seen.equity,
            "exposure_before": seen.exposure,
            "exposure_after": ruling.exposure_after,
            "max_price_age_ms": seen.max_price_age_ms,
            "inputs": to_json(seen),
            "occurred_at": request.occurred_at,
        }
    )


def order_of(request: Request, ruling: Ruling) -> UUID | str | None:
    """The order that does what was decided: the decision's own, or the exit it joined."""
    return (ruling.joined_order or request.decision_id) if ruling.approved else None


def layer_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "layer": verdict.layer,
        "code": verdict.code,
        "verdict": verdict.verdict,
        "observed": text(verdict.observed),
        "limit": text(verdict.limit),
        "unit": verdict.unit,
        "quantity_before": text(verdict.quantity_before),
        "quantity_after": text(verdict.quantity_after),
    }


@builds("decisions")
def decision_payload(account: str, request: Request, seen: DecisionInputs, ruling: Ruling) -> dict[str, Any]:
    """The payload of topic `decisions`."""
    exposure = ruling.exposure_after
    return {
        "decision_id": str(request.decision_id),
        "kind": request.kind,
        "outcome": ruling.outcome,
        "reason_code": ruling.reason_code,
        "params": ruling.params | request.note,
        "account": account,
        "symbol": request.symbol,
        "side": request.side,
        "signal_id": str(request.signal_id) if request.signal_id else None,
        "order_id": str(order) if (order := order_of(request, ruling)) else None,
        "wanted_quantity": text(ruling.wanted_quantity),
        "quantity": text(ruling.quantity),
        "price": text(seen.price),
        "price_age_ms": seen.price_age_ms,
        "equity": text(round(seen.equity, 12)),
        "exposure": _share(exposure, seen.equity),
        "trading_state": seen.trading_state,
        "limits_version": seen.limits_version,
        "layers": [layer_json(verdict) for verdict in ruling.layers],
        "decided_at": iso(request.occurred_at),
    }


def _share(exposure: Decimal | None, equity: Decimal) -> str | None:
    if exposure is None or equity <= 0:
        return None
    return text(round(exposure / equity, 8))


def order_draft(account: str, request: Request, seen: DecisionInputs, ruling: Ruling) -> OrderDraft:
    """The order an approval hands to execution."""
    return OrderDraft(
        decision_id=request.decision_id,
        signal_id=request.signal_id,
        account=account,
        symbol=request.symbol,
        kind=request.kind,
        side=request.side,
        quantity=ruling.quantity,
        limit_price=ruling.limit_price,
        decision_price=seen.price,
        reserved_notional=ruling.reserved,
        occurred_at=request.occurred_at,
        valid_for_s=seen.entry_valid_for_s if request.side == "BUY" else None,
    )


def stop_params(seen: DecisionInputs) -> dict[str, Any]:
    """What the alert of a stop says."""
    return {
        "symbol": seen.symbol,
        "bid": text(seen.bid),
        "stop": text(round(seen.stop_price, 12)),
        "quantity": text(seen.held_quantity),
    }
