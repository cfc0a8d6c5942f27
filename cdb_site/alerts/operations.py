"""Raising, acknowledging and closing alerts. While a condition lasts there is one open row, however often it is met.

RAISED → ACKNOWLEDGED (somebody has seen it; it stays open) → CLOSED (the condition ended). Either may be skipped.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.utils import timezone

from cdb_site import db
from cdb_site.alerts.catalog import CATALOG
from cdb_site.alerts.models import Alert
from cdb_site.bus import outbox
from cdb_site.clock import SYSTEM, iso

OPEN_AMONG = "SELECT DISTINCT key FROM alert WHERE code = %s AND key = ANY(%s) AND state <> 'CLOSED'"


def raise_alert(code: str, *, source: str, key: str, params: dict[str, Any]) -> Alert:
    """Raise the condition `code` about `key`; a condition already open is only counted."""
    kind = CATALOG[code]
    current = outbox.current_unit()
    if current:
        return _raise_in(current, code, source, key, params, kind.momentary)
    with outbox.unit_of_work(source) as unit:
        return _raise_in(unit, code, source, key, params, kind.momentary)


def _raise_in(
    unit: outbox.UnitOfWork, code: str, source: str, key: str, params: dict[str, Any], momentary: bool
) -> Alert:
    state = Alert.State.CLOSED if momentary else Alert.State.RAISED
    now = timezone.now()
    if not momentary:
        # Two who meet the condition at once find no row to lock; the second waits here and then counts.
        db.select("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"alert {code} {key}",))
        open_alert = Alert.objects.select_for_update().filter(code=code, key=key).exclude(state="CLOSED").first()
        if open_alert:
            open_alert.count += 1
            open_alert.params = params
            open_alert.changed_at = now
            open_alert.save(update_fields=["count", "params", "changed_at"])
            return open_alert
    alert = Alert.objects.create(
        code=code,
        level=CATALOG[code].level,
        state=state,
        source=source,
        key=key,
        params=params,
        raised_at=now,
        changed_at=now,
        closed_at=now if momentary else None,
    )
    announce(unit, alert)
    return alert


def close_alert(code: str, *, source: str, key: str) -> bool:
    """The condition ended. False if it was not open."""
    current = outbox.current_unit()
    if current:
        return _close_in(current, code, key)
    with outbox.unit_of_work(source) as unit:
        return _close_in(unit, code, key)


def close_alerts(code: str, *, source: str, keys: Collection[str]) -> None:
    """The condition ended about all of these; costs one short look while none is open."""
    for (key,) in db.select(OPEN_AMONG, (code, list(keys))):
        close_alert(code, source=source, key=key)


def _close_in(unit: outbox.UnitOfWork, code: str, key: str) -> bool:
    alert = Alert.objects.select_for_update().filter(code=code, key=key).exclude(state="CLOSED").first()
    if alert is None:
        return False
    _advance(alert, Alert.State.CLOSED)
    announce(unit, alert)
    return True


def acknowledge(alert_id: UUID, *, by: str) -> bool:
    """Say who has seen an open alert. False if somebody did before, or if it is closed.

    Raises Alert.DoesNotExist for an unknown alert and ValueError without a name.
    """
    if not by.strip():
        raise ValueError("an acknowledgement needs the name of who acknowledges")
    with outbox.unit_of_work("operator") as unit:
        alert = Alert.objects.select_for_update().get(alert_id=alert_id)
        if alert.state != Alert.State.RAISED:
            return False
        alert.acknowledged_by = by
        _advance(alert, Alert.State.ACKNOWLEDGED)
        announce(unit, alert)
    return True


def _advance(alert: Alert, state: str) -> None:
    alert.state = state
    alert.version += 1
    alert.changed_at = timezone.now()
    if state == Alert.State.CLOSED:
        alert.closed_at = alert.changed_at
    if state == Alert.State.ACKNOWLEDGED:
        alert.acknowledged_at = alert.changed_at
    alert.save(update_fields=["state", "version", "changed_at", "closed_at", "acknowledged_by", "acknowledged_at"])


def announce(unit: outbox.UnitOfWork, alert: Alert) -> None:
    """Say the alert's state on the `alerts` topic."""
    payload = {
        "alert_id": str(alert.alert_id),
        "code": alert.code,
        "level": alert.level,
        "state": alert.state,
        "params": alert.params,
        "raised_at": iso(alert.raised_at),
        "version": alert.version,
        "source": alert.source,
        "count": alert.count,
        "symbol": alert.params.get("symbol"),
        "acknowledged_by": alert.acknowledged_by or None,
        "closed_at": iso(alert.closed_at) if alert.closed_at else None,
    }
    key = f"{alert.alert_id}:{alert.version}"
    unit.emit("alerts", payload, key=key, occurred_at=SYSTEM.market_now())
