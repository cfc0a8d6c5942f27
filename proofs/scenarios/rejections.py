"""The scenario of layer 2's reject rate: a venue that rejects entry after entry leaves trading to reduce only.

rate = orders rejected by the venue ÷ last orders that ended. The breaker waits for an operator; until newer orders have
taken the place of the rejected ones, it would open again at the same limit, so the operator lets them pass first.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from execution import queries as books
from execution.models import Order
from execution.queries import PAPER
from execution.rules.states import OrderState
from proofs.rig.waiting import expect, pause
from proofs.scenarios.breakers import allowed, refused, stays_open
from proofs.scenarios.kills import Rolling
from proofs.scenarios.stage import OPERATOR, Stage, share
from risk.watch import breakers
from risk.watch.observations import REJECT_WINDOW_S

STRENGTH = "0.5"
HELD = 2
# As many orders the rate is taken of.
LAST_ORDERS = 50
CALM = {"max_exposure_pct": "0.99", "stop_loss_pct": "0.5", "good_data_s": "1"}
FIRST_QUOTES_S = 1.0


def reject_rate(stage: Stage, kills: Rolling, symbols: list[str]) -> dict[str, Any]:
    """Eight entries in a row are rejected by the venue."""
    held, rejected = symbols[:HELD], symbols[HELD:]
    stage.limits(**CALM)
    stage.hold(**dict.fromkeys(held, STRENGTH))
    stage.limits(**CALM, max_reject_rate_pct=str(_passed_by_the_last_of(len(rejected))))
    _let_venue_reject(stage, "1")
    try:
        for decision in stage.buy(**dict.fromkeys(rejected, STRENGTH)).values():
            allowed(decision)
        breaker = stage.opened("REJECT_RATE")
        kills.strike()
        refused(stage.buy(**{rejected[0]: STRENGTH})[rejected[0]], "TRADING_REDUCING")
        kills.over()
    finally:
        _let_venue_reject(stage, "0")
    pause(2 * float(CALM["good_data_s"]))
    stays_open(breaker, "no operator had looked")
    stage.limits(**CALM)
    breakers.release_breaker(breaker.pk, by=OPERATOR, reason="the venue takes orders again")
    pause(1.0)
    expect(stage.state() == "ACTIVE", f"the release of {breaker} did not hold: {stage.told()}")
    stage.hold(**{rejected[0]: STRENGTH})
    ended = Order.objects.filter(symbol__in=rejected, state=OrderState.REJECTED).count()
    return {"observed": share(breaker.observed, None), "rejected": ended, "released_by": OPERATOR}


def _passed_by_the_last_of(count: int) -> Decimal:
    """A limit that so many rejections more exceed, and one fewer does not, whatever the last orders show already."""
    closed, rejected = books.rejections(PAPER, REJECT_WINDOW_S)
    before, after = (Decimal(rejected + more) / min(LAST_ORDERS, closed + more) for more in (count - 1, count))
    return round((before + after) / 2, 4)


def _let_venue_reject(stage: Stage, fraction: str) -> None:
    """The paper venue rejects this share of new orders from now on; execution is started anew for it."""
    execution = stage.system.process("execution")
    execution.env["PAPER_REJECT_PCT"] = fraction
    execution.restart()
    stage.system.wait_live(["execution"])
    pause(FIRST_QUOTES_S)
