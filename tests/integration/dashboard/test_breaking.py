"""A fault ordered from the page on a real simulator: it begins, is told with its owner, ends early, or is refused."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from cdb_site import wishes
from cdb_site.alerts.catalog import CATALOG
from cdb_site.alerts.models import Alert
from cdb_site.bus.redis import connection
from cdb_site.clock import SYSTEM
from cdb_site.wishes import ServiceWish
from dashboard import breaking
from dashboard.live.hub import FEED
from execution.models import Account, LedgerEntry, TradingStateChange
from mexc_sim.faults.catalog import KINDS
from mexc_sim.faults.client import ControlProblem, FaultClient
from mexc_sim.faults.kinds import CATEGORIES
from mexc_sim.faults.market_faults import MARKET_FAULTS
from mexc_sim.faults.trading_faults import TRADING_FAULTS
from risk.models import AuditRun, OperatorAct
from tests.ui.site import heartbeat

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
START_S = 90.0


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a simulated exchange with an account, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("exchange")
    accounts = folder / "accounts.json"
    accounts.write_text('{"accounts": [{"name": "one", "key": "mx0", "secret": "hidden"}]}', encoding="utf-8")
    env = {**os.environ, "ENV": "demo", "MARKET": "SIMULATED", "DATA_DIR": str(folder)}
    words = ["manage.py", "run_mexc_sim", "--port", str(port), "--accounts", str(accounts)]
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_S
    try:
        while True:
            try:
                FaultClient(address).check()
                break
            except ControlProblem:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def simulated(exchange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = replace(settings.ENVIRONMENT, MARKET="SIMULATED", MEXC_REST_URL=exchange)
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    connection().delete(breaking.RUNS_KEY, breaking.ENDED_KEY)


@pytest.fixture(autouse=True)
def plain_static(settings: Any, tmp_path: Path) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def anna(client: Client) -> Client:
    """Who may do everything."""
    client.force_login(User.objects.create_superuser("anna"))
    return client


def newest(client: Client) -> dict[str, Any]:
    told: dict[str, Any] = client.get("/break-it/standing/").json()
    assert told["problem"] == ""
    return dict(told["runs"][0])


def course(client: Client) -> list[str]:
    """The course of the newest run, in its order."""
    return [f"{row['kind']} {row['state']}" for row in client.get("/break-it/standing/").json()["course"]]


def test_a_fault_begins_waits_for_its_alert_sees_it_and_is_ended_early(simulated: None, anna: Client) -> None:
    anna.post("/break-it/begin/refuse/", {"seconds": "60"})

    begun = newest(anna)
    assert (begun["kind"], begun["by"], begun["holds"]) == ("refuse", "anna", True)
    assert [(check["turn"], check["state"]) for check in begun["checks"]] == [
        ("RAISED", "WAITING"),
        ("CLOSED", "WAITING"),
    ]
    now = SYSTEM.wall_now()
    Alert.objects.create(
        code="FEED_FALLBACK", level="WARNING", source="rest", key="feed", raised_at=now, changed_at=now
    )
    assert [check["state"] for check in newest(anna)["checks"]] == ["SEEN", "WAITING"]
    assert course(anna) == ["ORDERED SEEN", "CHECK SEEN", "END WAITING", "CHECK WAITING"]

    anna.post(f"/break-it/end/{begun['id']}/")
    Alert.objects.update(state="CLOSED", closed_at=SYSTEM.wall_now())

    # It ended before it could bring what a whole one must.
    assert newest(anna)["holds"] is False
    assert newest(anna)["checks"] == []
    assert course(anna) == ["ORDERED SEEN", "ALERT SEEN", "END SEEN"]


def test_an_alert_that_an_earlier_fault_left_open_is_seen_at_once(simulated: None, anna: Client) -> None:
    before = SYSTEM.wall_now() - timedelta(seconds=30)
    Alert.objects.create(
        code="FEED_FALLBACK", level="WARNING", source="rest", key="feed", raised_at=before, changed_at=before
    )

    anna.post("/break-it/begin/refuse/", {"seconds": "60"})

    raised, closed = newest(anna)["checks"]
    assert (raised["state"], raised["after_s"], closed["state"]) == ("SEEN", 0.0, "WAITING")


def test_an_alert_that_does_not_come_is_missed(simulated: None, anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    anna.post("/break-it/begin/clock_skew/", {"seconds": "6"})
    later = SYSTEM.wall_s() + 60
    monkeypatch.setattr(breaking.SYSTEM, "wall_s", lambda: later, raising=False)

    assert [check["state"] for check in newest(anna)["checks"]] == ["MISSED", "MISSED"]


@pytest.mark.parametrize(
    ("kind", "form"),
    [("silence", {"seconds": "4"}), ("silence", {"symbols": "SOLUSDT"}), ("garbage", {"share": "0.01"}), ("gaps", {})],
)
def test_no_alert_is_promised_of_a_fault_made_shorter_weaker_or_narrower(
    simulated: None, anna: Client, kind: str, form: dict[str, str]
) -> None:
    anna.post(f"/break-it/begin/{kind}/", form)

    assert newest(anna)["checks"] == []


@pytest.mark.parametrize(
    ("kind", "form", "words"),
    [
        ("silence", {"seconds": "99999"}, "must be between"),
        ("silence", {"seconds": "<b>"}, "expected a number"),
        ("silence", {"symbols": "MOONUSDT"}, "is not listed"),
        ("earthquake", {}, "there is no fault"),
        ("kill_service", {"service": "risk"}, "No local supervisor"),
        ("stop_service", {"service": "postgres"}, "service"),
        ("stop_service", {"service": "risk", "seconds": "0"}, "seconds"),
    ],
)
def test_what_the_table_does_not_allow_is_refused_in_words(
    simulated: None, anna: Client, kind: str, form: dict[str, str], words: str
) -> None:
    answer = anna.post(f"/break-it/begin/{kind}/", form, follow=True)

    assert words in "".join(str(message) for message in answer.context["messages"])
    assert anna.get("/break-it/standing/").json()["runs"] == []


def test_who_may_not_operate_breaks_nothing(simulated: None, client: Client) -> None:
    client.force_login(User.objects.create_user("viewer"))

    answers = [client.post(address) for address in ("/break-it/begin/crash/", "/break-it/end/1/", "/break-it/prove/")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert client.get("/break-it/standing/").json()["runs"] == []


def test_on_a_real_market_there_is_no_such_page(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, MARKET="MEXC"))
    monkeypatch.setattr("dashboard.pages.break_it.market", lambda: {"simulated": False})

    answers = [anna.get("/break-it/"), anna.get("/break-it/standing/"), anna.post("/break-it/begin/crash/")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_every_alert_that_the_table_promises_is_in_the_catalog() -> None:
    promised = {item.code for kind in KINDS.values() for item in kind.expects}

    assert promised and promised <= set(CATALOG)


def test_the_proof_really_audits_the_books_and_names_what_differs(simulated: None, anna: Client) -> None:
    account = Account.objects.create(account="paper", quote_asset="USDT", cash=100)

    differing = anna.post("/break-it/prove/").json()
    LedgerEntry.objects.create(account=account, kind="DEPOSIT", amount=100, occurred_at=SYSTEM.wall_now())
    agreeing = anna.post("/break-it/prove/").json()

    assert (differing["difference"], agreeing["difference"]) == ("100.00", "0.00")
    assert differing["violations"] > agreeing["violations"] == agreeing["lost"] == agreeing["twice"] == 0
    assert AuditRun.objects.count() == 2


@pytest.fixture
def supervised(simulated: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a system whose supervisor reads wishes, however slow the machine is."""
    monkeypatch.setattr(wishes, "PRESENT_WITHIN_S", 3600.0)
    monkeypatch.setattr(wishes, "FORGOTTEN_AFTER_S", 3600.0)
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, DATA_DIR=tmp_path))
    wishes.begin(tmp_path)
    return tmp_path


def test_a_service_is_stopped_by_its_supervisor_and_its_alert_is_awaited(supervised: Path, anna: Client) -> None:
    anna.post("/break-it/begin/stop_service/", {"service": "rest", "seconds": "20"})
    began = newest(anna)
    now = SYSTEM.wall_now()
    for key in ("ws", "rest"):
        Alert.objects.create(
            code="SERVICE_DOWN", level="CRITICAL", source="risk", key=key, raised_at=now, changed_at=now
        )

    assert wishes.taken(supervised, SYSTEM.wall_s()) == [ServiceWish(deed="stop", service="rest", seconds=20)]
    assert (began["service"], began["holds"], began["may_end"]) == ("rest", True, False)
    assert [check["state"] for check in newest(anna)["checks"]] == ["SEEN", "WAITING", "WAITING"]
    act = OperatorAct.objects.get()
    assert (act.name, act.by, act.state) == ("disturb_service", "anna", "DONE")


def heard(service: str, *, up_s: int, at_s: float) -> None:
    FEED.put("health", heartbeat(service) | {"up_s": up_s, "received_s": at_s})


def test_a_killed_service_is_back_when_a_process_that_began_later_is_heard(supervised: Path, anna: Client) -> None:
    anna.post("/break-it/begin/kill_service/", {"service": "risk"})
    began_s = newest(anna)["began_s"]

    def back() -> tuple[str, float | None]:
        check = newest(anna)["checks"][-1]
        return check["state"], check["after_s"] and round(check["after_s"], 1)

    heard("risk", up_s=900, at_s=began_s + 0.4)
    before = back()
    heard("risk", up_s=1, at_s=began_s + 3.4)
    after = back()
    heard("risk", up_s=1, at_s=began_s + 3600)

    assert (before, after, back()) == (("WAITING", None), ("SEEN", 2.4), ("SEEN", 2.4))
    assert course(anna)[:2] == ["ORDERED SEEN", "CHECK SEEN"]


def test_a_killed_service_that_comes_late_or_never_is_said_to(
    supervised: Path, anna: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard("risk", up_s=900, at_s=SYSTEM.wall_s())
    anna.post("/break-it/begin/kill_service/", {"service": "risk"})
    later = SYSTEM.wall_s() + 60
    monkeypatch.setattr(breaking.SYSTEM, "wall_s", lambda: later, raising=False)

    never = newest(anna)["checks"][-1]["state"]
    heard("risk", up_s=1, at_s=later)

    assert (never, newest(anna)["checks"][-1]["state"]) == ("MISSED", "LATE")


def test_services_are_offered_only_where_somebody_starts_them_again(supervised: Path, anna: Client) -> None:
    with_supervisor = anna.get("/break-it/?category=services").content.decode()
    wishes.end(supervised)
    without = anna.get("/break-it/?category=services").content.decode()

    assert 'data-kind="stop_service"' in with_supervisor and "data-unsupervised" not in with_supervisor
    assert "data-kind" not in without and "no local supervisor runs" in without


def test_the_faults_of_one_category_are_shown_alone(simulated: None, anna: Client) -> None:
    shown = anna.get("/break-it/?category=rest").context["kinds"]
    all_of_them = anna.get("/break-it/?category=<b>").context["kinds"]

    assert {kind.category for kind in shown} == {"rest"}
    assert len(all_of_them) == len(KINDS)
    assert {kind.category for kind in KINDS.values()} == set(CATEGORIES)


@pytest.mark.parametrize("away", [False, True])
def test_faults_of_trading_are_offered_only_where_somebody_can_trade(
    simulated: None, anna: Client, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    with_accounts = anna.get("/break-it/?category=trading").context["kinds"]
    if away:
        nowhere = replace(settings.ENVIRONMENT, MEXC_REST_URL="http://127.0.0.1:9")
        monkeypatch.setattr(settings, "ENVIRONMENT", nowhere)
    else:
        told = breaking.client().report() | {"accounts": []}
        monkeypatch.setattr(FaultClient, "report", lambda _: told)

    shown = anna.get("/break-it/").context["kinds"]

    assert [kind.name for kind in with_accounts] == [kind.name for kind in TRADING_FAULTS]
    assert [kind.name for kind in shown] == [kind.name for kind in MARKET_FAULTS]


def test_a_fault_of_trading_is_ordered_from_the_page_and_holds(simulated: None, anna: Client) -> None:
    anna.post("/break-it/begin/pushes_lost/", {"seconds": "30", "symbols": "SOLUSDT"})

    begun = newest(anna)
    anna.post(f"/break-it/end/{begun['id']}/")

    assert (begun["kind"], begun["symbols"], begun["holds"], begun["checks"]) == ("pushes_lost", ["SOLUSDT"], True, [])


def test_the_course_tells_what_nobody_waited_for_too(simulated: None, anna: Client) -> None:
    """An alert of another code with how often, trading turned to exits only and an audit; nothing of before."""
    before, now = SYSTEM.wall_now() - timedelta(hours=1), SYSTEM.wall_now() + timedelta(seconds=2)
    Account.objects.create(account="paper", quote_asset="USDT", cash=100)
    anna.post("/break-it/begin/gaps/", {"seconds": "60"})
    for number, at in enumerate((before, now, now)):
        kept = {
            "level": "WARNING",
            "source": "rest",
            "params": {"symbol": "AAAUSDT", "age_s": "31"},
            "raised_at": at,
            "changed_at": at,
        }
        Alert.objects.create(code="SYMBOL_SILENT", key=str(number), **kept)
    for at in (before, now):
        TradingStateChange.objects.create(
            account_id="paper", owner="BREAKERS", state="REDUCING", reason="<b>", changed_by="guard", changed_at=at
        )
        AuditRun.objects.create(ran_at=at, violations=0, duration_ms=5)

    rows = {row["kind"]: row["text"] for row in anna.get("/break-it/standing/").json()["course"]}

    assert list(rows) == ["ORDERED", "ALERT", "STATE", "AUDIT", "END"]
    assert rows["ALERT"].startswith("SYMBOL_SILENT: AAAUSDT: no quote") and rows["ALERT"].endswith("(and 1 more)")
    assert rows["STATE"] == "Trading by BREAKERS: REDUCING (<b>)"


def test_an_older_run_can_be_chosen_and_what_is_unknown_falls_back_to_the_newest(simulated: None, anna: Client) -> None:
    for kind in ("gaps", "duplicates"):
        anna.post(f"/break-it/begin/{kind}/")
    newer, older = anna.get("/break-it/standing/").json()["runs"]

    chosen = anna.get("/break-it/standing/", {"run": older["name"]}).json()["shown"]

    assert chosen == older["name"] != newer["name"]
    assert anna.get("/break-it/standing/", {"run": "<b>"}).json()["shown"] == newer["name"]
