"""With 100,000 alerts behind them, neither what a screen begins with nor the list of alerts reads the table whole."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.lists import alert_list
from tests.integration.dashboard.plans import plant, whole_reads

pytestmark = pytest.mark.django_db(transaction=True)
AT = "now() - n * interval '2 minutes'"
PLANTED = (
    f"""INSERT INTO alert (alert_id, code, level, state, source, key, params, count, version, raised_at, changed_at,
          acknowledged_by, closed_at)
        SELECT gen_random_uuid(), CASE WHEN n % 9 = 0 THEN 'STOP_LOSS' ELSE 'FEED_SILENT' END,
          CASE WHEN n % 50 = 0 THEN 'CRITICAL' ELSE 'WARNING' END,
          CASE WHEN n % 20000 = 0 THEN 'RAISED' ELSE 'CLOSED' END,
          'bus', 'k' || n, jsonb_build_object('symbol', 'S' || (n % 30) || 'USDT'), 1, 1, {AT}, {AT}, '',
          CASE WHEN n % 20000 = 0 THEN NULL ELSE now() END FROM generate_series(1, 100000) n""",
    "VACUUM (ANALYZE) alert",
)  # fmt: skip
ADDRESSES = (
    {},
    {"view": "open"},
    {"view": "today"},
    {"code": "STOP_LOSS"},
    {"level": "CRITICAL"},
    {"symbol": "S7USDT"},
)


def test_what_a_screen_begins_with_and_the_list_go_by_indexes() -> None:
    plant(PLANTED)

    with CaptureQueriesContext(connection) as queries:
        rows = snapshot.alerts()
    assert [row["state"] for row in rows[:6]] == ["RAISED"] * 5 + ["CLOSED"]
    assert len(rows) == snapshot.ALERTS
    assert rows[5]["raised_at"] > rows[0]["raised_at"]
    assert whole_reads([row["sql"] for row in queries], "alert") == []

    for given in ADDRESSES:
        with CaptureQueriesContext(connection) as queries:
            shown = alert_list.context(given, SYSTEM)
        assert whole_reads([row["sql"] for row in queries], "alert") == [], given
        assert len(queries) < 12
        assert shown["numbers"]["open"] == 5
    assert shown["numbers"]["all"] == Alert.objects.count() == 100_000
