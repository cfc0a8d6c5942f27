"""Scenarios of layers 3 to 5: what an entry may take, and how a stop gets out."""

from __future__ import annotations

import statistics
from decimal import Decimal
from typing import Any

from execution.models import Fill, Order
from proofs.rig.waiting import expect
from proofs.scenarios.kills import Rolling
from proofs.scenarios.stage import Stage, share
from risk.models import Decision

Result = dict[str, Any]
VENUE_MS_MAX = 500


def exposure(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """49 % are held; a new symbol wants 5 %: refused, whole."""
    *held, new = symbols[:6]
    stage.hold(**dict.fromkeys(held[:4], "1"), **{held[4]: "0.9"})
    kills.strike()
    decision = stage.buy(**{new: "0.5"})[new]
    kills.over()
    expect(decision.reason_code == "EXPOSURE_LIMIT_EXCEEDED", f"the sixth BUY was {decision}")
    expect(new not in stage.held(), f"{new} was bought in spite of the refusal")
    wanted = decision.wanted_quantity * (decision.price or 0)
    return {
        "held": share(decision.exposure_before, decision.equity),
        "wanted": share(wanted, decision.equity),
        "outcome": decision.outcome,
        "reason": decision.reason_code,
    }


def position(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """8 % held and 5 % wanted: trimmed to 2 %. 46 % exposure, 7 % of it here, 8 % wanted: trimmed to 3 %."""
    first, second, *others = symbols[:6]
    stage.hold(**{first: "0.8"})
    kills.strike()
    small = _trimmed(stage, first, "0.5")
    stage.hold(**dict.fromkeys(others[:2], "1"), **{others[2]: "0.9", second: "0.7"})
    # 10 % + 10 % + 10 % + 9 % + 7 % = 46 %
    large = _trimmed(stage, second, "0.8")
    kills.over()
    expect(small["to"] == 0.02, f"8 % + 5 % was trimmed to {small['to']:.1%}, not to 2 %")
    expect(large["to"] == 0.03, f"46 / 7 / 8 was trimmed to {large['to']:.1%}, not to 3 %")
    return {"8+5": small, "46/7/8": large}


def _trimmed(stage: Stage, symbol: str, strength: str) -> Result:
    decision = stage.buy(**{symbol: strength})[symbol]
    expect(decision.outcome == "TRIMMED", f"the BUY that passes the position limit was {decision}")
    stage.wait(lambda: Order.objects.filter(order_id=decision.order_id, state="FILLED").exists(), "the trimmed fill")
    price = decision.price or Decimal(0)
    return {
        "exposure": share(decision.exposure_before, decision.equity),
        "wanted": share(decision.wanted_quantity * price, decision.equity),
        "to": share(decision.quantity * price, decision.equity),
        "outcome": decision.outcome,
        "reason": decision.reason_code,
    }


def stop(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """Each bid falls to its stop in a tick of its own; the last one falls far through it."""
    stage.limits(max_position_pct="0.05", max_jump_pct="0.99")
    stage.hold(**dict.fromkeys(symbols, "1"))
    *orderly, gapping = symbols
    ticked_s = {}
    for number, symbol in enumerate(orderly):
        ticked_s[symbol] = stage.market.change([symbol], price=stage.market.terms[symbol].price * Decimal("0.9799"))
        if number == 0:
            kills.strike()
        stage.wait(lambda symbol=symbol: symbol not in stage.held(), f"the stop of {symbol}")
    stage.market.change([gapping], price=stage.market.terms[gapping].price * Decimal("0.9"))
    stage.wait(lambda: gapping not in stage.held(), f"the stop of {gapping}")
    kills.over()
    again = stage.buy(**{orderly[0]: "1"})[orderly[0]]
    expect(again.reason_code == "STOP_LOSS_COOLDOWN", f"a BUY right after the stop was {again}")
    times = _stop_times(ticked_s)
    expect(kills.groups or times["venue_ms"] < VENUE_MS_MAX, f"a stop took {times['venue_ms']} ms to the venue")
    return times | {"gap": _gap(gapping), "again": again.reason_code}


def _stop_times(ticked_s: dict[str, float]) -> Result:
    """From the tick to the stored order, and to its way to the venue; ms."""
    orders = {row.symbol: row for row in Order.objects.filter(kind="STOP", symbol__in=ticked_s)}
    expect(set(orders) == set(ticked_s), f"stops of {sorted(orders)} instead of {sorted(ticked_s)}")
    order_ms = [(orders[name].created_at.timestamp() - at_s) * 1000 for name, at_s in ticked_s.items()]
    venue_ms = [(orders[name].claimed_at.timestamp() - at_s) * 1000 for name, at_s in ticked_s.items()]
    return {
        "stops": len(orders),
        "ms": round(max(order_ms), 1),
        "ms_median": round(statistics.median(order_ms), 1),
        "venue_ms": round(max(venue_ms), 1),
    }


def _gap(symbol: str) -> Result:
    """What falling through the stop cost: the fill against the stop."""
    decision = Decision.objects.get(kind="STOP", symbol=symbol, order_id__isnull=False)
    verdict = decision.layers[-1]
    fill = Fill.objects.filter(order_id=decision.order_id).order_by("fill_id")[0]
    stop_price, sold = Decimal(verdict["limit"]), fill.price
    expect(sold < stop_price, f"{symbol} fell through its stop {stop_price} and was sold at {sold}")
    return {
        "stop": str(round(stop_price, 4)),
        "sold": str(round(sold, 4)),
        "past_stop": share(stop_price - sold, stop_price),
    }
