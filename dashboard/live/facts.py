"""What no topic carries and the screens still show: the books' last audit, the limits, the ranks, the day, the clock.

Read from the database every two seconds and put on the feed when it changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from prometheus_client import Gauge

from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM, parse_iso
from cdb_site.limit_table import LIMITS
from dashboard.live.audience import Audience
from dashboard.live.day import DaySoFar
from dashboard.live.feed import Feed
from dashboard.wire import Row, moment, text
from marketdata.queries import paused
from risk.models import LimitVersion
from risk.operator import standing
from signals_app.models import Ranking
from signals_app.queries import latest_ranking

log = logging.getLogger(__name__)
AUDIT_AGE = Gauge("cdb_audit_age_seconds", "Wall seconds since the last audit of the books ended")
EVERY_S = 2.0
TOGETHER_S = 0.2
# While nobody looks only the age of the audit is told, to Prometheus.
RESTING_S = 14.0


class SlowFacts:
    def __init__(self, runtime: Runtime, feed: Feed, audience: Audience) -> None:
        self.runtime, self.feed, self.audience = runtime, feed, audience
        self._last: dict[str, Row] = {}
        self._day = DaySoFar()
        self._news = threading.Event()

    def look_now(self) -> None:
        """Something was written that the screens show: read it now, not at the next turn."""
        self._news.set()

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                self.put_changes()
                self.audience.fresh("facts")
            except DatabaseError as problem:
                log.warning("the dashboard waits for the database: %s", problem)
            close_old_connections()
            self.runtime.progress.turned("facts")
            self._pause()

    def _pause(self) -> None:
        if self.audience.present:
            # News that come in a flood are read five times a second.
            if not self.runtime.pause(TOGETHER_S):
                self._news.wait(EVERY_S - TOGETHER_S)
            self._news.clear()
            return
        rested_s = 0.0
        while not (rested_s >= RESTING_S or self.audience.present or self.runtime.stopping.is_set()):
            self.audience.rest("facts", EVERY_S)
            self.runtime.progress.turned("facts")
            rested_s += EVERY_S

    def put_changes(self) -> None:
        for kind, row in {**read(), "today": self._day.read()}.items():
            if self._last.get(kind) != row or kind not in self.feed.single:
                self._last[kind] = row
                self.feed.put(kind, row)


def read() -> dict[str, Row]:
    """Kind of change → its row."""
    ranking = latest_ranking()
    return {
        "clock": clock(),
        "books": books(),
        "limits": limits(),
        "outlook": outlook(ranking),
        "ranks": ranks(ranking),
    }


def clock() -> Row:
    """The market clock, from which the browser counts down to the next candle."""
    return {**asdict(SYSTEM.anchor), "interval_s": settings.ENVIRONMENT.interval_s}


def books() -> Row:
    """How the account stands; Prometheus is told how old the audit is."""
    row = standing.books()
    if row["audited_at"]:
        AUDIT_AGE.set((SYSTEM.wall_now() - parse_iso(row["audited_at"])).total_seconds())
    return row


def limits() -> Row:
    """The limits in force, as the bar draws them; without a version the table's defaults."""
    version = LimitVersion.objects.first()
    value = {limit.name: getattr(version, limit.name) if version else limit.default for limit in LIMITS}
    return {
        "version": version.version if version else None,
        "changed_by": version.changed_by if version else None,
        "changed_at": moment(version.changed_at) if version else None,
        "reason": version.reason if version else "",
        "max_exposure": text(value["max_exposure_pct"]),
        "max_position": text(value["max_position_pct"]),
        "stop_loss": text(value["stop_loss_pct"]),
        "max_daily_drawdown": text(value["max_daily_drawdown_pct"]),
        "max_drawdown": text(value["max_drawdown_pct"]),
        "feed_silence_s": float(value["max_data_silence_s"]),
        "price_age_s": text(value["max_price_age_s"]),
        "threshold": text(settings.ENVIRONMENT.SIGNAL_THRESHOLD_PCT),
        "exit": text(settings.ENVIRONMENT.SIGNAL_EXIT_PCT),
    }


def outlook(ranking: Sequence[Ranking]) -> Row:
    """Of the last ranking: who is nearest below the threshold, and who is above it but out, with the reason."""
    threshold = settings.ENVIRONMENT.SIGNAL_THRESHOLD_PCT
    rows = sorted((row for row in ranking if row.momentum is not None), key=lambda row: -(row.momentum or 0))
    below = [row for row in rows if not row.excluded and (row.momentum or 0) < threshold]
    above_but_out = [row for row in rows if row.excluded and (row.momentum or 0) >= threshold]
    return {
        "ranked_at": moment(ranking[0].ranked_at) if ranking else None,
        "nearest": [_ranked(row) for row in below[:3]],
        "out": [_ranked(row) for row in above_but_out[:3]],
        "paused": paused(SYSTEM.wall_now()),
    }


def ranks(ranking: Sequence[Ranking]) -> Row:
    """The last ranking whole, strongest first: the place, momentum and reason to be out of every watched symbol."""
    return {
        "ranked_at": moment(ranking[0].ranked_at) if ranking else None,
        "rows": [_ranked(row) for row in ranking],
    }


def _ranked(row: Ranking) -> dict[str, Any]:
    return {"symbol": row.symbol, "rank": row.rank, "momentum": text(row.momentum), "excluded": row.excluded}
