"""Decisions and alerts as files: what the filters leave, whole, in portions, in the reader's style; bounded."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import RequestFactory

from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM
from dashboard import spreadsheets
from dashboard.lists import alert_list, decision_filters, files
from dashboard.models import Preference
from dashboard.pages.alerts import alerts_as_file
from dashboard.spreadsheets import BYTE_ORDER_MARK, Sheet
from risk.models import Decision

pytestmark = pytest.mark.django_db
ENGLISH = Sheet(zone=UTC)
GERMAN = Sheet(zone=UTC, language="de", comma=True)


def plant_decisions(count: int) -> None:
    """Denied buys of AAA, every third of BBB; all at one moment, so that only their ids part them."""
    now = SYSTEM.market_now()
    Decision.objects.bulk_create(
        Decision(
            decision_id=uuid.uuid4(),
            kind="SIGNAL",
            outcome="REJECTED",
            reason_code="EXPOSURE_LIMIT_EXCEEDED",
            params={"observed": "0.51", "limit": "0.5", "unit": "FRACTION"},
            account="paper",
            symbol="BBBUSDT" if n % 3 == 0 else "AAAUSDT",
            side="BUY",
            signal_id=uuid.uuid4(),
            wanted_quantity=Decimal("1.5"),
            quantity=0,
            trading_state="ACTIVE",
            limits_version=1,
            max_price_age_ms=1000,
            occurred_at=now,
        )  # fmt: skip
        for n in range(count)
    )


def plant_alerts() -> None:
    now = SYSTEM.wall_now()
    for code, level, state, params in (
        ("FEED_SILENT", "CRITICAL", "RAISED", {"age_s": "30.2"}),
        ("SYMBOL_SILENT", "WARNING", "RAISED", {"symbol": "=DDDUSDT", "age_s": "44"}),
        ("SYMBOL_SILENT", "WARNING", "CLOSED", {"symbol": "AAAUSDT", "age_s": "44"}),
    ):
        Alert.objects.create(
            code=code, level=level, state=state, source="tests", key=str(params), params=params, raised_at=now,
            closed_at=now + timedelta(seconds=5) if state == "CLOSED" else None,
        )  # fmt: skip


def cells(content: Any, sheet: Sheet) -> list[list[str]]:
    async def text() -> str:
        parts = [part async for part in content]
        return "".join(part.decode() if isinstance(part, bytes) else part for part in parts)

    whole = async_to_sync(text)()
    assert whole.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(whole.removeprefix(BYTE_ORDER_MARK)), delimiter=";" if sheet.comma else ","))


def decided(query: dict[str, str], sheet: Sheet = ENGLISH) -> list[list[str]]:
    return cells(files.decisions_file(decision_filters.asked(query), None, sheet), sheet)


def alerted(query: dict[str, str], sheet: Sheet = ENGLISH) -> list[list[str]]:
    return cells(files.alerts_file(alert_list.asked(query), SYSTEM.wall_now(), sheet), sheet)


def test_every_decision_is_in_the_file_once_and_a_filter_leaves_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "PORTION", 4)
    plant_decisions(12)

    head, *rows = decided({})
    _, *narrowed = decided({"symbol": "BBBUSDT"})

    assert head[0] == "Time (UTC)"
    assert {row[head.index("Decision")] for row in rows} == {str(row.pk) for row in Decision.objects.all()}
    assert len(rows) == 12
    assert [row[1] for row in narrowed] == ["BBBUSDT"] * 4
    assert rows[0][head.index("Wanted")] == "1.5"


def test_a_german_file_has_german_sentences_and_decimal_commas() -> None:
    plant_decisions(1)

    head, row = decided({}, GERMAN)

    told = dict(zip(head, row, strict=True))
    assert told["Gewünscht"] == "1,5"
    assert "51,00 %" in told["Grund"]


def test_what_is_too_much_is_cut_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "PORTION", 2)
    monkeypatch.setattr(files, "MOST", 5)
    plant_decisions(6)

    rows = decided({})[1:]

    assert len(rows) == 6
    assert rows[-1] == ["There are more than 5 rows; narrow the list for the rest."]
    assert len(decided({"symbol": "AAAUSDT"})[1:]) == 4


def test_a_file_of_undecided_signals_without_any_is_its_head_alone() -> None:
    plant_decisions(2)

    assert [row[0] for row in decided({"outcome": "UNDECIDED"})] == ["Candle (UTC)"]


def test_alerts_of_a_view_are_in_its_file_and_no_text_is_a_formula() -> None:
    plant_alerts()

    assert len(alerted({})) == 1 + 3
    assert {row[5] for row in alerted({"view": "open"})[1:]} == {"RAISED"}
    assert [row[2] for row in alerted({"level": "CRITICAL"})[1:]] == ["FEED_SILENT"]
    assert "'=DDDUSDT" in {row[3] for row in alerted({})}


def test_the_style_chosen_in_settings_wins_over_the_language() -> None:
    plant_alerts()
    user = User.objects.create_user("anna")
    Preference.objects.create(user=user, csv_style="comma")
    request = RequestFactory().get("/alerts/file/?level=CRITICAL")
    request.user = user

    answer = alerts_as_file(request)

    rows = cells(answer.streaming_content, GERMAN)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert len(rows) == 2 and len(rows[1]) == len(rows[0]) == 11
