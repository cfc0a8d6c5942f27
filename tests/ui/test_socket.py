"""The overview's socket, spoken to without a browser, against the real server."""

from __future__ import annotations

import json
import socket as sockets
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.flow.looking import wait_until
from tests.ui.planting import ORDER_ID, USER
from tests.ui.site import Site, alert, order, portfolio, quote

WAIT_S = 60.0
FORGET = """
from django.contrib.sessions.models import Session
assert Session.objects.filter(session_key=words[0]).delete()[0] == 1
"""


@contextmanager
def opened(site: Site, *, cookie: str | None = None, origin: str | None = "own") -> Iterator[ClientConnection]:
    headers = {"Cookie": cookie} if cookie else {}
    asked_origin: Any = site.url if origin == "own" else origin
    address = f"ws://127.0.0.1:{site.port}/ws/overview/"
    with connect(address, origin=asked_origin, additional_headers=headers, proxy=None) as connection:
        yield connection


def heard(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind, those before it passed over."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        message: dict[str, Any] = json.loads(connection.recv(timeout=WAIT_S))
        if message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} within {WAIT_S} s")


def begun(connection: ClientConnection) -> dict[str, Any]:
    """Ask for a new beginning; the snapshot."""
    heard(connection, "hello")
    connection.send(json.dumps({"resume": None}))
    return heard(connection, "snapshot")


def batches_until(connection: ClientConnection, order_id: str) -> list[dict[str, Any]]:
    batches = []
    while True:
        batch = heard(connection, "batch")
        batches.append(batch)
        if any(row["id"] == order_id for row in batch["changes"].get("orders", [])):
            return batches


def test_nobody_in_particular_is_closed_with_4401(site: Site) -> None:
    with opened(site) as connection, pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=WAIT_S)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


@pytest.mark.parametrize("origin", ["http://elsewhere.example", None])
def test_a_wrong_or_missing_origin_is_refused(site: Site, origin: str | None) -> None:
    cookie = site.log_in()

    with pytest.raises(InvalidStatus) as refused, opened(site, cookie=cookie, origin=origin):
        pass

    assert refused.value.response.status_code == 403


def test_a_snapshot_carries_the_rows_of_the_database_and_the_latest_marks(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        snapshot = begun(connection)

    state = snapshot["state"]
    planted = next(row for row in state["orders"] if row["id"] == ORDER_ID)
    assert planted["fills"][0]["price"] == "100"
    assert {row["symbol"] for row in state["quotes"]} == {"AAAUSDT", "BBBUSDT"}
    assert state["portfolio"]["cash"] == "8500"


def test_batches_follow_the_snapshot_without_a_gap(marked_site: Site) -> None:
    last = str(uuid.uuid4())
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        number = begun(connection)["seq"]
        for step in range(40):
            marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", f"{100 + step}")]})
            marked_site.say("order_results", order(str(uuid.uuid4()), status="NEW", version=1))
        marked_site.say("order_results", order(last, status="NEW", version=1))
        batches = batches_until(connection, last)

    for batch in batches:
        assert batch["seq_from"] == number + 1
        number = batch["seq_to"]
    rows = [row["id"] for batch in batches for row in batch["changes"].get("orders", [])]
    assert len(rows) == len(set(rows)) == 41


def test_a_screen_that_was_away_is_given_what_it_missed(marked_site: Site) -> None:
    cookie, missed = marked_site.log_in(), str(uuid.uuid4())
    with opened(marked_site, cookie=cookie) as connection:
        snapshot = begun(connection)
    marked_site.say("order_results", order(missed, status="NEW", version=1))
    time.sleep(0.5)

    with opened(marked_site, cookie=cookie) as connection:
        assert heard(connection, "hello")["epoch"] == snapshot["epoch"]
        connection.send(json.dumps({"resume": {"epoch": snapshot["epoch"], "seq": snapshot["seq"]}}))
        first = json.loads(connection.recv(timeout=WAIT_S))
        batches = [first, *([] if _has(first, missed) else batches_until(connection, missed))]

    assert first["type"] == "batch"
    assert first["seq_from"] <= snapshot["seq"] + 1 <= first["seq_to"]
    assert _has(batches[-1], missed)


def _has(batch: dict[str, Any], order_id: str) -> bool:
    return any(row["id"] == order_id for row in batch.get("changes", {}).get("orders", []))


def test_numbers_of_another_epoch_begin_with_a_snapshot(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        heard(connection, "hello")
        connection.send(json.dumps({"resume": {"epoch": "of.another.process", "seq": 5}}))

        assert heard(connection, "snapshot")["epoch"] != "of.another.process"


def test_a_restarted_redis_forces_a_snapshot_on_open_screens(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        before = begun(connection)
        marked_site.say("order_results", order(str(uuid.uuid4()), status="NEW", version=1))
        heard(connection, "batch")

        # An emptied Redis has counted fewer entries than were read: numbers can no longer be trusted.
        marked_site.bus.flushdb()
        marked_site.say("order_results", order(str(uuid.uuid4()), status="NEW", version=1))
        after = heard(connection, "snapshot")

    assert after["epoch"] != before["epoch"]


def test_a_screen_that_stops_reading_is_closed_and_costs_the_others_nothing(marked_site: Site) -> None:
    cookie = marked_site.log_in()
    with opened(marked_site, cookie=cookie) as reading, opened(marked_site, cookie=cookie) as deaf:
        begun(reading)
        begun(deaf)
        closed_before = _laggards(marked_site)
        symbols = [f"S{number}{'X' * 40}" for number in range(1600)]
        received, deadline = 0, time.monotonic() + 60
        while _laggards(marked_site) == closed_before and time.monotonic() < deadline:
            marked_site.say("market_data.quotes", {"quotes": [quote(symbol, "1") for symbol in symbols]})
            heard(reading, "batch")
            received += 1
            reading.send(json.dumps({"ack": 1_000_000}))

        assert _laggards(marked_site) > closed_before
        last = str(uuid.uuid4())
        marked_site.say("order_results", order(last, status="NEW", version=1))
        assert batches_until(reading, last)


def _laggards(site: Site) -> float:
    lines = site.get("/metrics")[1].splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("cdb_dashboard_laggards_total ")))


def test_logging_out_closes_the_socket(marked_site: Site) -> None:
    cookie = marked_site.log_in()
    key = dict(part.split("=", 1) for part in cookie.split("; "))["sessionid"]
    with opened(marked_site, cookie=cookie) as connection:
        begun(connection)
        marked_site.hand.run(FORGET, key)

        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(1000):
                connection.recv(timeout=WAIT_S)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_a_message_that_makes_no_sense_closes_the_socket(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection, pytest.raises(ConnectionClosed) as closed:
        heard(connection, "hello")
        connection.send(json.dumps({"resume": {"seq": -1}}))
        for _ in range(100):
            connection.recv(timeout=WAIT_S)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4400


def test_health_is_served_without_login_and_tells_nothing_of_the_account(marked_site: Site) -> None:
    status, body = marked_site.get("/health")

    assert status == 200
    assert set(json.loads(body)) == {"service", "status", "slowest_loop", "loop_age_ms", "lag", "processed"}


def test_metrics_name_each_services_heartbeat_age_and_no_money(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        begun(connection)
        marked_site.say("portfolio", portfolio(equity="123456.78"))
        while "123456.78" not in json.dumps(heard(connection, "batch")):
            pass
    own_age = 'cdb_service_heartbeat_age_seconds{service="dashboard"}'
    wait_until(lambda: own_age in marked_site.get("/metrics")[1], "the dashboard's own heartbeat")

    status, body = marked_site.get("/metrics")

    assert status == 200
    assert own_age in body
    assert "123456" not in body


def test_a_taken_port_is_refused_by_name(site: Site) -> None:
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "manage.py", "run_dashboard", "--port", str(port)],
            env=site.env,
            capture_output=True,
            text=True,
        )

    assert answer.returncode == 1
    assert f"127.0.0.1:{port}" in answer.stderr and "--port" in answer.stderr


def test_a_chart_is_answered_in_the_interval_that_was_asked_for(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        begun(connection)
        connection.send(json.dumps({"chart": "AAAUSDT", "interval": "5m"}))

        answer = heard(connection, "chart")

    assert (answer["symbol"], answer["interval"], answer["length_s"]) == ("AAAUSDT", "5m", 300)
    assert {row[0] % 300 for row in answer["candles"]} == {0}


@pytest.mark.parametrize("interval", ["7m", 5, ["5m"], {"5m": 1}])
def test_an_interval_that_nobody_knows_makes_no_sense(marked_site: Site, interval: Any) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection, pytest.raises(ConnectionClosed) as closed:
        heard(connection, "hello")
        connection.send(json.dumps({"chart": "AAAUSDT", "interval": interval}))
        for _ in range(100):
            connection.recv(timeout=WAIT_S)

    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4400


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"resume": None, "version": 99}, 4406),
        ({"resume": None, "want": ["everything there is"]}, 4400),
        ({"resume": None, "chart": "AAAUSDT"}, 4400),
        ({"ack": True}, 4400),
        ({"chart": {"symbol": 1}}, 4400),
    ],
)
def test_what_cannot_be_meant_closes_the_socket_with_its_code(marked_site: Site, said: Any, code: int) -> None:
    assert _closed_after(marked_site, [json.dumps(said)]) == code


@pytest.mark.parametrize(("text", "code"), [("[" * 1900, 4400), ("x" * 3000, 4400)])
def test_deep_and_long_messages_close_the_socket(marked_site: Site, text: str, code: int) -> None:
    assert _closed_after(marked_site, [text]) == code


@pytest.mark.parametrize("message", ["x" * 1_000_000, ["x" * 50] * 100], ids=["one frame", "many small frames"])
def test_a_huge_message_is_not_read_and_its_connection_dropped(marked_site: Site, message: str | list[str]) -> None:
    assert _closed_after(marked_site, [message]) is None
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        assert begun(connection)["state"]


def test_a_message_in_small_frames_that_never_ends_is_cut_off(marked_site: Site) -> None:
    sent = 0

    def without_end() -> Iterator[str]:
        nonlocal sent
        for _ in range(100_000):
            sent += 1
            time.sleep(0.001)
            yield "x" * 100

    assert _closed_after(marked_site, [without_end()]) is None
    assert sent < 10_000


def test_a_flood_of_messages_closes_its_own_socket_alone(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as quiet:
        begun(quiet)

        assert _closed_after(marked_site, [json.dumps({"ack": 1})] * 500) == 4429
        order_id = str(uuid.uuid4())
        marked_site.say("order_results", order(order_id, status="NEW", version=1))
        assert batches_until(quiet, order_id)


def _closed_after(site: Site, texts: Iterable[str | Iterable[str]]) -> int | None:
    """The close code that these messages are answered with; None when the connection was dropped without one."""
    with opened(site, cookie=site.log_in()) as connection:
        heard(connection, "hello")
        with pytest.raises(ConnectionClosed) as closed:
            for text in texts:
                connection.send(text)
            for _ in range(1000):
                connection.recv(timeout=WAIT_S)
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_a_page_that_wants_the_shell_alone_gets_no_market_data_and_numbers_without_a_gap(marked_site: Site) -> None:
    with opened(marked_site, cookie=marked_site.log_in()) as connection:
        assert heard(connection, "hello")["version"] == 1
        connection.send(json.dumps({"version": 1, "resume": None, "want": ["shell"]}))
        snapshot = heard(connection, "snapshot")
        for step in range(30):
            marked_site.say("market_data.quotes", {"quotes": [quote("AAAUSDT", f"{100 + step}")]})
            marked_site.say("order_results", order(str(uuid.uuid4()), status="NEW", version=1))
            time.sleep(0.05)
        raised = alert("SERVICE_DOWN", "CRITICAL", service="ws", age_s=9)
        marked_site.say("alerts", raised)
        batches = [heard(connection, "batch")]
        while not any(row["id"] == raised["alert_id"] for row in batches[-1]["changes"].get("alerts", [])):
            batches.append(heard(connection, "batch"))

    assert not {"quotes", "orders", "decisions", "signals", "equity"} & snapshot["state"].keys()
    assert {"portfolio", "books", "limits", "alerts"} <= snapshot["state"].keys()
    assert not {"quotes", "orders", "candles"} & {kind for batch in batches for kind in batch["changes"]}
    numbers = [snapshot["seq"], *(number for batch in batches for number in (batch["seq_from"], batch["seq_to"]))]
    assert all(first + 1 == then for first, then in zip(numbers[::2], numbers[1::2], strict=False))
    # Thirty quotes and orders in a second and a half were no thirty batches.
    assert len(batches) < 12


PERSON = """
from django.contrib.auth.models import Permission, User
user = User.objects.get(username=words[0])
"""
# Rights of an operator besides; what the person had before.
OPERATES = f"""{PERSON}
from django.contrib.contenttypes.models import ContentType
say([user.password, [right.pk for right in user.user_permissions.all()]])
about = ContentType.objects.filter(app_label="risk").first()
operate, _ = Permission.objects.get_or_create(codename="operate", defaults={{"content_type": about}})
user.user_permissions.add(operate)
"""
AS_BEFORE = f"""{PERSON}
import json
user.password, rights = json.loads(words[1])
user.is_active = True
user.save()
user.user_permissions.set(rights)
"""


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("user.set_password('another'); user.save()", 4401),
        ("user.is_active = False; user.save()", 4401),
        ("user.user_permissions.clear()", 4403),
    ],
)
def test_who_may_less_than_before_is_out_within_two_seconds(marked_site: Site, act: str, code: int) -> None:
    before = marked_site.hand.run(OPERATES, USER)
    try:
        with opened(marked_site, cookie=marked_site.log_in()) as connection:
            begun(connection)
            done_at = marked_site.hand.run(f"{PERSON}{act}\nimport time; say(time.time())", USER)
            with pytest.raises(ConnectionClosed) as closed:
                for _ in range(1000):
                    connection.recv(timeout=WAIT_S)
            closed_at = time.time()
    finally:
        marked_site.hand.run(AS_BEFORE, USER, json.dumps(before))

    assert closed.value.rcvd is not None and closed.value.rcvd.code == code
    assert closed_at - done_at < 2
