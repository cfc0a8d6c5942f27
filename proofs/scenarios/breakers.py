"""Scenarios of layer 2: each breaker opens, blocks the entries it must and no others, and is released as it should."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from cdb_site.clock import SYSTEM
from execution.models import Order
from proofs.rig.waiting import expect, pause
from proofs.scenarios.kills import Rolling
from proofs.scenarios.stage import OPERATOR, Stage, share
from risk.models import Breaker, Decision, EquitySnapshot
from risk.watch import breakers

Result = dict[str, Any]
SILENCE_S, GOOD_S = "4", "2"


def silence(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """The whole feed falls silent, then one symbol alone. No time without data counts as good data."""
    stage.limits(max_data_silence_s=SILENCE_S, good_data_s=GOOD_S)
    found = feed_silence(stage, kills, symbols[0])
    return found | {
        "limit_s": float(SILENCE_S),
        "good_data_s": float(GOOD_S),
        "symbol": _one_silent(stage, *symbols[1:]),
    }


def feed_silence(stage: Stage, kills: Rolling, symbol: str) -> Result:
    """Nothing comes any more; entries are refused until good data has come for long enough."""
    stage.market.silent = True
    silent_s = stage.market.last_quote_s
    breaker = stage.opened("SILENCE")
    blocked_at = stage.state_since("REDUCING", silent_s)
    kills.strike()
    refused(stage.buy(**{symbol: "1"})[symbol], "TRADING_REDUCING")
    kills.over()
    pause(2 * float(GOOD_S))
    stays_open(breaker, "nothing was heard")
    stage.market.silent = False
    spoken_s = SYSTEM.wall_s()
    breaker = stage.released(breaker)
    active_at = stage.state_since("ACTIVE", spoken_s)
    allowed(stage.buy(**{symbol: "1"})[symbol])
    return {
        "blocked_after_s": round(blocked_at.timestamp() - silent_s, 2),
        "recovered_after_s": round(active_at.timestamp() - spoken_s, 2),
        "released_by": breaker.released_by,
    }


def _one_silent(stage: Stage, silent: str, other: str) -> Result:
    """One symbol; then everything, for long enough to release it if silence were calm."""
    stage.market.terms[silent].silent = True
    silent_s = SYSTEM.wall_s()
    breaker = stage.opened("SILENCE", silent)
    refused(stage.buy(**{silent: "1"})[silent], "BREAKER_OPEN")
    allowed(stage.buy(**{other: "1"})[other])
    stage.market.silent = True
    stage.opened("SILENCE")
    pause(2 * float(GOOD_S))
    stays_open(breaker, "the whole feed was silent")
    stage.market.silent = stage.market.terms[silent].silent = False
    spoken_s = SYSTEM.wall_s()
    released = stage.released(breaker)
    return {
        "blocked_after_s": round(breaker.opened_at.timestamp() - silent_s, 2),
        "recovered_after_s": round(_at_s(released) - spoken_s, 2),
    }


def stays_open(breaker: Breaker, meanwhile: str) -> None:
    row = Breaker.objects.get(pk=breaker.pk)
    expect(row.released_at is None, f"{breaker} was released although {meanwhile}: {row.reason}")


def slippage(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """An exit into a thin book is filled 2 % below its decision price; the symbol waits for an operator."""
    thin, other = symbols[:2]
    stage.limits(good_data_s="1", stop_cooldown_s="0")
    stage.hold(**{thin: "1"})
    # impact 5 bps × N ÷ D = 2 % with N = 9,790 and D = turnover × 0.0005
    stage.market.change([thin], price=Decimal("97.9"), depth=Decimal(0), turnover=Decimal(490_000))
    kills.strike()
    breaker = stage.opened("SLIPPAGE", thin)
    stage.market.change([thin], depth=Decimal(1_000_000), turnover=Decimal(1_000_000_000))
    kills.over()
    pause(3.0)
    expect(stage.breakers() == [f"SLIPPAGE {thin}"], f"open after good data: {stage.breakers()}")
    refused(stage.buy(**{thin: "1"})[thin], "BREAKER_OPEN")
    allowed(stage.buy(**{other: "1"})[other])
    breakers.release_breaker(breaker.pk, by=OPERATOR, reason="the book is deep again")
    allowed(stage.buy(**{thin: "1"})[thin])
    pause(1.0)
    expect(not stage.breakers(), f"the same slip opened it again: {stage.breakers()}")
    order = Order.objects.get(order_id=breaker.cause)
    return {"observed": share(breaker.observed, None), "limit": share(breaker.limit, None), "order": order.kind}


def jump(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """A price falls by 6 % within a market minute."""
    jumping, other = symbols[:2]
    stage.limits(good_data_s=GOOD_S)
    pause(1.0)  # the minute must have seen the price before
    ticked_s = stage.market.change([jumping], price=Decimal(94))
    breaker = stage.opened("JUMP", jumping)
    kills.strike()
    refused(stage.buy(**{jumping: "1"})[jumping], "BREAKER_OPEN")
    allowed(stage.buy(**{other: "1"})[other])
    kills.over()
    for _ in range(2):
        stage.market.close_candles()
    released = stage.released(breaker)
    allowed(stage.buy(**{jumping: "1"})[jumping])
    return _times(breaker, released, ticked_s)


def spread(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """A spread of 3 % where 1 % is allowed."""
    wide, other = symbols[:2]
    stage.limits(good_data_s=GOOD_S)
    ticked_s = stage.market.change([wide], spread_bps=Decimal(300))
    breaker = stage.opened("SPREAD", wide)
    kills.strike()
    refused(stage.buy(**{wide: "1"})[wide], "BREAKER_OPEN")
    allowed(stage.buy(**{other: "1"})[other])
    kills.over()
    narrow_s = stage.market.change([wide], spread_bps=Decimal("0.1"))
    released = stage.released(breaker)
    allowed(stage.buy(**{wide: "1"})[wide])
    return _times(breaker, released, ticked_s) | {"recovered_after_s": round(_at_s(released) - narrow_s, 2)}


def account(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """Breakers about the whole account: fallen from the peak, too many orders, a venue whose clock is off."""
    stage.limits(max_drawdown_pct="0.02", stop_loss_pct="0.5", good_data_s="1")
    *held, new = symbols
    stage.hold(**dict.fromkeys(held, "1"))
    stage.wait(EquitySnapshot.objects.filter(taken_at__gt=stage.market.now - timedelta(hours=24)).exists, "a peak")
    # 40 % are held and fall by 5.5 %: 2.2 % of equity
    stage.market.change(held, price=Decimal("94.5"))
    breaker = stage.opened("DRAWDOWN")
    kills.strike()
    refused(stage.buy(**{new: "1"})[new], "TRADING_REDUCING")
    kills.over()
    pause(2.0)
    stays_open(breaker, "no operator had looked")
    breakers.release_breaker(breaker.pk, by=OPERATOR, reason="understood")
    pause(1.0)
    expect(stage.state() == "ACTIVE", f"the release of {breaker} did not hold: {stage.told()}")
    drawdown = {"observed": share(breaker.observed, None), "released_by": OPERATOR}
    return {"drawdown": drawdown, "order_rate": _order_rate(stage, new), "clock_skew": _clock_skew(stage, new)}


def _order_rate(stage: Stage, symbol: str) -> Result:
    """One order a minute is allowed; the positions of this scenario took four."""
    stage.limits(max_orders_per_minute="1", stop_loss_pct="0.5", good_data_s="1")
    breaker = stage.opened("ORDER_RATE")
    refused(stage.buy(**{symbol: "1"})[symbol], "TRADING_REDUCING")
    stage.limits(stop_loss_pct="0.5", good_data_s="1")
    return {"observed": int(breaker.observed), "released_by": stage.released(breaker).released_by}


def _clock_skew(stage: Stage, symbol: str) -> Result:
    stage.market.skew_s = 5.0
    breaker = stage.opened("CLOCK_SKEW")
    refused(stage.buy(**{symbol: "1"})[symbol], "TRADING_REDUCING")
    stage.market.skew_s = 0.0
    released = stage.released(breaker)
    stage.wait(lambda: stage.state() == "ACTIVE", "trading ACTIVE")
    allowed(stage.buy(**{symbol: "1"})[symbol])
    return {"observed": share(breaker.observed, None), "released_by": released.released_by}


def _times(breaker: Breaker, released: Breaker, ticked_s: float) -> Result:
    return {
        "observed": float(round(breaker.observed, 4)),
        "limit": float(breaker.limit),
        "blocked_after_s": round(breaker.opened_at.timestamp() - ticked_s, 2),
        "released_by": released.released_by,
    }


def _at_s(breaker: Breaker) -> float:
    assert breaker.released_at is not None
    return breaker.released_at.timestamp()


def refused(decision: Decision, reason: str) -> None:
    expect(decision.reason_code == reason, f"{decision} where {reason} was expected")


def allowed(decision: Decision) -> None:
    expect(decision.outcome == "APPROVED", f"{decision} where nothing forbade it")
