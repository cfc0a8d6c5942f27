"""What quiet hours hold back, reports of a day, and the services that are told: mail, Discord, Telegram."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins import N_MGR
from django.db import connection

from cdb_site.alerts import operations as alerts
from notifications import sender as sending
from notifications.models import ChannelDelivery
from risk.models import DailyReport
from risk.reports import writing
from tests.builders import PAPER
from tests.integration.notifications.catchers import WebCatcher, mail_catcher
from tests.integration.notifications.post_house import PostHouse, channel, states
from tests.integration.risk import report_house

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
BERLIN: dict[str, Any] = {"quiet_from": "22:00", "quiet_until": "07:00", "time_zone": "Europe/Berlin"}


def test_quiet_hours_hold_all_but_critical_until_they_end_over_midnight_and_a_change_of_time(
    house: PostHouse, web: WebCatcher
) -> None:
    house.clock.stands_at = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    channel(web, **BERLIN)
    for number in range(3):
        house.alert("STOP_LOSS", level="WARNING", key=f"k{number}", params={"symbol": "AAAUSDT"})
    house.alert()
    house.work()
    at_night = list(web.texts)
    house.move(6 * 3600 + 29 * 60)  # 04:59 UTC is 06:59 in summer
    house.work()
    before_seven = len(web.caught)
    house.move(60)
    house.work()

    assert len(at_night) == before_seven == 1 and "FEED_SILENT" in at_night[0]
    assert len(web.caught) == 2
    assert "3 messages" in web.texts[1] and "Held in the quiet hours: 3, from 2026-03-28 23:30:00 CET" in web.texts[1]
    assert "STOP_LOSS × 3" in web.texts[1]
    assert set(states()) == {"SENT"}


def test_a_report_of_the_day_goes_once_to_who_asked_for_it_and_waits_for_the_morning(
    house: PostHouse, web: WebCatcher, tmp_path: Path
) -> None:
    trading = report_house.opened(tmp_path)
    report_house.first_day(trading)
    channel(web, daily_report=True, language="de", **BERLIN)
    channel(web)
    writing.write_due(PAPER, trading.clock.market_now())
    report = DailyReport.objects.get()
    house.clock.stands_at = report.stored_at.replace(hour=23, minute=0)
    house.work()
    at_night = len(web.caught)
    house.move(9 * 3600)
    house.work(looks=2)

    [text] = web.texts
    assert at_night == 0
    assert "Bericht des 2026-03-04" in text
    assert "Ergebnis -31" in text and "Eigenkapital 0 → 9.969,00 USDT" in text
    assert "Eingezahlt +10.000,00 USDT" in text
    assert "Kein Rundlauf wurde geschlossen" in text


def test_a_letter_reaches_the_mail_server(house: PostHouse) -> None:
    with mail_catcher() as mail:
        address = f"mailto://127.0.0.1:{mail.port}/?from=cdb@example.org&to=anna@example.org&mode=insecure"
        channel(url=address, service="mailto")
        house.alert()
        house.work()

        assert states() == ["SENT"], ChannelDelivery.objects.get().error
        [raw] = mail.letters
    letter = email.message_from_string(raw, policy=email.policy.default)
    assert letter["Subject"] == "Claire de Binaire: CRITICAL FEED_SILENT"
    assert letter["To"] == "anna@example.org"
    body = letter.get_body(("plain", "html"))
    assert body is not None and "No market data for 40 s." in body.get_content()


def test_discord_is_told_and_takes_no_picture_from_elsewhere(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(N_MGR["discord"], "notify_url", f"http://127.0.0.1:{web.port}/api/webhooks")
    channel(url="discord://123456789012345678/abcdefghijklmnopqrstuvwxyz", service="discord")
    house.alert()

    house.work()

    [caught] = web.caught
    assert caught.path == "/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz"
    assert "No market data for 40 s." in str(caught.body)
    assert "http" not in str(caught.body)


def test_telegram_is_told_and_its_refusal_is_kept_without_the_token(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "123456789:abcdefghijklmnop-qrstuvwxyzABCDEFGHI"
    monkeypatch.setattr(N_MGR["tgram"], "notify_url", f"http://127.0.0.1:{web.port}/bot")
    channel(url=f"tgram://{token}/4242", service="tgram")
    web.answers = [(401, {}, b'{"ok":false,"description":"Unauthorized ' + token.encode() + b'"}')]
    house.alert()

    house.work()
    error = ChannelDelivery.objects.get().error
    house.move(61)
    house.work()

    assert error and token not in error and "abcdefghijklmnop" not in error
    assert states() == ["SENT"]
    assert web.caught[-1].path == f"/bot{token}/sendMessage"
    assert "No market data for 40 s." in str(web.caught[-1].body)


@contextmanager
def at_work(house: PostHouse) -> Iterator[None]:
    """The sender in a thread of its own, as the clock hosts it."""

    def run() -> None:
        try:
            house.sender.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        house.sender.runtime.stopping.set()
        thread.join(10)


def test_an_alert_wakes_the_sender_which_otherwise_hardly_looks(
    house: PostHouse, web: WebCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LOOK_EVERY_S", 3600.0)
    looked = threading.Event()
    real_look = house.sender.look
    looks: list[float] = []

    def look() -> float:
        looks.append(house.clock.monotonic_s())
        seconds = real_look()
        if len(looks) == 2:  # and once more as it begins to listen
            looked.set()
        return seconds

    monkeypatch.setattr(house.sender, "look", look)
    channel(web)

    with at_work(house):
        assert looked.wait(10)
        threading.Event().wait(0.5)
        idle = len(looks)
        began = house.clock.monotonic_s()
        alerts.raise_alert("FEED_SILENT", source="risk", key="feed", params={"age_s": 40})
        while not web.caught and house.clock.monotonic_s() - began < 10:
            threading.Event().wait(0.01)
        took_s = house.clock.monotonic_s() - began

    assert idle == 2
    assert len(web.caught) == 1 and took_s < 5
    assert house.sender.runtime.progress.slowest()[0] == "notifications"
