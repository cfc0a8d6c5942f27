"""What no topic carries and the screens still show: the books' last audit, the limits, the outlook, the clock.

Read from the database every two seconds and put on the feed when it changed.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM
from dashboard.live.feed import Feed
from dashboard.wire import Row, moment, text
from execution.models import Account
from execution.queries import PAPER
from marketdata.queries import paused
from risk.models import AuditRun, CloseOut, LimitVersion
from risk.operator import holders
from signals_app.models import Ranking
from signals_app.queries import latest_ranking

log = logging.getLogger(__name__)
EVERY_S = 2.0


class SlowFacts:
    def __init__(self, runtime: Runtime, feed: Feed) -> None:
        self.runtime, self.feed = runtime, feed
        self._last: dict[str, Row] = {}

    def run(self) -> None:
        while not self.runtime.stopping.is_set():
            try:
                self.put_changes()
            except DatabaseError as problem:
                log.warning("the dashboard waits for the database: %s", problem)
            close_old_connections()
            self.runtime.progress.turned("facts")
            self.runtime.pause(EVERY_S)

    def put_changes(self) -> None:
        for kind, row in read().items():
            if self._last.get(kind) != row or kind not in self.feed.single:
                self._last[kind] = row
                self.feed.put(kind, row)


def read() -> dict[str, Row]:
    """Kind of change → its row."""
    return {"clock": clock(), "books": books(), "limits": limits(), "outlook": outlook()}


def clock() -> Row:
    """The market clock, from which the browser counts down to the next candle."""
    return {**asdict(SYSTEM.anchor), "interval_s": settings.ENVIRONMENT.interval_s}


def books() -> Row:
    """The last audit and the trading state as stored, with everybody who holds it and why."""
    run = AuditRun.objects.first()
    trading = holders.told(PAPER)
    account = Account.objects.first()
    return {
        "audited_at": moment(run.ran_at) if run else None,
        "violations": run.violations if run else None,
        "acknowledged": run.acknowledged if run else None,
        "first": run.first if run else "",
        "trading_state": trading["state"],
        "reason": trading["reason"],
        "changed_by": trading["by"],
        "holders": trading["holders"],
        "close_out": close_out(trading["state"]),
        "quote_asset": account.quote_asset if account else settings.ENVIRONMENT.QUOTE_ASSET,
    }


def close_out(trading_state: str) -> Row | None:
    """The close-out under way, or the one given up while nobody has resumed trading since."""
    row = CloseOut.objects.first()
    if row is None or row.flat_at or (row.given_up_at and trading_state == "ACTIVE"):
        return None
    return {
        "cause": row.cause,
        "asked_by": row.asked_by,
        "since": moment(row.started_at),
        "given_up": row.given_up_at is not None,
    }


def limits() -> Row:
    """The limits in force, as the bar draws them."""
    version = LimitVersion.objects.first()
    environment = settings.ENVIRONMENT
    return {
        "version": version.version if version else None,
        "max_exposure": text(version.max_exposure_pct if version else environment.MAX_EXPOSURE_PCT),
        "max_position": text(version.max_position_pct if version else environment.MAX_POSITION_PCT),
        "stop_loss": text(version.stop_loss_pct if version else environment.STOP_LOSS_PCT),
        "max_daily_drawdown": text(version.max_daily_drawdown_pct if version else environment.MAX_DAILY_DRAWDOWN_PCT),
        "max_drawdown": text(version.max_drawdown_pct if version else environment.MAX_DRAWDOWN_PCT),
        "feed_silence_s": float(version.max_data_silence_s if version else environment.MAX_DATA_SILENCE_S),
        "price_age_s": text(version.max_price_age_s if version else environment.MAX_PRICE_AGE_S),
        "threshold": text(environment.SIGNAL_THRESHOLD_PCT),
    }


def outlook() -> Row:
    """The last ranking: who is nearest below the threshold, and who is above it but out, with the reason."""
    ranking = latest_ranking()
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


def _ranked(row: Ranking) -> dict[str, Any]:
    return {"symbol": row.symbol, "rank": row.rank, "momentum": text(row.momentum), "excluded": row.excluded}
