"""What the health page shows beside the heartbeats: the way from signal to fill, topics, books, database, Redis.

Only reads, and only what is known now: a Redis or a database that does not tell is said to be unknown (None).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from redis.exceptions import ResponseError

from cdb_site import db
from cdb_site.bus.models import DeadLetter, Outbox
from cdb_site.bus.redis import UNREACHABLE, connection
from cdb_site.bus.topics import TOPICS, Topic
from cdb_site.clock import SYSTEM
from cdb_site.retention import EVENT_DAYS, RULES
from dashboard import stage_times
from dashboard.chains.people import act_words
from dashboard.wire import Row, moment
from execution.models import ExternalOrder, Fill, Order, Reconciliation
from execution.queries import PAPER
from marketdata.universe.store import KEPT as CHOICES_KEPT
from risk.models import AuditRun, Decision, OperatorAct, TapeFile, TapeHole
from signals_app.models import Signal
from signals_app.operations import RANKING_KEPT

WINDOW = timedelta(hours=24)
ACTS_SHOWN = 8
SIZE = "SELECT pg_database_size(current_database()), current_setting('server_version')"


def read() -> Row:
    """The whole of it as plain JSON values."""
    return {
        "at_s": SYSTEM.wall_s(),
        "stages": stages(),
        "stage_times": stage_times.read(),
        "topics": topics(),
        "acts": acts(),
        "outbox": Outbox.objects.count(),
        "books": books(),
        "venue": venue(),
        "database": database(),
        "redis": redis_memory(),
        "tape": tape(),
        "retention": kept(),
    }


def kept() -> list[Row]:
    """For how many days which rows stay (0: for ever), and whether one a minute or hour stays afterwards."""
    days_of_candles = settings.ENVIRONMENT.CANDLES_KEPT_DAYS
    others = {
        "event": EVENT_DAYS,
        "ranking": RANKING_KEPT.days,
        "marketdata_candle": days_of_candles,
        "marketdata_universechoice": CHOICES_KEPT.days,
        "replay_run": settings.ENVIRONMENT.REPLAY_RUNS_KEPT_DAYS,
    }
    return [
        *({"table": rule.table, "days": rule.days, "one_a": rule.one_a} for rule in RULES),
        *({"table": table, "days": days, "one_a": ""} for table, days in others.items()),
    ]


def stages() -> Row:
    """Of the last 24 hours by the clock on the wall: signals, what was decided about them, orders, fills.

    `undecided` are signals of that time without a decision; received = decided when there is none.
    """
    since = SYSTEM.wall_now() - WINDOW
    taken = Signal.objects.filter(created_at__gte=since)
    decided = Decision.objects.filter(kind="SIGNAL", signal_id__in=taken.values("signal_id"))
    outcomes = dict(decided.values_list("outcome").annotate(count=Count("decision_id")))
    signals = taken.count()
    return {
        "signals": signals,
        "outcomes": outcomes,
        "undecided": signals - sum(outcomes.values()),
        "orders": Order.objects.filter(created_at__gte=since).count(),
        "fills": Fill.objects.filter(recorded_at__gte=since).count(),
    }


def lost_signals(grace_s: float) -> int:
    """Signals of the last 24 hours that should have been decided by now and were not."""
    now = SYSTEM.wall_now()
    old = Signal.objects.filter(created_at__gte=now - WINDOW, created_at__lt=now - timedelta(seconds=grace_s))
    return old.exclude(signal_id__in=Decision.objects.filter(kind="SIGNAL").values("signal_id")).count()


def topics() -> list[Row]:
    """Every topic: entries in its stream and ever added to it, how far its slowest group is behind, dead letters that
    nobody retried."""
    dead = dict(DeadLetter.objects.filter(state=DeadLetter.State.OPEN).values_list("topic").annotate(count=Count("id")))
    return [{"topic": row.name, "dead": dead.get(row.name, 0), **_stream(row)} for row in TOPICS.values()]


def _stream(row: Topic) -> Row:
    try:
        stream: Any = connection().xinfo_stream(row.key)
        groups: Any = connection().xinfo_groups(row.key) if row.consumers else []
    except UNREACHABLE:
        return {"length": None, "added": None, "lag": None}
    except ResponseError:
        return {"length": 0, "added": 0, "lag": None}
    behind = [group["lag"] for group in groups]
    # Redis itself does not know the lag of a group whose entries were trimmed.
    lag = None if not behind or None in behind else max(behind)
    return {"length": stream["length"], "added": stream["entries-added"], "lag": lag}


def acts() -> list[Row]:
    """What people did last, in the reader's language."""
    newest = OperatorAct.objects.order_by("-asked_at")[:ACTS_SHOWN]
    return [{"id": row.pk, "at": moment(row.asked_at), "by": row.by, "text": act_words(row)} for row in newest]


def books() -> Row | None:
    """The last audit; None before the first."""
    run = AuditRun.objects.first()
    if run is None:
        return None
    return {
        "at": moment(run.ran_at),
        "checks": len(run.checked),
        "violations": run.violations,
        "acknowledged": run.acknowledged,
        "first": run.first,
        "full": run.full,
        "ms": run.duration_ms,
    }


def venue() -> Row | None:
    """What the last look at the venue's own lists found; fills booked by looks and orders of others, of all looks kept.
    None before the first."""
    look = Reconciliation.objects.filter(account=PAPER).first()
    if look is None:
        return None
    booked = Reconciliation.objects.filter(account=PAPER).aggregate(fills=Sum("fills_booked"))["fills"]
    return {
        "at": moment(look.ran_at),
        "venue": look.venue,
        "result": look.result,
        "said": look.said,
        "differences": look.differences,
        "fills_booked": booked,
        "external": ExternalOrder.objects.filter(account=PAPER).count(),
    }


def database() -> Row:
    size, version = db.select(SIZE)[0]
    return {"bytes": size, "version": version.split()[0]}


def tape() -> Row | None:
    """Until when the quotes' tape is written, and of the last 24 hours its bytes and holes. None before the first."""
    since = SYSTEM.wall_now() - WINDOW
    newest = TapeFile.objects.order_by("-written_at").first()
    if newest is None:
        return None
    size = TapeFile.objects.filter(begun_at__gte=since).aggregate(bytes=Sum("bytes", default=0))["bytes"]
    return {
        "written_at": moment(newest.written_at),
        "bytes": size,
        "holes": TapeHole.objects.filter(until_at__gte=since).count(),
    }


def redis_memory() -> Row | None:
    """None while Redis does not answer."""
    try:
        told: Any = connection().info()
    except UNREACHABLE:
        return None
    return {
        "bytes": told.get("used_memory"),
        "limit": told.get("maxmemory"),
        "policy": told.get("maxmemory_policy"),
        "aof": told.get("aof_enabled"),
        "aof_ok": told.get("aof_last_write_status"),
    }
