"""One decision: gates first, then the layers in order. Pure: the same inputs always give the same decision.

gates   expired → EXPIRED; unknown symbol, nothing to sell, an entry that the exchange or an operator does not let be
        bought or that a later SELL overtook, while an exit is under way, while not ACTIVE or without a fresh price →
        REJECTED; an exit while one is under way joins it
wanted  BUY: position limit × strength × equity at the decision price, floored to the step; SELL: the whole position,
        as far as the exchange's present step takes it
layers  each sees what the one before left; the first REJECT ends it; a smaller quantity at the end is TRIMMED
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from execution.rules.accounting import ZERO, floor_to_step
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.layers import LAYERS, Layer, Verdict


class Ruling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decision before it is a row. `reserved` is an entry's notional at its worst price;
    `exposure_after` the exposure with this order at its worst price, both in the quote asset. `joined_order` is the
    exit under way that does what an exit asked for."""

    outcome: str
    reason_code: str
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    wanted_quantity: Decimal = ZERO
    quantity: Decimal = ZERO
    limit_price: Decimal | None = None
    reserved: Decimal = ZERO
    exposure_after: Decimal | None = None
    layers: tuple[Verdict, ...] = ()
    joined_order: str | None = None

    @property
    def approved(self) -> bool:
        return self.outcome in ("APPROVED", "TRIMMED")


def decide(inputs: DecisionInputs, layers: Sequence[Layer] = LAYERS) -> Ruling:
    """Decide one request."""
    refusal = _gate(inputs)
    if refusal:
        outcome, code, params = refusal
        return Ruling(outcome=outcome, reason_code=code, params=params, exposure_after=inputs.exposure)
    if inputs.side == "SELL" and inputs.live_exit:
        return _joined(inputs)
    wanted = wanted_quantity(inputs)
    quantity, verdicts = wanted, []
    for layer in layers:
        verdict = layer.check(inputs, quantity)
        verdicts.append(verdict)
        quantity = verdict.quantity_after
        if verdict.verdict == "REJECT":
            return _rejected(inputs, wanted, verdicts)
    return _approved(inputs, wanted, quantity, verdicts)


def wanted_quantity(inputs: DecisionInputs) -> Decimal:
    """What the request asks for, in base units, before any layer."""
    if inputs.side == "SELL":
        return inputs.exit_quantity
    notional = inputs.max_position_pct * inputs.strength * inputs.equity
    return floor_to_step(max(ZERO, notional) / inputs.entry_price, inputs.venue_rules.quantity_step)


def _gate(inputs: DecisionInputs) -> tuple[str, str, dict[str, Any]] | None:
    if not inputs.listed:
        return "REJECTED", "INSTRUMENT_UNKNOWN", {}
    if inputs.side == "SELL":
        return _nothing_to_sell(inputs)
    if inputs.expired:
        return "EXPIRED", "SIGNAL_EXPIRED", {}
    if inputs.overtaken:
        return "REJECTED", "SIGNAL_OVERTAKEN", {}
    if not inputs.tradable:
        return "REJECTED", "INSTRUMENT_NOT_TRADABLE", {}
    if inputs.paused:
        return "REJECTED", "INSTRUMENT_PAUSED", {}
    if inputs.trading_state != "ACTIVE":
        return "REJECTED", f"TRADING_{inputs.trading_state}", {}
    if inputs.price is None or inputs.price_age_ms is None:
        return "REJECTED", "PRICE_MISSING", {}
    if inputs.price_age_ms > inputs.max_price_age_ms:
        params = {"age_ms": inputs.price_age_ms, "limit_ms": inputs.max_price_age_ms}
        return "REJECTED", "PRICE_STALE", params
    if inputs.live_exit or inputs.exit_wanted:
        return "REJECTED", "POSITION_EXITING", {}
    if inputs.equity <= 0:
        return "REJECTED", "EQUITY_NONE", {}
    return None


def _nothing_to_sell(inputs: DecisionInputs) -> tuple[str, str, dict[str, Any]] | None:
    """An exit of nothing: of what is only being bought, of less than the exchange takes, or of nothing at all."""
    if inputs.exit_quantity > 0:
        return None
    if inputs.entry_open:
        return "REJECTED", "POSITION_NOT_YET", {}
    return "REJECTED", "POSITION_DUST" if inputs.held_quantity > 0 else "POSITION_NONE", {}


def _joined(inputs: DecisionInputs) -> Ruling:
    """An exit is under way already and sells what there is: a second order would sell twice."""
    return Ruling(
        outcome="APPROVED",
        reason_code="POSITION_EXIT_JOINED",
        wanted_quantity=inputs.held_quantity,
        quantity=inputs.held_quantity,
        exposure_after=inputs.exposure,
        joined_order=inputs.live_exit_order,
    )


def _rejected(inputs: DecisionInputs, wanted: Decimal, verdicts: Sequence[Verdict]) -> Ruling:
    last = verdicts[-1]
    return Ruling(
        outcome="REJECTED",
        reason_code=last.reason,
        params=_params(last) | _about(last, inputs),
        wanted_quantity=wanted,
        exposure_after=inputs.exposure,
        layers=tuple(verdicts),
    )


def _approved(inputs: DecisionInputs, wanted: Decimal, quantity: Decimal, verdicts: Sequence[Verdict]) -> Ruling:
    trims = [verdict for verdict in verdicts if verdict.verdict == "TRIM"]
    outcome = "TRIMMED" if trims else "APPROVED"
    code = trims[0].reason if trims else f"{inputs.kind}_APPROVED"
    params = _params(trims[0]) if trims else {}
    if inputs.side == "SELL":
        return Ruling(
            outcome=outcome,
            reason_code=code,
            params=params,
            wanted_quantity=wanted,
            quantity=quantity,
            exposure_after=inputs.exposure,
            layers=tuple(verdicts),
        )
    worst_price = inputs.worst_price
    worst = quantity * worst_price
    return Ruling(
        outcome=outcome,
        reason_code=code,
        params=params,
        wanted_quantity=wanted,
        quantity=quantity,
        limit_price=floor_to_step(worst_price, inputs.venue_rules.price_tick),
        reserved=worst,
        exposure_after=inputs.exposure + worst,
        layers=tuple(verdicts),
    )


def _about(verdict: Verdict, inputs: DecisionInputs) -> dict[str, Any]:
    return {"breakers": list(inputs.breakers)} if verdict.reason == "BREAKER_OPEN" else {}


def _params(verdict: Verdict) -> dict[str, Any]:
    return {
        "observed": str(verdict.observed) if verdict.observed is not None else None,
        "limit": str(verdict.limit) if verdict.limit is not None else None,
        "unit": verdict.unit,
        "quantity_before": str(verdict.quantity_before),
        "quantity_after": str(verdict.quantity_after),
    }
