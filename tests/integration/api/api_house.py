"""Programs that use the API in tests: each with a token of its own, and rows of every list."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4

import yaml
from django.contrib.auth.models import User
from django.test import Client

from api.views.description import FILE
from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from cdb_site.clock import SYSTEM, iso  # noqa: F401
from execution.models import Account, Fill, LedgerEntry, Order
from marketdata.models import Candle, Instrument, UniverseMember
from risk.models import DailyReport, Decision, EquitySnapshot, OperatorAct, Proposal, RoundTrip
from risk.roles import give_role, keep_groups
from signals_app.models import Signal
from tests.builders import PAPER, plant_instrument, set_limits
from tests.integration.house.replay_rows import replay_run
from tests.integration.house.rows import breaker

PASSWORD = "a long password of a test"
API = "/api/v1/"


@cache
def description() -> dict[str, Any]:
    """The committed description of the API, read once: by the reader that is written in C, if there is one."""
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load(FILE.read_text(encoding="utf-8"), Loader=reader)  # noqa: S506
    return read


@dataclass
class Program:
    """A client that sends its token and nothing else; `get` and `post` answer the response."""

    token: str = ""
    language: str = ""

    def __post_init__(self) -> None:
        self.client = Client(SERVER_NAME="127.0.0.1")

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        mine = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        spoken = {"Accept-Language": self.language} if self.language else {}
        return mine | spoken | (more or {})

    def get(self, path: str, **query: Any) -> Any:
        address = path if path.startswith("http") else API + path
        return self.client.get(address, query or None, headers=self.headers())

    def post(self, path: str, body: Any = None, key: Any = None, **headers: str) -> Any:
        keyed = {"Idempotency-Key": str(key)} if key else {}
        return self.client.post(
            API + path, json.dumps(body or {}), content_type="application/json", headers=self.headers(keyed | headers)
        )

    def act(self, path: str, body: Any = None) -> Any:
        return self.post(path, body, key=uuid4())

    def all_pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a list, page after page."""
        rows, answer = [], self.get(path, **query)
        while True:
            assert answer.status_code == 200, answer.content
            rows += answer.json()["results"]
            if answer.json()["next"] is None:
                return rows
            answer = self.get(answer.json()["next"])


def person(role: str, name: str = "") -> User:
    keep_groups()
    user = User.objects.create_user(name or f"{role}-anna", password=PASSWORD)
    give_role(user, role)
    return user


def program(role: str = "viewer", name: str = "") -> Program:
    """Of a new person of this role, logged in."""
    user = person(role, name)
    return logged_in(user.username)


def logged_in(username: str, password: str = PASSWORD) -> Program:
    answer = Program().post("auth/login/", {"username": username, "password": password})
    assert answer.status_code == 200, answer.content
    return Program(answer.json()["token"])


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, whole and in its media type."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:cdb:problem:{code}")
    assert body["title"] and body["detail"]
    return body


def fields(body: dict[str, Any]) -> set[str]:
    return {item["field"] for item in body["errors"]}


def csv_rows(answer: Any) -> list[dict[str, str]]:
    assert answer["Content-Type"].startswith("text/csv"), answer.content
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def moment(number: int) -> datetime:
    """The same for every two rows, so that only their ids part them."""
    return SYSTEM.wall_now().replace(microsecond=0) - timedelta(days=1) + timedelta(seconds=number // 2)


def decision(number: int = 0, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "decision_id": uuid4(), "kind": "SIGNAL", "outcome": "REJECTED", "reason_code": "EXPOSURE_LIMIT_EXCEEDED",
        "params": {"observed": "0.51", "limit": "0.5", "unit": "FRACTION"}, "account": PAPER, "symbol": "AAAUSDT",
        "side": "BUY", "signal_id": uuid4(), "wanted_quantity": Decimal("1.5"), "quantity": 0,
        "trading_state": "ACTIVE", "limits_version": 1, "max_price_age_ms": 1000, "occurred_at": moment(number),
        "layers": [
            {"layer": 3, "code": "TOTAL_EXPOSURE", "verdict": "REJECT", "observed": "0.51", "limit": "0.5",
             "unit": "FRACTION", "quantity_before": "1.5", "quantity_after": "0"},
        ],
    }  # fmt: skip
    return Decision.objects.create(**(values | changes))


def signal(number: int = 0, **changes: Any) -> Signal:
    values: dict[str, Any] = {
        "signal_id": uuid4(), "strategy": f"s{number}-{uuid4().hex}", "symbol": "AAAUSDT", "interval": "1m",
        "open_time": moment(number), "side": "BUY", "momentum": Decimal("0.02"), "strength": Decimal("0.5"), "rank": 1,
        "universe_size": 10, "close": Decimal(102), "base_close": Decimal(100), "quote_volume": Decimal(5000),
        "expires_at": moment(number),
    }  # fmt: skip
    return Signal.objects.create(**(values | changes))


def account() -> Account:
    return Account.objects.get_or_create(account=PAPER, defaults={"quote_asset": "USDT", "cash": 1000})[0]


def order(number: int = 0, **changes: Any) -> Order:
    name = uuid4()
    values: dict[str, Any] = {
        "order_id": name, "client_order_id": name.hex, "decision_id": name, "account": account(), "symbol": "AAAUSDT",
        "kind": "SIGNAL", "side": "BUY", "order_type": "MARKET", "reduce_only": False, "quantity": Decimal(2),
        "state": "CANCELED", "occurred_at": moment(number), "created_at": moment(number), "closed_at": moment(number),
    }  # fmt: skip
    return Order.objects.create(**(values | changes))


def fill(number: int = 0, **changes: Any) -> Fill:
    values: dict[str, Any] = {
        "order": order(number, state="FILLED", filled_quantity=2), "trade_id": uuid4().hex, "account": account(),
        "symbol": "AAAUSDT", "side": "BUY", "price": Decimal("100.5"), "quantity": Decimal(2), "fee": Decimal("0.1"),
        "fee_asset": "USDT", "executed_at": moment(number),
    }  # fmt: skip
    return Fill.objects.create(**(values | changes))


def ledger(number: int = 0) -> LedgerEntry:
    return LedgerEntry.objects.create(
        account=account(), kind="DEPOSIT", amount=number + 1, capital=-number - 1, occurred_at=moment(number)
    )


def round_trip(number: int = 0, **changes: Any) -> RoundTrip:
    values: dict[str, Any] = {
        "last_fill_id": 2 * number + 2, "first_fill_id": 2 * number + 1, "account": PAPER, "symbol": "AAAUSDT",
        "opened_at": moment(number), "closed_at": moment(number), "quantity": 2, "entry_notional": 200,
        "exit_notional": 210, "avg_entry_price": 100, "avg_exit_price": 105, "gross": 10, "fees": 1, "net": 9,
        "entry_decision_id": uuid4(), "exit_decision_id": uuid4(), "exit_reason": "SIGNAL",
    }  # fmt: skip
    return RoundTrip.objects.create(**(values | changes))


def equity(number: int = 0) -> EquitySnapshot:
    at = moment(0) + timedelta(seconds=number)
    return EquitySnapshot.objects.create(account=PAPER, taken_at=at, equity=1000, cash=900, exposure=Decimal("0.1"))


def candle(number: int = 0, **changes: Any) -> Candle:
    if not Instrument.objects.filter(symbol="AAAUSDT").exists():
        plant_instrument()
    values: dict[str, Any] = {
        "instrument_id": "AAAUSDT", "interval": "1m", "open_time": moment(0) + timedelta(minutes=number), "open": 100,
        "high": 102, "low": 99, "close": 101, "volume": 5, "quote_volume": 505, "source": "WS",
        "received_at": moment(number),
    }  # fmt: skip
    return Candle.objects.create(**(values | changes))


def instrument(number: int = 0) -> Instrument:
    return plant_instrument(symbol=f"C{number:04d}USDT")


def member(number: int = 0) -> UniverseMember:
    return UniverseMember.objects.create(instrument=instrument(number), chosen_by="tests", since=moment(number))


def alert(number: int = 0, **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "code": "SERVICE_DOWN", "level": "CRITICAL", "source": "tests", "key": f"{number}-{uuid4().hex}",
        "params": {"service": "risk", "age_s": "9"}, "raised_at": moment(number),
    }  # fmt: skip
    return Alert.objects.create(**(values | changes))


def event(number: int = 0, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "event_id": uuid4(), "topic": "signals", "schema_version": "1.0", "occurred_at": moment(number),
        "recorded_at": moment(number), "producer": "tests", "correlation_id": uuid4(), "payload": {"n": number},
    }  # fmt: skip
    return Event.objects.create(**(values | changes))


def report(number: int = 0) -> DailyReport:
    day = moment(0).date() - timedelta(days=400) + timedelta(days=number)
    return DailyReport.objects.create(
        account=PAPER, day=day, opening_equity=1000, closing_equity=1010, paid_in=0, result=10, realized_pnl=11,
        open_pnl=0, fees=1, slippage_cost=0, body={"n": number},
    )  # fmt: skip


def proposal(number: int = 0, **changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "account": PAPER, "kind": "RESUME", "summary": "resume trading", "reason": "calm", "proposed_by": "ben",
        "expires_at": moment(0) + timedelta(days=400 + number),
    }  # fmt: skip
    return Proposal.objects.create(**(values | changes))


def act(number: int = 0) -> OperatorAct:
    return OperatorAct.objects.create(
        key=uuid4(), account=PAPER, name="halt", by="anna", asked_at=moment(number), state="DONE", answer="HALTED",
        done_at=moment(number),
    )  # fmt: skip


def replay_of(number: int = 0) -> Any:
    return replay_run(asked_at=moment(number))


def released_breaker(number: int = 0) -> Any:
    return breaker(
        account=PAPER,
        symbol=f"C{number:04d}USDT",
        cause=f"order {number}",
        released_at=moment(number),
        released_by="ben",
        reason="calm",
    )


def limits(number: int = 0) -> Any:
    return set_limits(max_exposure_pct=f"0.{number % 80 + 10}")


# List → what plants its row of a number, and the field that names a row.
LISTS: dict[str, tuple[Any, str, dict[str, str]]] = {
    "instruments/": (instrument, "symbol", {}),
    "universe/": (member, "symbol", {}),
    "candles/": (candle, "open_time", {"symbol": "aaausdt", "interval": "1m"}),
    "signals/": (signal, "signal_id", {}),
    "decisions/": (decision, "decision_id", {}),
    "orders/": (order, "order_id", {}),
    "fills/": (fill, "fill_id", {}),
    "round-trips/": (round_trip, "last_fill_id", {}),
    "ledger/": (ledger, "id", {}),
    "equity/": (equity, "taken_at", {}),
    "limits/history/": (limits, "version", {}),
    "breakers/": (released_breaker, "id", {}),
    "proposals/": (proposal, "id", {}),
    "alerts/": (alert, "alert_id", {}),
    "reports/": (report, "day", {}),
    "events/": (event, "event_id", {}),
    "acts/": (act, "key", {}),
    "replays/": (replay_of, "run_id", {}),
}
