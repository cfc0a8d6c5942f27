"""Scenarios of layer 1: a day's loss ends in a flat, halted account, and midnight UTC changes nothing about that."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from cdb_site.clock import from_seconds
from execution.models import Order
from execution.operations import Refused
from proofs.rig.waiting import expect, pause
from proofs.scenarios.kills import Rolling
from proofs.scenarios.stage import Stage
from risk.models import CloseOut, DayOpening

Result = dict[str, Any]


def daily_loss(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """49 % are held and everything falls by 12 %: more than 5 % of the day's opening equity is lost at one tick.

    With restarts execution is down at the tick, and the risk manager dies between the halt and the first exit's fill.
    """
    stage.limits(stop_loss_pct="0.5")
    *held, last = symbols[:5]
    stage.hold(**dict.fromkeys(held, "1"), **{last: "0.9"})
    kills.at_once("execution")
    ticked_s = stage.market.change(symbols, price=Decimal(88))
    halted_at = stage.state_since("HALTED", ticked_s)
    kills.strike()
    stage.wait(lambda: _ended(ticked_s), "the end of the close-out")
    kills.over()
    expect(stage.flat(), f"the close-out ended and the account is not flat: {stage.told()}")
    exits = _sold_once(symbols, ticked_s)
    refused = stage.buy(**{last: "1"})[last]
    expect(refused.reason_code == "TRADING_HALTED", f"a BUY after the loss was {refused}")
    _cannot_be_released(stage)
    return {
        "halted": stage.state() == "HALTED",
        "flat": stage.flat(),
        "time_to_flat_s": round(_last_close_out().time_to_flat_s or 0.0, 2),
        "tick_to_halt_s": round(halted_at.timestamp() - ticked_s, 2),
        "exits": exits,
        "with_stops": _with_stops(stage, symbols),
    }


def _with_stops(stage: Stage, symbols: list[str]) -> Result:
    """The same fall under the default limits: stops and the close-out want the same positions, each is sold once."""
    stage.begin_day()
    stage.hold(**dict.fromkeys(symbols[:-1], "1"), **{symbols[-1]: "0.9"})
    ticked_s = stage.market.change(symbols, price=Decimal(77))
    stage.state_since("HALTED", ticked_s)
    stage.wait(lambda: _ended(ticked_s) and stage.flat(), "a flat account")
    return {"flat": stage.flat(), "exits": _sold_once(symbols, ticked_s)}


def _sold_once(symbols: list[str], since_s: float) -> int:
    """How many exits were filled; each position's must be one, for the whole of it."""
    exits = Order.objects.filter(
        side="SELL", symbol__in=symbols, filled_quantity__gt=0, closed_at__gte=from_seconds(since_s)
    )
    sold = sorted(exits.values_list("symbol", flat=True))
    expect(sold == sorted(symbols), f"these were sold: {sold}")
    return len(sold)


def midnight(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """A halt just before 00:00 UTC is still one after it; a loss on each side of it is counted on its own day."""
    stage.limits(stop_loss_pct="0.5", max_drawdown_pct="0.99", max_jump_pct="0.99", max_daily_drawdown_pct="0.03")
    stage.hold(**dict.fromkeys(symbols[:4], "1"))
    before = stage.market.now.replace(hour=23, minute=57, second=55, microsecond=0)
    stage.market.move_clock_to(before)
    pause(1.5)
    # 40 % held, 5 % down: 2 % of the day are lost, 3 % are allowed
    stage.market.change(symbols, price=Decimal(95))
    _pass_midnight(stage)
    pause(1.5)
    expect(stage.state() == "ACTIVE", f"2 % of 3 % lost before midnight: {stage.told()}")
    stage.market.change(symbols, price=Decimal("90.25"))
    pause(1.5)
    halved = stage.state()
    expect(halved == "ACTIVE", f"2 % of 3 % lost on each side of midnight: {stage.told()}")
    return {"split_loss": halved} | _halt_across(stage, kills, symbols)


def _halt_across(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """The loss comes 3 s before the next midnight; the account gets flat after it and stays halted."""
    before = stage.market.now.replace(hour=23, minute=57, second=55, microsecond=0)
    stage.market.move_clock_to(before)
    pause(1.5)
    halts = CloseOut.objects.count()
    ticked_s = stage.market.change(symbols, price=Decimal(80))
    kills.strike()
    stage.state_since("HALTED", ticked_s)
    _pass_midnight(stage)
    stage.wait(lambda: _ended(ticked_s), "the end of the close-out")
    kills.over()
    pause(2.0)
    expect(stage.state() == "HALTED", f"midnight released the halt: {stage.told()}")
    expect(CloseOut.objects.count() == halts + 1, "midnight began a second close-out")
    refused = stage.buy(**{symbols[0]: "1"})[symbols[0]]
    expect(refused.reason_code == "TRADING_HALTED", f"a BUY on the next day was {refused}")
    return {"still_halted": stage.state() == "HALTED", "flat": stage.flat()} | _halt_again(stage, symbols)


def _halt_again(stage: Stage, symbols: list[str]) -> Result:
    """Released on the new day, whose loss is nil; then that day's own loss halts again."""
    stage.resume()
    stage.hold(**dict.fromkeys(symbols[4:8], "1"))
    ticked_s = stage.market.change(symbols[4:8], price=Decimal(70))
    stage.state_since("HALTED", ticked_s)
    stage.wait(lambda: _ended(ticked_s), "the end of the second close-out")
    days = CloseOut.objects.filter(cause="DAILY_LOSS").order_by("-id").values_list("occurred_at", flat=True)[:2]
    expect(days[0].date() != days[1].date(), "both losses were counted on one day")
    return {"next_day_halts": stage.state() == "HALTED"}


def opening_over_midnight(stage: Stage, kills: Rolling, symbols: list[str]) -> Result:
    """The risk manager is down over midnight, the day's last candles are a gap, and the market falls by 40 % in it.

    Back again, the last known closes are those of before the fall: nothing is sold for it. Filled later, the gap gives
    the day its opening, from which the next fall is measured.
    """
    stage.limits(stop_loss_pct="0.9", max_drawdown_pct="0.99", max_jump_pct="0.99")
    stage.hold(**dict.fromkeys(symbols, "1"))
    stage.market.move_clock_to(stage.market.now.replace(hour=23, minute=56, second=0, microsecond=0))
    stage.market.close_candles()
    gap_from, halts = stage.market.period, CloseOut.objects.count()
    _fall_while_down(stage, symbols)
    provisional = _opening(stage, final=False)
    pause(3.0)
    expect(CloseOut.objects.count() == halts, f"yesterday's loss was sold for: {stage.told()}")
    stage.market.fill_gap(gap_from)
    kills.strike()
    stage.market.close_candles()
    final = _opening(stage, final=True)
    kills.over()
    expect(stage.state() == "ACTIVE", f"the gap was filled: {stage.told()}")
    ticked_s = stage.market.change(symbols, price=Decimal(45))
    stage.state_since("HALTED", ticked_s)
    stage.wait(lambda: _ended(ticked_s), "the end of the close-out")
    return {"opening_fell": final < provisional, "next_fall_halts": stage.state() == "HALTED"}


def _fall_while_down(stage: Stage, symbols: list[str]) -> None:
    """Without the risk manager: 40 % down before midnight, no candle of it stored; it is back half a minute after."""
    risk = stage.system.process("risk")
    risk.stop()
    stage.market.change(symbols, price=Decimal(60))
    midnight = (stage.market.now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    stage.market.move_clock_to(midnight + timedelta(seconds=25))
    risk.start()
    stage.system.wait_live(["risk"])


def _opening(stage: Stage, *, final: bool) -> Decimal:
    """The opening kept for today, once it is there and final, or not."""
    rows = DayOpening.objects.filter(day=stage.market.now.date(), final=final)
    stage.wait(rows.exists, "a final opening" if final else "a provisional opening")
    return rows.get().equity


def _pass_midnight(stage: Stage) -> None:
    """Close the last candles of the day and the first of the next."""
    day = stage.market.now.date()
    while stage.market.now.date() == day:
        stage.market.close_candles()
        pause(0.3)
    stage.market.close_candles()


def _last_close_out() -> CloseOut:
    return CloseOut.objects.filter(cause="DAILY_LOSS").order_by("-id")[0]


def _ended(ticked_s: float) -> bool:
    row = CloseOut.objects.filter(cause="DAILY_LOSS").order_by("-id").first()
    return row is not None and row.started_at.timestamp() >= ticked_s - 1 and row.flat_at is not None


def _cannot_be_released(stage: Stage) -> None:
    try:
        stage.resume()
    except Refused:
        return
    expect(False, "a halt was released on the day of its loss")
