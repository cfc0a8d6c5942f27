"""Breaking the simulated market from the page: ordering a fault with a name beside it, and what came of it.

Orders go through the control endpoint that `manage.py sim_fault` uses. The last runs lie in Redis, for the page alone;
who ordered what is in the log besides. A check is an alert of the fault's row in the table, found (or not) among the
stored alerts since the fault began.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Count, Sum

from cdb_site.alerts.models import Alert
from cdb_site.bus.redis import connection
from cdb_site.clock import SYSTEM
from dashboard.system_facts import lost_signals
from dashboard.wire import Row
from execution.models import Account, Fill, LedgerEntry
from execution.queries import PAPER
from mexc_sim.faults.catalog import KINDS, SYMBOLS, ExpectedAlert, FaultKind, FaultProblem
from mexc_sim.faults.client import ControlProblem, FaultClient
from risk import audit

log = logging.getLogger(__name__)
RUNS_KEY = "cdb:break_it:runs"
RUNS_KEPT = 10


def client() -> FaultClient:
    """The simulator of this system. Raises ControlProblem when the exchange says it is none."""
    found = FaultClient(settings.ENVIRONMENT.MEXC_REST_URL)
    found.check()
    return found


def begin(kind: str, form: Mapping[str, str], *, by: str) -> int:
    """Order a fault; returns its id. Raises FaultProblem or ControlProblem, in words for who ordered it."""
    row = KINDS.get(kind)
    if row is None:
        raise FaultProblem(f"kind: there is no fault {kind!r}.")
    values = {item.name: _number(item.name, form[item.name], item.whole) for item in row.fields if form.get(item.name)}
    symbols = form.get(SYMBOLS, "").replace(",", " ").split() if row.by_symbol else []
    began_s = SYSTEM.wall_s()
    fault_id = client().order(kind, symbols=symbols or None, **values)
    log.warning("fault %d, %s, ordered by %s: %s %s", fault_id, kind, by, values, symbols)
    run = {"id": fault_id, "kind": kind, "by": by, "began_s": began_s, "symbols": symbols, "values": values}
    connection().lpush(RUNS_KEY, orjson.dumps(run))
    connection().ltrim(RUNS_KEY, 0, RUNS_KEPT - 1)
    return fault_id


def _number(name: str, given: str, whole: bool) -> float:
    try:
        return int(given) if whole else float(given)
    except ValueError:
        raise FaultProblem(f"{name}: expected a number, got {given!r}.") from None


def end(fault_id: int, *, by: str) -> None:
    """End a fault before its time. Raises ControlProblem when it does not hold."""
    client().end(fault_id)
    log.warning("fault %d ended by %s", fault_id, by)


def standing() -> Row:
    """What holds now and the last runs, each with its checks; `problem` when the simulator does not answer."""
    try:
        report, problem = client().report(), ""
    except ControlProblem as trouble:
        report, problem = {"active": [], "ended": []}, str(trouble)
    stored: Any = connection().lrange(RUNS_KEY, 0, RUNS_KEPT - 1)
    active = {item["id"]: item for item in report["active"]}
    runs = [_run(orjson.loads(item), active) for item in stored]
    return {"now_s": SYSTEM.wall_s(), "problem": problem, "active": report["active"], "runs": runs}


def _run(run: Row, active: Mapping[int, Row]) -> Row:
    """A run is the one that holds only if the simulator still knows it by number and kind: a new one counts anew."""
    held = active.get(run["id"])
    holding = held is not None and held["kind"] == run["kind"]
    return {
        **run,
        "holds": holding,
        "seconds_left": held["seconds_left"] if held and holding else 0,
        "done": held["done"] if held and holding else {},
        "checks": [_check(item, run) for item in expected(KINDS[run["kind"]], run)],
    }


def expected(kind: FaultKind, run: Row) -> tuple[ExpectedAlert, ...]:
    """The alerts that this run must bring: none of a fault made weaker, shorter or of single symbols."""
    values = run["values"]
    if run["symbols"] or any(item.name in values and values[item.name] != item.default for item in kind.parameters):
        return ()
    lasts_s = values.get("seconds", 10)
    return tuple(item for item in kind.expects if lasts_s >= item.needs_s)


def _check(item: ExpectedAlert, run: Row) -> Row:
    """SEEN with its second, WAITING, or MISSED. An alert that was open before and is counted again was seen."""
    since = datetime.fromtimestamp(run["began_s"], tz=SYSTEM.wall_now().tzinfo)
    row = Alert.objects.filter(code=item.code, changed_at__gte=since).order_by("raised_at").last()
    if row is None:
        state = "WAITING" if SYSTEM.wall_s() - run["began_s"] <= item.within_s else "MISSED"
        return {"code": item.code, "within_s": item.within_s, "state": state, "after_s": None}
    after_s = max(0.0, (row.raised_at - since).total_seconds())
    state = "SEEN" if after_s <= item.within_s else "LATE"
    return {"code": item.code, "within_s": item.within_s, "state": state, "after_s": after_s}


def prove() -> Row:
    """Audit the books now, whole: signals without a decision, fills booked twice, cash against the ledger."""
    found = audit.run_and_store(PAPER)
    twice = Fill.objects.values("order", "trade_id").annotate(times=Count("fill_id")).filter(times__gt=1).count()
    booked = LedgerEntry.objects.filter(account_id=PAPER).aggregate(sum=Sum("amount"))["sum"] or 0
    cash = Account.objects.get(account=PAPER).cash
    return {
        "violations": len(found.violations),
        "unfinished": found.missed,
        "first": str(found.violations[0]) if found.violations else "",
        "lost": lost_signals(audit.GRACE_S),
        "twice": twice,
        "difference": f"{cash - booked:.2f}",
    }
