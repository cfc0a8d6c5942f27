"""`make smoke`: the demo without a browser, in a temporary folder on free ports, until new fills have arrived.

Every /health is fetched, the page's socket is opened as a logged-in browser would, the books are audited, everything is
stopped and nothing may be left. One JSON line last; exit 1 says what did not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import psutil
import psycopg
from websockets.sync.client import connect

from cdb_site.local import market
from cdb_site.local.system import System, running_system
from proofs.rig.page import log_in
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import Unmet, say

COUNTS = """SELECT (SELECT count(*) FROM fill), (SELECT count(*) FROM signal), (SELECT count(*) FROM decision)"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    overrides, started_s = _overrides(options), time.monotonic()

    def work(told: ProgramResult) -> None:
        known = set(psutil.pids())
        with running_system("smoke", env_overrides=overrides) as system:
            told.figures |= _observe(system, started_s, options)
            pids = list(system.pids.values())
        left = [pid for pid in pids if pid not in known and psutil.pid_exists(pid)]
        if left:
            raise Unmet(f"processes are left: {left}")

    return run_program("smoke", work)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make smoke", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", metavar="DIR", help="folder of recorded candles instead of the synthetic market")
    parser.add_argument("--speed", default="10", metavar="N", help="market seconds per second (default %(default)s)")
    parser.add_argument("--seed", default="1", help="seed of the synthetic market (default %(default)s)")
    parser.add_argument("--interval", default="1m", help="candle interval (default %(default)s)")
    parser.add_argument("--quote-asset", default="USDT", help="quote asset (default %(default)s)")
    parser.add_argument("--fills", type=int, default=5, metavar="N", help="new fills to wait for (default %(default)s)")
    parser.add_argument("--timeout", type=float, default=240, metavar="S", help="give up after (default %(default)s s)")
    return parser.parse_args(arguments)


def _overrides(options: argparse.Namespace) -> dict[str, str]:
    values = {
        "SIM_RATE": options.speed,
        "SIM_SEED": options.seed,
        "INTERVAL": options.interval,
        "QUOTE_ASSET": options.quote_asset,
    }
    if options.data:
        folder = Path(options.data).resolve()
        if not folder.is_dir():
            raise SystemExit(f"smoke: DATA={options.data} is no folder; name one that holds SYMBOL-INTERVAL.csv files")
        values["SIM_DATA"] = str(folder)
    return market.defaults(options.interval, options.quote_asset) | values


def _observe(system: System, started_s: float, options: argparse.Namespace) -> dict[str, object]:
    """Wait for page and fills, then look at everything once."""
    system.wait_live(["dashboard"], timeout_s=120)
    seconds_to_page = time.monotonic() - started_s
    say(f"page live after {seconds_to_page:.1f} s at {system.url}")
    seconds_to_first_fill = _wait_for_fills(system, options.fills, options.timeout) - started_s
    system.wait_live(list(system.ports), timeout_s=30)
    shown = _fills_on_page(system)
    audit = system.manage("audit_books")
    if audit.returncode:
        raise Unmet(f"the audit failed:\n{audit.stdout}{audit.stderr}")
    if refused := refusals(system):
        raise Unmet(f"Redis refused what its users asked for: {refused}")
    counts = _counts(system.env)
    say(f"{counts[0]} fills, {shown} of them on the page; {audit.stdout.strip()}")
    return {
        "seconds_to_page": round(seconds_to_page, 1),
        "seconds_to_first_fill": round(seconds_to_first_fill, 1),
        "fills": counts[0],
        "signals": counts[1],
        "decisions": counts[2],
        "audit": "ok",
        "rate": float(system.env["SIM_RATE"]),
        "seed": int(system.env["SIM_SEED"]),
        "rss_mb_total": system.rss_mb(),
    }


def _wait_for_fills(system: System, wanted: int, timeout_s: float) -> float:
    """Wait for that many fills; returns when the first came."""
    deadline_s, first_s, seen = time.monotonic() + timeout_s, 0.0, -1
    while seen < wanted:
        fills, signals, decisions = _counts(system.env)
        if fills != seen:
            say(f"{fills} fills, {decisions} decisions, {signals} signals")
        seen = fills
        if fills and not first_s:
            first_s = time.monotonic()
        if time.monotonic() > deadline_s:
            raise Unmet(
                f"only {fills} fills after {timeout_s:g} s ({signals} signals, {decisions} decisions); "
                f"logs are in {system.folder.logs}"
            )
        time.sleep(0.25)
    return first_s


def refusals(system: System) -> list[str]:
    """What Redis has refused to a service, as `ACL LOG` tells it: user, why and which command or key."""
    assert system.servers.valkey is not None  # noqa: S101 - a smoke test has servers of its own
    with system.servers.valkey.client() as client:
        rows: Any = client.acl_log()
    return [f"{row['username']}: {row['reason']} {row['object']}" for row in rows]


def _counts(env: Mapping[str, str]) -> tuple[int, int, int]:
    """(fills, signals, decisions) stored so far."""
    with psycopg.connect(
        host=env["POSTGRES_HOST"],
        port=env["POSTGRES_PORT"],
        dbname=env["POSTGRES_DB"],
        user=env["POSTGRES_USER"],
        password=env["POSTGRES_PASSWORD"],
    ) as connection:
        row = connection.execute(COUNTS).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)


def _fills_on_page(system: System) -> int:
    """Log in and take the snapshot as a browser does; the fills must be in it."""
    cookie = log_in(system.url, system.operator, system.password)
    address = system.url.replace("http", "ws", 1) + "/ws/overview/"
    with connect(address, origin=system.url, additional_headers={"Cookie": cookie}, max_size=None) as socket:  # type: ignore[arg-type]
        socket.recv(timeout=10)
        socket.send('{"resume": null}')
        message = orjson.loads(socket.recv(timeout=10))
    if message.get("type") != "snapshot":
        raise Unmet(f"the page's socket sent {message.get('type')!r} instead of a snapshot")
    orders = message["state"]["orders"]
    filled = [order for order in orders if order["fills"]]
    if not filled:
        raise Unmet("the snapshot shows no filled order")
    return len(filled)


if __name__ == "__main__":
    sys.exit(main())
