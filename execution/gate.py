"""The gate in front of every venue: the trading state, who holds it, and the one door that changes it.

ACTIVE lets entries pass, REDUCING and HALTED only exits. Each owner (operator, loss, breakers, audit) holds and
releases its own state; the strictest counts. A change takes the gate's own lock and no other, and excludes every claim:
an entry is claimed before it or refused after it.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from execution import queries
from execution.models import TradingStateChange
from execution.operations import Refused

Owner = TradingStateChange.Owner
# Longer than the server lets a frozen session keep its locks (idle_in_transaction_session_timeout): whoever does not go
# on at the gate is ended first, and while a change waits no new claim passes.
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '8s'"


def set_trading_state(name: str, state: str, *, by: str, reason: str, owner: str = Owner.OPERATOR) -> bool:
    """What one owner holds from now on. A release needs a reason. False when it held just that before.

    Inside a unit of work the change commits with it, else alone.
    """
    if state == "ACTIVE" and not reason.strip():
        raise Refused(_("a release needs a reason; say why trading may go on"))
    if outbox.current_unit():
        return _change_state(name, state, by, reason, owner)
    with outbox.unit_of_work("execution"):
        return _change_state(name, state, by, reason, owner)


def halt(name: str, *, by: str, reason: str, owner: str = Owner.OPERATOR) -> bool:
    """No new entries from now on; entries not yet claimed will be canceled. Latched."""
    return set_trading_state(name, "HALTED", by=by, reason=reason, owner=owner)


def lock(name: str) -> None:
    """Shut the gate until the transaction ends: no claim and no other change of the state meanwhile."""
    db.execute(LOCK_TIMEOUT)
    db.select(queries.GATE_EXCLUSIVE, (name,))


def _change_state(name: str, state: str, by: str, reason: str, owner: str) -> bool:
    queries.account(name)
    lock(name)
    before = {hold.owner: hold.state for hold in queries.holds(name)}
    if before.get(owner, "ACTIVE") == state and TradingStateChange.objects.filter(account_id=name).exists():
        return False
    changed_at = db.select("SELECT clock_timestamp()")[0][0]  # under the lock: a claim is before it or after it
    TradingStateChange.objects.create(
        account_id=name, owner=owner, state=state, reason=reason, changed_by=by, changed_at=changed_at
    )
    _announce(name)
    return True


def _announce(name: str) -> None:
    """One open alert at most, with the words of the strictest hold."""
    held = queries.holds(name)
    state = held[0].state if held else "ACTIVE"
    for code in {"TRADING_HALTED", "TRADING_REDUCING"} - {f"TRADING_{state}"}:
        alerts.close_alert(code, source="execution", key=name)
    if held:
        params = {"by": held[0].by, "reason": held[0].reason}
        alerts.raise_alert(f"TRADING_{state}", source="execution", key=name, params=params)
