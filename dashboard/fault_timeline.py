"""What one run of a fault brought, in order: what was expected by when beside what was seen when.

Times are wall seconds since the fault began; market seconds are these times the market's rate. An expectation is an
alert of the fault's row in the table, that it is raised, and that it is closed again after the fault's end. Beside them
stand all other alerts, changes of the trading state, stops that sold and audits of the books, from the stored rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cdb_site.alerts.catalog import sentence
from cdb_site.alerts.models import Alert
from cdb_site.clock import SYSTEM, from_seconds
from dashboard.service_faults import SERVICE, ServiceFault
from dashboard.wire import Row
from execution.models import TradingStateChange
from execution.queries import PAPER
from mexc_sim.faults.kinds import SECONDS, ExpectedAlert, FaultKind
from risk.models import AuditRun, Decision

# What comes later than this after a fault's end is not laid at its door.
AFTERMATH_S = 90.0
MOST = 40
USUAL_S = 10.0
Kind = FaultKind | ServiceFault


def ends_after_s(kind: Kind, run: Row) -> float:
    """Seconds from the fault's beginning to its end: as ordered, or earlier when somebody ended it."""
    lasts_s = 0.0 if kind.at_once else float(run["values"].get(SECONDS, USUAL_S))
    ended_s = run.get("ended_s")
    return lasts_s if ended_s is None else min(lasts_s, max(0.0, ended_s - run["began_s"]))


def expected(kind: Kind, run: Row) -> tuple[ExpectedAlert, ...]:
    """The alerts that this run must bring: none of a fault made weaker, shorter or of single symbols."""
    values = run["values"]
    if run["symbols"] or any(item.name in values and values[item.name] != item.default for item in kind.parameters):
        return ()
    return tuple(item for item in kind.expects if ends_after_s(kind, run) >= item.needs_s)


def checks(kind: Kind, run: Row) -> list[Row]:
    """Of each expected alert, whether it was raised and whether it was closed again; of a service, that it is back."""
    of_alerts = [check for item in expected(kind, run) for check in _checked(item, kind, run)]
    return of_alerts + ([_back(kind, run)] if isinstance(kind, ServiceFault) else [])


def _back(kind: ServiceFault, run: Row) -> Row:
    due_s = ends_after_s(kind, run) + kind.back_within_s
    return {"code": run[SERVICE], "turn": "BACK", **_state(run, due_s, run["back_s"])}


def _checked(item: ExpectedAlert, kind: Kind, run: Row) -> Iterator[Row]:
    began = from_seconds(run["began_s"])
    # One that was open already, of another fault, is counted again or simply stays open: it was seen at once.
    rows = Alert.objects.filter(~Q(state="CLOSED") | Q(changed_at__gte=began), code=item.code)
    row = (rows.filter(key=run[SERVICE]) if run.get(SERVICE) else rows).order_by("raised_at").last()
    raised_s = max(0.0, _after(row.raised_at, began)) if row else None
    yield {"code": item.code, "turn": "RAISED", **_state(run, item.within_s, raised_s)}
    ended_s = ends_after_s(kind, run)
    closed_s = _after(row.closed_at, began) if row and row.closed_at else None
    # Nothing that was not raised is closed; that it was missed is said already.
    if row is not None or SYSTEM.wall_s() - run["began_s"] <= item.within_s:
        yield {"code": item.code, "turn": "CLOSED", **_state(run, ended_s + item.closes_within_s, closed_s)}


def _state(run: Row, due_s: float, after_s: float | None) -> Row:
    """SEEN with its second, LATE, WAITING, or MISSED."""
    if after_s is not None:
        state = "SEEN" if after_s <= due_s else "LATE"
    else:
        state = "WAITING" if SYSTEM.wall_s() - run["began_s"] <= due_s else "MISSED"
    return {"due_s": due_s, "state": state, "after_s": after_s}


def rows(kind: Kind, run: Row) -> list[Row]:
    """The whole course of a run, in the order of time; what is awaited stands where it is due."""
    began, ended_s = from_seconds(run["began_s"]), ends_after_s(kind, run)
    until = began + timedelta(seconds=ended_s + AFTERMATH_S)
    awaited = checks(kind, run)
    found = [
        _row("ORDERED", 0.0, _("Fault ordered by %(by)s") % {"by": run["by"]}),
        *(_expectation(check) for check in awaited),
        *_alerts(began, until, {check["code"] for check in awaited if check["turn"] != "BACK"}),
        *_states(began, until),
        *_stops(began, until),
        *_audits(began, until),
    ]
    if not kind.at_once:
        over = SYSTEM.wall_s() - run["began_s"] >= ended_s
        found.append(_row("END", ended_s if over else None, _("The fault ends"), due_s=ended_s))
    return sorted(found, key=lambda row: row["due_s"] if row["at_s"] is None else row["at_s"])


def _row(kind: str, at_s: float | None, text: str, **more: Any) -> Row:
    return {"kind": kind, "at_s": at_s, "due_s": None, "state": "SEEN" if at_s is not None else "WAITING", **more} | {
        "text": text
    }


def _expectation(check: Row) -> Row:
    words = {
        "RAISED": _("Alert %(code)s") % check,
        "CLOSED": _("Alert %(code)s is closed again") % check,
        "BACK": _("A new process of %(code)s is heard") % check,
    }
    return _row("CHECK", check["after_s"], words[check["turn"]], due_s=check["due_s"]) | {"state": check["state"]}


def _alerts(began: datetime, until: datetime, awaited: set[str]) -> Iterator[Row]:
    """Alerts that nobody waited for; of those of one code the first, and how many there were."""
    raised = Alert.objects.filter(raised_at__range=(began, until)).exclude(code__in=awaited)
    counted = dict(raised.order_by().values_list("code").annotate(count=Count("alert_id")))
    for code in list(counted)[:MOST]:
        first = raised.filter(code=code).order_by("raised_at").first()
        if first is not None:
            more = counted[code] - 1
            text = f"{code}: {sentence(code, first.params)}"
            if more:
                text += " " + _("(and %(count)s more)") % {"count": more}
            yield _row("ALERT", _after(first.raised_at, began), text)


def _states(began: datetime, until: datetime) -> Iterator[Row]:
    changes = TradingStateChange.objects.filter(account=PAPER, changed_at__range=(began, until)).order_by("id")
    for change in changes[:MOST]:
        words = {"owner": change.owner, "state": change.state, "reason": change.reason or change.changed_by}
        yield _row("STATE", _after(change.changed_at, began), _("Trading by %(owner)s: %(state)s (%(reason)s)") % words)


def _stops(began: datetime, until: datetime) -> Iterator[Row]:
    found = Decision.objects.filter(kind="STOP", decided_at__range=(began, until)).aggregate(
        count=Count("decision_id"), first=Min("decided_at")
    )
    if found["count"]:
        text = ngettext("%(count)s stop sells", "%(count)s stops sell", found["count"]) % {"count": found["count"]}
        yield _row("STOPS", _after(found["first"], began), text)


def _audits(began: datetime, until: datetime) -> Iterator[Row]:
    """Of the last runs those that fall into the time, the differing ones, else the newest."""
    within = [run for run in AuditRun.objects.all()[:MOST] if began <= run.ran_at <= until]
    for run in [run for run in within if run.violations] or within[:1]:
        text = ngettext(
            "The books were audited: %(count)s difference",
            "The books were audited: %(count)s differences",
            run.violations,
        )
        text %= {"count": run.violations}
        yield _row("AUDIT", _after(run.ran_at, began), text)


def _after(moment: datetime, began: datetime) -> float:
    return (moment - began).total_seconds()
