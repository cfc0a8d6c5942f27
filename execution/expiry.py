"""Entries that waited too long: past its deadline an entry is EXPIRED, never sent, and somebody is told.

An entry may be claimed until `created_at + valid_for_s` by the database's clock alone: the age its price could have
when it was decided, and a grace for the claim. After an outage or under overload many end at once: one alert counts
them, and closes when none has ended this way for a minute.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from prometheus_client import Counter

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.alerts.models import Alert

CODE = "ENTRIES_EXPIRED"
QUIET_S = 60.0
QUIET = """SELECT 1 FROM alert WHERE code = %s AND key = %s AND state <> 'CLOSED'
    AND changed_at < now() - make_interval(secs => %s) LIMIT 1"""
EXPIRED = Counter("cdb_orders_expired_total", "Entries that waited past their deadline and were never sent")


def tell(account: str, count: int) -> None:
    """So many entries of the account have just expired; call in the transaction that ends them."""
    if not count:
        return
    open_alert = _open(account).first()
    told = open_alert.params["count"] if open_alert else 0
    alerts.raise_alert(CODE, source="execution", key=account, params={"count": told + count})
    transaction.on_commit(lambda: EXPIRED.inc(count))


def close_when_quiet(account: str) -> None:
    """Close the alert when no entry has expired for a while."""
    if db.select(QUIET, (CODE, account, QUIET_S)):
        alerts.close_alert(CODE, source="execution", key=account)


def _open(account: str) -> QuerySet[Alert]:
    return Alert.objects.filter(code=CODE, key=account).exclude(state=Alert.State.CLOSED)
