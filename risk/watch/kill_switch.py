"""The kill switch: halting, with or without selling everything, and giving trading free again.

Every act is one transaction under the account lock and goes through the gate of execution. What was seen without the
lock is checked again under it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from prometheus_client import Gauge

import execution.gate
import execution.operations
import execution.queries
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution.operations import Refused
from risk import queries
from risk.marks import Marks
from risk.models import CloseOut
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import drawdown
from risk.rules.layers import DAILY_LOSS
from risk.watch.breakers import RISK

TIME_TO_FLAT = Gauge("cdb_time_to_flat_seconds", "How long the last close-out took until nothing was held")
LOSS_RELEASE = (
    "{loss:.2%} of the day's opening equity is lost, {limit:.2%} are allowed."
    " Wait for the next UTC day, or raise max_daily_drawdown_pct."
)


def halt(account: str, *, by: str, reason: str, close_positions: bool, clock: Clock) -> bool:
    """The kill switch: no entries, open ones canceled, on request everything is sold. False when nothing changed."""
    with outbox.unit_of_work(RISK) as unit:
        execution.queries.account(account, lock=True)
        changed = execution.gate.halt(account, by=by, reason=reason)
        execution.operations.cancel_entries(unit, account, None, reason_code="TRADING_HALTED", clock=clock)
        if close_positions:
            changed = _start_close_out(account, "OPERATOR", by, reason, clock) or changed
    return changed


def halt_for_loss(account: str, *, levels: Levels, marks: Marks, clock: Clock) -> bool:
    """Layer 1 acts: halt, cancel, sell everything. False when the loss is gone under the lock."""
    now = clock.market_now()
    with outbox.unit_of_work(RISK) as unit:
        seen = queries.locked_reading(account, (), marks, now)
        equity, limit = seen.portfolio.equity, seen.limits.max_daily_drawdown_pct
        if not DAILY_LOSS.reached(equity=equity, opening=levels.opening, limit=limit):
            return False
        loss = round(drawdown(equity, levels.opening), 6)
        reason = f"daily loss {loss:.2%} of {limit:.2%}"
        execution.gate.halt(account, by=RISK, reason=reason)
        execution.operations.cancel_entries(unit, account, None, reason_code="TRADING_HALTED", clock=clock)
        _start_close_out(account, "DAILY_LOSS", RISK, reason, clock)
        params = {"loss": str(loss), "limit": str(limit), "equity": str(equity), "opening": str(levels.opening)}
        alerts.raise_alert("DAILY_LOSS", source=RISK, key=account, params=params)
    return True


def resume(account: str, *, by: str, reason: str, levels: Levels, marks: Marks, clock: Clock) -> bool:
    """Release a halt. Raises Refused while the day's loss, an open breaker or a close-out forbids it."""
    with outbox.unit_of_work(RISK):
        seen = queries.locked_reading(account, (), marks, clock.market_now())
        _refuse_release(account, seen, levels)
        changed = execution.gate.set_trading_state(account, "ACTIVE", by=by, reason=reason)
        alerts.close_alert("DAILY_LOSS", source=RISK, key=account)
        alerts.close_alert("CLOSE_OUT_FAILED", source=RISK, key=account)
    return changed


def _refuse_release(account: str, seen: queries.Reading, levels: Levels) -> None:
    equity, limit = seen.portfolio.equity, seen.limits.max_daily_drawdown_pct
    if DAILY_LOSS.reached(equity=equity, opening=levels.opening, limit=limit):
        raise Refused(LOSS_RELEASE.format(loss=drawdown(equity, levels.opening), limit=limit))
    if whole := [str(row) for row in seen.breakers if not row.symbol]:
        raise Refused(f"breakers are open: {', '.join(whole)}; release them first (`manage.py release_breaker`)")
    if queries.open_close_out(account):
        raise Refused("positions are still being closed; wait until the account is flat (`manage.py status`)")


def _start_close_out(account: str, cause: str, by: str, reason: str, clock: Clock) -> bool:
    held = sorted(execution.queries.open_positions(account))
    flat = not held and not execution.queries.open_orders(account)  # an entry on its way to the venue may still fill
    row = {
        "account": account,
        "cause": cause,
        "asked_by": by,
        "reason": reason,
        "occurred_at": clock.market_now(),
        "positions": held,
        "flat_at": timezone.now() if flat else None,
        "given_up_at": None,
    }
    return bool(db.bulk_insert(CloseOut, [row], on_conflict="DO NOTHING", returning="id"))


def end_close_out(close_out: CloseOut) -> None:
    """The account is flat."""
    close_out.flat_at = timezone.now()
    CloseOut.objects.filter(pk=close_out.pk, flat_at=None).update(flat_at=close_out.flat_at)
    TIME_TO_FLAT.set(close_out.time_to_flat_s or 0.0)


def give_up_close_out(close_out: CloseOut, symbols: Sequence[str], attempts: int) -> None:
    """Attempts are used up: somebody must look."""
    with outbox.unit_of_work(RISK):
        CloseOut.objects.filter(pk=close_out.pk).update(given_up_at=timezone.now())
        params = {"symbols": ", ".join(symbols), "attempts": attempts}
        alerts.raise_alert("CLOSE_OUT_FAILED", source=RISK, key=close_out.account, params=params)
