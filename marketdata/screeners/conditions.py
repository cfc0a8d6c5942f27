"""Alerts of a screener that are open exactly as long as their condition holds.

The screener says once in a while what holds now; what is new is raised, what is over is closed, and nothing is
written while nothing changes. A fresh process reads first what its predecessor left open. What it cannot judge yet,
because no data came since it started, it leaves as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cdb_site.alerts.models import Alert
from cdb_site.alerts.operations import close_alert, raise_alert

Condition = tuple[str, str]


class Conditions:
    """Alerts with these `codes`, one per (code, key). All calls block on the database."""

    def __init__(self, *, source: str, codes: Collection[str]) -> None:
        self.source, self.codes = source, tuple(codes)
        self._open: set[Condition] | None = None

    def differ(self, holding: Mapping[Condition, Any], undecided: Collection[Condition] = ()) -> bool:
        """Whether `settle` would have anything to do. Cheap: asks nobody."""
        if self._open is None:
            return True
        return bool(holding.keys() - self._open or self._open - holding.keys() - set(undecided))

    def settle(self, holding: Mapping[Condition, dict[str, Any]], undecided: Collection[Condition] = ()) -> None:
        """Raise what holds and is not open, close what is open and neither holds nor is undecided.

        Raises DatabaseError; what was written until then is remembered, and the rest is done by the next call.
        """
        known = self.open_now()
        for condition in holding.keys() - known:
            code, key = condition
            raise_alert(code, source=self.source, key=key, params=holding[condition])
            known.add(condition)
        for condition in known - holding.keys() - set(undecided):
            code, key = condition
            close_alert(code, source=self.source, key=key)
            known.discard(condition)

    def open_now(self) -> set[Condition]:
        """What is open; read from the database the first time."""
        if self._open is None:
            rows = Alert.objects.filter(code__in=self.codes).exclude(state=Alert.State.CLOSED)
            self._open = set(rows.values_list("code", "key"))
        return self._open
