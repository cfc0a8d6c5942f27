"""The kill switch: halting, with or without selling everything, and giving trading free again.

Engaging is one transaction under the gate's lock alone: whoever holds the account, frozen or busy, delays no halt, but
for claims, which hold the gate too and never for long (`docs/trading_state.md`). It stores all that must follow
(halted, a close-out). Canceling open buys and selling need the account; what cannot be done at once, the guard does
from the stored rows, also after a restart. A release takes the account first: it may wait.
"""

from __future__ import annotations

import logging

from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import execution.gate
import execution.operations
import execution.queries
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from cdb_site.units import in_unit
from execution.gate import Owner
from execution.operations import Refused
from risk import account_reading, queries
from risk.account_reading import Reading
from risk.exits import close_outs
from risk.marks import Marks
from risk.rules.account_state import Levels
from risk.rules.circuit_breakers import drawdown
from risk.rules.layers import DAILY_LOSS
from risk.watch.breakers import RISK

log = logging.getLogger(__name__)
BRIEF_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '500ms'"
LOSS_RELEASE = gettext_lazy(
    "%(loss)s of the day's opening equity is lost, %(limit)s are allowed."
    " Wait for the next UTC day, or raise max_daily_drawdown_pct."
)
BREAKERS_OPEN = gettext_lazy("breakers are open: %(names)s; release them first (`manage.py release_breaker`)")
AUDIT_DIFFERS = gettext_lazy(
    "the audit of the books holds trading: mend what it names, or acknowledge it (`manage.py audit_books"
    " --acknowledge CODE ROW --reason …`); then run `manage.py audit_books`, and resume"
)
STRICTER = gettext_lazy("trading is halted, which is stricter; resume it first, then allow exits only")
CLOSING = gettext_lazy("positions are still being closed; wait until the account is flat (`manage.py status`)")


def halt(account: str, *, by: str, reason: str, close_positions: bool, clock: Clock) -> bool:
    """The kill switch: no entries, open ones canceled, on request everything is sold. False when nothing changed.

    Engaged when this returns. What it could not cancel because somebody holds the account, the guard cancels.
    """
    changed = engage(account, by=by, reason=reason, close_positions=close_positions, clock=clock)
    cancel_entries(account, clock)
    return changed


def engage(account: str, *, by: str, reason: str, close_positions: bool, clock: Clock) -> bool:
    """The first half of a halt, under the gate alone: no entry is claimed any more. False when nothing changed."""
    with outbox.unit_of_work(RISK):
        execution.gate.lock(account)
        changed = execution.gate.halt(account, by=by, reason=reason)
        if close_positions:
            changed = close_outs.start(account, "OPERATOR", by, reason, clock) or changed
    return changed


def only_exits(account: str, *, by: str, reason: str) -> bool:
    """The softer half of a halt: entries stop, signals may still sell. False when it was so. Raises Refused while the
    operator's halt holds: exits alone would be the looser of the two."""
    with outbox.unit_of_work(RISK):
        execution.gate.lock(account)
        if any(hold.owner == Owner.OPERATOR and hold.state == "HALTED" for hold in execution.queries.holds(account)):
            raise Refused(str(STRICTER))
        return execution.gate.set_trading_state(account, "REDUCING", by=by, reason=reason)


def halt_for_loss(account: str, seen: Reading, levels: Levels, *, clock: Clock) -> bool:
    """Layer 1 acts: halt, cancel, sell everything. False when other limits hold by now: look again."""
    equity, limit = seen.portfolio.equity, seen.limits.max_daily_drawdown_pct
    loss = round(drawdown(equity, levels.opening), 6)
    reason = f"daily loss {loss:.2%} of {limit:.2%}"
    with outbox.unit_of_work(RISK):
        execution.gate.lock(account)
        if queries.limits(account).version != seen.limits.version:
            return False
        execution.gate.halt(account, by=RISK, reason=reason, owner=Owner.LOSS)
        close_outs.start(account, "DAILY_LOSS", RISK, reason, clock, seen.look)
        params = {"loss": str(loss), "limit": str(limit), "equity": str(equity), "opening": str(levels.opening)}
        alerts.raise_alert("DAILY_LOSS", source=RISK, key=account, params=params)
    cancel_entries(account, clock)
    return True


def cancel_entries(account: str, clock: Clock) -> bool:
    """Cancel the open buys of a halted account. False when somebody holds it for longer than a moment."""
    try:
        with outbox.unit_of_work(RISK) as unit:
            db.execute(BRIEF_LOCK_TIMEOUT)
            execution.queries.account(account, lock=True)
            execution.operations.cancel_entries(unit, account, None, reason_code="TRADING_HALTED", clock=clock)
    except OperationalError as problem:
        log.warning("trading is halted; its open entries are canceled later: %s", problem)
        return False
    return True


def resume(account: str, *, by: str, reason: str, levels: Levels, marks: Marks, clock: Clock) -> bool:
    """Release what may be released of a halt. False when trading was ACTIVE.

    Each owner is asked for its own. Raises Refused, naming why, when none of them lets go.
    """
    if not reason.strip():
        raise Refused(_("a release needs a reason; say why trading may go on"))
    with outbox.unit_of_work(RISK):
        seen = account_reading.locked_reading(account, (), marks, clock.market_now())
        levels = seen.aligned(levels)
        execution.gate.lock(account)
        held = execution.queries.holds(account)
        objections = {hold.owner: objection(hold, seen, levels) for hold in held}
        free = [owner for owner, objected in objections.items() if not objected]
        if held and not free:
            raise Refused("; ".join(objections.values()))
        for owner in free:
            execution.gate.set_trading_state(account, "ACTIVE", by=by, reason=reason, owner=owner)
        if not held:
            return execution.gate.set_trading_state(account, "ACTIVE", by=by, reason=reason)
        if Owner.LOSS in free:
            alerts.close_alert("DAILY_LOSS", source=RISK, key=account)
        if {Owner.LOSS, Owner.OPERATOR} & set(free):
            alerts.close_alert("CLOSE_OUT_FAILED", source=RISK, key=account)
    return True


def objection(hold: execution.queries.Hold, seen: Reading, levels: Levels) -> str:
    """Why this hold may not be released now and what releases it; empty when an operator may."""
    if hold.owner == Owner.BREAKERS:
        return BREAKERS_OPEN % {"names": ", ".join(str(row) for row in seen.breakers if not row.symbol)}
    if hold.owner == Owner.AUDIT:
        return "" if queries.audited_clean_since(hold.since) else str(AUDIT_DIFFERS)
    equity, limit = seen.portfolio.equity, seen.limits.max_daily_drawdown_pct
    if hold.owner == Owner.LOSS and DAILY_LOSS.reached(equity=equity, opening=levels.opening, limit=limit):
        loss = in_unit(drawdown(equity, levels.opening), "FRACTION")
        return LOSS_RELEASE % {"loss": loss, "limit": in_unit(limit, "FRACTION")}
    return str(CLOSING) if queries.open_close_out(seen.account.account) else ""
