"""The mode keeper hosted by the execution service: every second it looks which mode is in force, and says so.

Said is what has changed: a row of `mode_change`, from which the pages, the API and the other services know it; the
mode on every line of this process's log; an alert while another mode is in force than was asked for, and one while
something was bought with money and this process cannot reach the exchange to sell it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cdb_site import db, failures, logs
from cdb_site.alerts import operations as alerts
from cdb_site.bus.runtime import Runtime
from execution.desks import desk
from execution.models import ModeChange
from execution.order_gateway import Desk
from execution.rules.mode import LIVE_VENUE, MissingKey, Mode, ModeTold

log = logging.getLogger(__name__)
Lacks = Mapping[Mode, tuple[MissingKey, ...]]
EVERY_S = 1.0
NOT_AS_ASKED, OUT_OF_REACH = "MODE_NOT_AS_ASKED", "VENUE_OUT_OF_REACH"
REAL_AND_OPEN = """SELECT symbol FROM position AS held WHERE account_id = %s AND quantity > 0 AND %s = (
        SELECT bought.venue FROM fill JOIN "order" AS bought USING (order_id)
        WHERE fill.account_id = held.account_id AND fill.symbol = held.symbol AND fill.side = 'BUY'
        ORDER BY fill.fill_id DESC LIMIT 1)
    UNION SELECT symbol FROM "order" WHERE account_id = %s AND venue = %s
        AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN') ORDER BY symbol"""


class ModeKeeper:
    """Runs `keep` in-process."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._said: tuple[ModeTold, Lacks] | None = None
        self._stranded: list[str] | None = None

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            with failures.waiting_for_servers("the mode keeper"):
                self.keep(desk())
                self.runtime.progress.turned("mode")
            self.runtime.pause(EVERY_S)

    def keep(self, mine: Desk) -> None:
        """Say what has changed since this process said it last."""
        if mine.mode is None:
            return
        told = mine.mode.told()
        logs.tell_mode(told.mode)
        lacks = mine.mode.lacks()
        if (told, lacks) != self._said:
            say(mine.account, told, lacks, instance=self.runtime.instance)
            log.info("orders are %s; asked for: %s, missing: %s", told.mode, told.asked, ", ".join(told.missing))
            self._said = (told, lacks)
        stranded = [] if mine.mode.only_paper or LIVE_VENUE in mine.at_hand else real_and_open(mine.account)
        if stranded != self._stranded:
            self._stranded = stranded
            _alarm(OUT_OF_REACH, mine.account, bool(stranded), symbols=", ".join(stranded))


def say(account: str, told: ModeTold, lacks: Lacks, *, instance: str) -> None:
    """The row for all others, unless the newest says the same; and the alert."""
    newest = ModeChange.objects.filter(account_id=account).order_by("-id").first()
    row: dict[str, Any] = {
        "mode": told.mode.value,
        "asked": told.asked.value,
        "missing": [one.value for one in told.missing],
        "lacks": {mode.value: [one.value for one in keys] for mode, keys in lacks.items()},
    }
    if newest is None or {name: getattr(newest, name) for name in row} != row:
        ModeChange.objects.create(account_id=account, instance=instance, **row)
    params = {"asked": told.asked.value, "mode": told.mode.value, "missing": ", ".join(told.missing)}
    _alarm(NOT_AS_ASKED, account, told.mode != told.asked, **params)


def real_and_open(account: str) -> list[str]:
    """Symbols that are held, or may still be bought, with money."""
    return [str(row[0]) for row in db.select(REAL_AND_OPEN, (account, LIVE_VENUE, account, LIVE_VENUE))]


def _alarm(code: str, account: str, raised: bool, **params: str) -> None:
    if raised:
        alerts.raise_alert(code, source="execution", key=account, params=params)
    else:
        alerts.close_alert(code, source="execution", key=account)
