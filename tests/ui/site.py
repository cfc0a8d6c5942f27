"""The real dashboard process on a database of its own, and the events that tests send it."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import redis

from cdb_site.bus.events import encode, make
from cdb_site.bus.latest import QUOTES_KEY
from cdb_site.bus.topics import topic
from cdb_site.clock import ANCHOR_KEY, SYSTEM, Anchor, anchor_fields, iso
from tests.databases import fresh_database
from tests.ui.hand import ROOT, Hand
from tests.ui.planting import PASSWORD, USER

REDIS_DB = 9
START_S = 180.0


@dataclass(kw_only=True, eq=False)
class Site:
    """A running dashboard: its address, its Redis, its log, and the environment of its process."""

    port: int
    env: dict[str, str]
    log: Path
    bus: redis.Redis
    process: subprocess.Popen[bytes] = field(init=False)
    hand: Hand = field(init=False)

    def __post_init__(self) -> None:
        self.hand = Hand(self.env)

    def start(self) -> None:
        """The server's process, on the same port every time; `wait_until_healthy` says when it answers."""
        command = [sys.executable, "manage.py", "run_dashboard", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)

    def stop(self) -> None:
        self.hand.end()
        if not hasattr(self, "process"):
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self.kill()

    def plant(self, module: str) -> None:
        """What this module of tests plants."""
        self.hand.run(f"from {module} import plant; plant()")

    def kill(self) -> None:
        """As a machine that loses its power."""
        self.process.kill()
        self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, name: str, payload: dict[str, Any]) -> None:
        """Put an event on a topic, as its producer would, which remembers the latest quotes besides."""
        event = make(name, payload, key=uuid.uuid4().hex, producer="tests", occurred_at=SYSTEM.wall_now())
        self.bus.xadd(topic(name).key, {"e": encode(event)})
        for quote in payload.get("quotes", []):
            self.bus.hset(QUOTES_KEY, quote["symbol"], orjson.dumps(quote))

    @contextmanager
    def beating(self, *heartbeats: dict[str, Any]) -> Iterator[None]:
        """These services beat meanwhile, as often as real ones."""
        enough = threading.Event()

        def beats() -> None:
            while not enough.wait(0.5):
                for each in heartbeats:
                    self.say("health", each)

        thread = threading.Thread(target=beats)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connected, but silent."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def share_clock(self, *, rate: float = 1.0, simulated: bool = True) -> None:
        now = SYSTEM.wall_s()
        anchor = Anchor(wall_s=now, market_s=now, rate=rate, simulated=simulated, label="synthetic, seed 7")
        self.bus.hset(ANCHOR_KEY, mapping=anchor_fields(anchor))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode()

    def log_in(self) -> str:
        """The session cookie of a fresh login."""
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        page = browser.open(f"{self.url}/login/", timeout=60).read().decode()
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = {"username": USER, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1)}
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/login/", urllib.parse.urlencode(form).encode(), {"Referer": f"{self.url}/login/"}
        )
        browser.open(request, timeout=60)
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(
    folder: Path, *, redis_db: int = REDIS_DB, also: Sequence[str] = (), **settings: str
) -> Iterator[Site]:
    """Plant, serve; stopped by SIGTERM. `also` are modules that plant more; `settings` are variables."""
    env = {
        **os.environ,
        "POSTGRES_DB": fresh_database(),
        "REDIS_DB": str(redis_db),
        "DATA_DIR": str(folder),
        "MARKET": "SIMULATED",
        "TZ": "Europe/Berlin",
        "ENV": "demo",
        **settings,
    }
    bus = redis.Redis(
        host=env["REDIS_HOST"],
        port=int(env["REDIS_PORT"]),
        username=env["REDIS_USER"],
        password=env["REDIS_PASSWORD"],
        db=redis_db,
    )
    bus.flushdb()
    site = Site(port=free_port(), env=env, log=folder / "dashboard.log", bus=bus)
    try:
        for module in ("tests.ui.planting", *also):
            site.plant(module)
        site.start()
        wait_until_healthy(site)
        yield site
    finally:
        site.stop()


def wait_until_healthy(site: Site) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert site.process.poll() is None, site.log.read_text()
        with suppress(OSError):
            if site.get("/health")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"not healthy after {START_S} s: {site.log.read_text()}")


def quote(symbol: str, last: str, *, change: str = "0.01") -> dict[str, Any]:
    now = iso(SYSTEM.wall_now())
    return {
        "symbol": symbol,
        "bid": last,
        "ask": last,
        "last": last,
        "event_at": now,
        "received_at": now,
        "change_24h": change,
    }


def portfolio(**changes: Any) -> dict[str, Any]:
    """The planted account at its marks: 1,000 in AAA, 500 in BBB, 8,500 cash; 10,000 at the day's opening, too."""
    position = {"mark_source": "BOOK", "version": 1}
    aaa = {
        "symbol": "AAAUSDT",
        "quantity": "10",
        "avg_entry_price": "99",
        "mark_price": "100",
        "notional": "1000",
        "unrealized_pnl": "10",
        "stop_price": "97.02",
        **position,
    }
    bbb = {
        "symbol": "BBBUSDT",
        "quantity": "10",
        "avg_entry_price": "51",
        "mark_price": "50",
        "notional": "500",
        "unrealized_pnl": "-10",
        "stop_price": "49.98",
        **position,
    }
    mark = {
        "account": "paper",
        "marked_at": iso(SYSTEM.wall_now()),
        "equity": "10000",
        "cash": "8500",
        "positions_value": "1500",
        "exposure": "0.15",
        "day_opening_equity": "10000",
        "day_pnl": "0",
        "drawdown": "0",
        "trading_state": "ACTIVE",
        "positions": [aaa, bbb],
        "version": 1,
    }
    return {**mark, **changes}


def order(order_id: str, *, status: str, version: int, filled: str = "0") -> dict[str, Any]:
    fills = (
        []
        if filled == "0"
        else [
            {
                "trade_id": "1",
                "price": "50",
                "quantity": filled,
                "fee": "0.1",
                "fee_asset": "USDT",
                "executed_at": iso(SYSTEM.wall_now()),
            }
        ]
    )
    return {
        "order_id": order_id,
        "client_order_id": order_id.replace("-", ""),
        "decision_id": str(uuid.uuid4()),
        "account": "paper",
        "symbol": "BBBUSDT",
        "side": "BUY",
        "order_type": "LIMIT_IOC",
        "status": status,
        "version": version,
        "quantity": "4",
        "filled_quantity": filled,
        "fills": fills,
        "fee": "0.1",
        "avg_fill_price": "50" if fills else None,
        "kind": "SIGNAL",
    }


def alert(code: str, level: str, **params: Any) -> dict[str, Any]:
    return {
        "alert_id": str(uuid.uuid4()),
        "code": code,
        "level": level,
        "state": "CLOSED",
        "params": params,
        "raised_at": iso(SYSTEM.wall_now()),
        "version": 1,
    }


def heartbeat(service: str, **detail: Any) -> dict[str, Any]:
    """A service that turns and tells these facts besides."""
    turning = {"instance": "tests", "pid": 1, "loop_age_ms": 5, "lag": 0, "processed": 1, "status": "OK"}
    return {"service": service, **turning, "detail": detail}


LAYER_CODES = ("DAILY_LOSS", "ABNORMAL_MARKET", "TOTAL_EXPOSURE", "POSITION_SIZE", "STOP_LOSS")


def layer(number: int, unit: str, observed: str, limit: str) -> dict[str, Any]:
    return {
        "layer": number,
        "code": LAYER_CODES[number - 1],
        "verdict": "PASS" if number < 5 else "REJECT",
        "observed": observed,
        "limit": limit,
        "unit": unit,
        "quantity_before": "10",
        "quantity_after": "10" if number < 5 else "0",
    }


def decision(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """A BUY that the last of these layers rejected, for a cooldown."""
    last = layers[-1]
    return {
        "decision_id": str(uuid.uuid4()),
        "kind": "SIGNAL",
        "outcome": "REJECTED",
        "reason_code": "STOP_LOSS_COOLDOWN",
        "params": {name: last[name] for name in ("observed", "limit", "unit")},
        "account": "paper",
        "symbol": "AAAUSDT",
        "side": "BUY",
        "wanted_quantity": "10",
        "quantity": "0",
        "trading_state": "ACTIVE",
        "limits_version": 1,
        "layers": layers,
        "decided_at": iso(SYSTEM.wall_now()),
    }


def beat(service: str, **changes: Any) -> dict[str, Any]:
    """A service's heartbeat."""
    told = {"service": service, "instance": uuid.uuid4().hex, "pid": 4711, "port": 8001, "loop_age_ms": 20, "lag": 0}
    told |= {"processed": 12, "status": "OK", "rss_bytes": 150 * 2**20, "interval_s": "1.0"}
    return {**told, "detail": {"slowest_loop": "consumer"}, **changes}
