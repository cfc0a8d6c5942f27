"""The gate in front of every venue: the trading state, and the one door that changes it.

ACTIVE lets entries pass, REDUCING and HALTED only exits. The newest row of the history is the state; a change excludes
every claim by the gate's own lock, so an entry is claimed before it or refused after it.
"""

from __future__ import annotations

from collections.abc import Collection

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from execution import queries
from execution.models import TradingStateChange
from execution.operations import Refused


def set_trading_state(name: str, state: str, *, by: str, reason: str, only_from: Collection[str] = ()) -> bool:
    """The one door of the gate. Engaging is immediate; a release needs a reason. False when nothing changed.

    `only_from` names the states it may leave, so that a breaker never lowers a halt. Inside a unit of work the change
    commits with it.
    """
    if state == "ACTIVE" and not reason.strip():
        raise Refused("a release needs a reason; say why trading may go on")
    current = outbox.current_unit()
    if current:
        return _change_state(name, state, by, reason, only_from)
    with outbox.unit_of_work("execution"):
        return _change_state(name, state, by, reason, only_from)


def _change_state(name: str, state: str, by: str, reason: str, only_from: Collection[str]) -> bool:
    queries.account(name, lock=True)
    db.select(queries.GATE_EXCLUSIVE, (name,))
    before = queries.trading_state(name)
    if before == state or (only_from and before not in only_from):
        return False
    changed_at = db.select("SELECT clock_timestamp()")[0][0]  # under the lock: a claim is before it or after it
    TradingStateChange.objects.create(account_id=name, state=state, reason=reason, changed_by=by, changed_at=changed_at)
    for code in {"TRADING_HALTED", "TRADING_REDUCING"} - {f"TRADING_{state}"}:
        alerts.close_alert(code, source="execution", key=name)
    if state != "ACTIVE":
        alerts.raise_alert(f"TRADING_{state}", source="execution", key=name, params={"by": by, "reason": reason})
    return True


def halt(name: str, *, by: str, reason: str) -> bool:
    """No new entries from now on; entries not yet claimed will be canceled. Latched."""
    return set_trading_state(name, "HALTED", by=by, reason=reason)
