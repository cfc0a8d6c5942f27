"""Breaking the simulated market from the page: ordering a fault with a name beside it, and what came of it.

Orders go through the control endpoint that `manage.py sim_fault` uses. The last runs lie in Redis, for the page alone;
who ordered what is in the log besides. What a run brought is read from the stored rows (`dashboard.fault_timeline`).
Our own services are disturbed by the supervisor that started them (`dashboard.service_faults`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from cdb_site.bus.redis import connection
from cdb_site.clock import SYSTEM
from dashboard import fault_timeline, service_faults
from dashboard.fault_timeline import Kind
from dashboard.service_faults import SERVICE, SERVICE_KINDS, ServiceFault
from dashboard.system_facts import lost_signals
from dashboard.wire import Row
from execution.models import Account, Fill, LedgerEntry
from execution.queries import PAPER
from mexc_sim.faults.catalog import KINDS, FaultProblem
from mexc_sim.faults.client import TIMEOUT_S, ControlProblem, FaultClient
from mexc_sim.faults.german import fault_words
from mexc_sim.faults.kinds import SYMBOLS, FaultKind
from risk import audit

log = logging.getLogger(__name__)
RUNS_KEY = "cdb:break_it:runs"
RUNS_KEPT = 10
ENDED_KEY = "cdb:break_it:ended"
BACK_KEY = "cdb:break_it:back"
KEPT_S = 86_400
PAGE_WAITS_S = 2.0


def client(timeout_s: float = TIMEOUT_S) -> FaultClient:
    """The simulator of this system. Raises ControlProblem when the exchange says it is none."""
    found = FaultClient(settings.ENVIRONMENT.MEXC_REST_URL, timeout_s)
    found.check()
    return found


def offered() -> list[FaultKind]:
    """The faults that this exchange can have: those of its trading side only where it has accounts, and answers."""
    try:
        accounts = client(PAGE_WAITS_S).report()["accounts"]
    except ControlProblem:
        accounts = []
    return [kind for kind in KINDS.values() if accounts or not kind.needs_accounts]


def kind_of(name: str) -> Kind | None:
    return KINDS.get(name) or SERVICE_KINDS.get(name)


def begin(name: str, form: Mapping[str, str], *, by: str) -> str:
    """Order a fault; what came of it in words. Raises FaultProblem or ControlProblem, in words for who ordered it."""
    kind, began_s = kind_of(name), SYSTEM.wall_s()
    if kind is None:
        raise FaultProblem(_("kind: there is no fault %(name)s.") % {"name": repr(name)})
    symbols: list[str] = []
    if isinstance(kind, ServiceFault):
        fault_id, (values, said) = 0, service_faults.order(kind, form, by=by)
    else:
        values = {
            item.name: _number(item.name, form[item.name], item.whole) for item in kind.fields if form.get(item.name)
        }
        symbols = form.get(SYMBOLS, "").replace(",", " ").split() if kind.by_symbol else []
        fault_id = client().order(name, symbols=symbols or None, **values)
        said = _("Fault %(number)s is ordered.") % {"number": fault_id}
    log.warning("fault %d, %s, ordered by %s: %s %s", fault_id, name, by, values, symbols)
    run = {"id": fault_id, "kind": name, "by": by, "began_s": began_s, "symbols": symbols, "values": values}
    run |= {SERVICE: form.get(SERVICE, ""), "rate": SYSTEM.anchor.rate}
    connection().lpush(RUNS_KEY, orjson.dumps(run))
    connection().ltrim(RUNS_KEY, 0, RUNS_KEPT - 1)
    return said


def _number(name: str, given: str, whole: bool) -> float:
    try:
        return int(given) if whole else float(given)
    except ValueError:
        raise FaultProblem(f"{name}: expected a number, got {given!r}.") from None


def end(fault_id: int, *, by: str) -> None:
    """End a fault before its time. Raises ControlProblem when it does not hold."""
    client().end(fault_id)
    log.warning("fault %d ended by %s", fault_id, by)
    run = next((run for run in _runs() if run["id"] == fault_id), None)
    if run is not None:
        connection().hset(ENDED_KEY, _name(run), SYSTEM.wall_s())
        connection().expire(ENDED_KEY, KEPT_S)


def _name(run: Row) -> str:
    """A run for good: a new simulator counts from one again."""
    return f"{run['id']}-{run['began_s']}"


def _runs() -> list[Row]:
    """The last runs, newest first."""
    stored: Any = connection().lrange(RUNS_KEY, 0, RUNS_KEPT - 1)
    ended: Any = connection().hgetall(ENDED_KEY)
    runs = [{SERVICE: "", "rate": 1.0, **orjson.loads(item)} for item in stored]
    return [
        run | {"ended_s": float(ended.get(_name(run).encode(), 0)) or None, "back_s": _back_s(run)}
        for run in runs
        if kind_of(run["kind"])
    ]


def _back_s(run: Row) -> float | None:
    """When the disturbed service was back. Kept when it is first seen: after the next disturbance nobody could tell."""
    if not run[SERVICE]:
        return None
    found = service_faults.back_after_s(run[SERVICE], run["began_s"])
    if found is not None and connection().hsetnx(BACK_KEY, _name(run), found):
        connection().expire(BACK_KEY, KEPT_S)
    kept: Any = connection().hget(BACK_KEY, _name(run))
    return float(kept) if kept else None


def standing(chosen: str = "") -> Row:
    """What holds now and the last runs, each with its checks; the course of the chosen one, else of the newest.
    `problem` when the simulator does not answer."""
    try:
        report, problem = client().report(), ""
    except ControlProblem as trouble:
        report, problem = {"active": [], "ended": []}, str(trouble)
    active = {item["id"]: item for item in report["active"]}
    runs = _runs()
    shown = next((run for run in runs if _name(run) == chosen), runs[0] if runs else None)
    return {
        "now_s": SYSTEM.wall_s(),
        "problem": problem,
        "active": report["active"],
        "runs": [_told(run, active) for run in runs],
        "shown": _name(shown) if shown else "",
        "course": fault_timeline.rows(_known(shown["kind"]), shown) if shown else [],
    }


def _known(name: str) -> Kind:
    return KINDS[name] if name in KINDS else SERVICE_KINDS[name]


def _told(run: Row, active: Mapping[int, Row]) -> Row:
    """A run is the one that holds only if the simulator still knows it by number and kind: a new one counts anew.
    A service rests as long as was ordered."""
    kind, held = _known(run["kind"]), active.get(run["id"])
    holding, left_s = held is not None and held["kind"] == run["kind"], 0.0
    if held and holding:
        left_s = held["seconds_left"]
    elif isinstance(kind, ServiceFault):
        left_s = max(0.0, run["began_s"] + fault_timeline.ends_after_s(kind, run) - SYSTEM.wall_s())
        holding = left_s > 0
    return {
        **run,
        "name": _name(run),
        "title": fault_words(kind.title) if isinstance(kind, FaultKind) else str(kind.title),
        "ends_after_s": fault_timeline.ends_after_s(kind, run),
        "may_end": holding and isinstance(kind, FaultKind),
        "holds": holding,
        "seconds_left": left_s,
        "done": held["done"] if held and holding else {},
        "checks": fault_timeline.checks(kind, run),
    }


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
