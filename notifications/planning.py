"""What is to be told where: a delivery for every alert and channel that wants it, and for every day's report.

One statement for all channels; the unique keys let nothing be planned twice, whoever plans. Alerts from before a
channel was made or switched on are not told there, and an alert that a channel failed is never told to that channel.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cdb_site import db

FAILED = "NOTIFICATION_FAILED"
# After a start: what was raised while nobody sent, so far back. Later looks go back to the last one.
FIRST_LOOK = timedelta(days=7)
# Alerts carry the time of their raising and are seen with their commit, which may come later.
OVERLAP = timedelta(minutes=10)
REPORTS_FOR = timedelta(hours=36)
REPORTS_MOST = 3
LEVELS = ["INFO", "WARNING", "CRITICAL"]
PLAN_ALERTS = """
    INSERT INTO notification_delivery (channel_id, kind, alert_id, level, code, raised_at, next_at)
    SELECT channel.id, 'ALERT', alert.alert_id, alert.level, alert.code, alert.raised_at, %(now)s
    FROM alert JOIN notification_channel channel ON channel.enabled
      AND array_position(%(levels)s::text[], alert.level::text)
        >= array_position(%(levels)s::text[], channel.least_level::text)
      AND (channel.kinds = '[]' OR channel.kinds ? alert.code)
      AND alert.raised_at >= channel.told_since
      AND NOT (alert.code = %(failed)s AND alert.key = channel.id::text)
    WHERE alert.raised_at >= %(since)s AND NOT EXISTS (
      SELECT FROM notification_delivery planned
      WHERE planned.channel_id = channel.id AND planned.alert_id = alert.alert_id)
    FOR KEY SHARE OF channel
    ON CONFLICT DO NOTHING"""
PLAN_REPORTS = """
    INSERT INTO notification_delivery (channel_id, kind, day, level, raised_at, next_at)
    SELECT channel.id, 'REPORT', report.day, 'INFO', report.stored_at, %(now)s
    FROM (SELECT day, stored_at FROM daily_report WHERE account = %(account)s ORDER BY day DESC LIMIT %(most)s) report
    JOIN notification_channel channel ON channel.enabled AND channel.daily_report
      AND report.stored_at >= greatest(channel.told_since, %(since)s)
    WHERE NOT EXISTS (SELECT FROM notification_delivery planned
      WHERE planned.channel_id = channel.id AND planned.day = report.day)
    FOR KEY SHARE OF channel
    ON CONFLICT DO NOTHING"""
ANY_CHANNEL = "SELECT EXISTS (SELECT FROM notification_channel WHERE enabled)"


def plan(account: str, now: datetime, *, looked_at: datetime | None) -> int:
    """Plan what was raised since the last look (None: since a week). Returns how many deliveries are new."""
    if not db.select(ANY_CHANNEL)[0][0]:
        return 0
    since = looked_at - OVERLAP if looked_at else now - FIRST_LOOK
    planned = db.execute(PLAN_ALERTS, {"now": now, "since": since, "levels": LEVELS, "failed": FAILED})
    reports = {"now": now, "since": now - REPORTS_FOR, "account": account, "most": REPORTS_MOST}
    return planned + db.execute(PLAN_REPORTS, reports)
