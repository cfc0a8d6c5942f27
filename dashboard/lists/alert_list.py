"""The page of alerts: open ones first by their level, then the closed ones, newest first; and how many a day.

The number of queries does not grow with the rows, and each goes by an index. All open alerts are there at once (one a
condition), the closed ones page by page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import TruncDate
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cdb_site import db
from cdb_site.alerts.catalog import CATALOG, next_step, sentence
from cdb_site.alerts.models import Alert
from cdb_site.clock import Clock
from dashboard import formats
from dashboard.lists import days
from dashboard.lists.keyset import keyset_page
from execution.queries import PAPER
from marketdata.models import UniverseMember
from risk.models import Breaker
from risk.rules.circuit_breakers import KINDS

SIZE = 20
OPEN_MOST = 200
CHART_DAYS = 31
LENGTH_MOST = 60
VIEWS = ("open", "today", "all")
OPEN = ~Q(state="CLOSED")
# Which page shows what an alert of this beginning is about, besides its chain.
HEALTH = ("FEED_", "SYMBOL_SILENT", "SERVICE_", "SYSTEM_", "EXCHANGE_", "CANDLES_", "CLOCK_", "AUDIT_", "BOOKS_", "SUB")
RISK = ("BREAKER_", "DAILY_LOSS", "TRADING_", "CLOSE_OUT", "EXPOSURE", "OPENING_")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilters:
    """What the list is narrowed to; empty texts narrow nothing."""

    view: str = "all"
    level: str = ""
    code: str = ""
    symbol: str = ""
    day: date | None = None

    def query(self, rows: QuerySet[Alert], today: date) -> QuerySet[Alert]:
        exact = {name: value for name in ("level", "code") if (value := getattr(self, name))}
        rows = rows.filter(**exact)
        if self.symbol:
            rows = rows.alias(about=KeyTextTransform("symbol", "params")).filter(about=self.symbol)
        day = today if self.view == "today" else self.day
        if day:
            begin, end = days.bounds(day)
            rows = rows.filter(raised_at__gte=begin, raised_at__lt=end)
        return rows

    def address(self, **more: str) -> str:
        kept = {"view": self.view, "level": self.level, "code": self.code, "symbol": self.symbol}
        shown = kept | {"day": self.day.isoformat() if self.day else ""} | more
        return urlencode({name: value for name, value in shown.items() if value})


def asked(given: Mapping[str, str]) -> AlertFilters:
    text = {name: given.get(name, "")[:LENGTH_MOST].replace("\0", "") for name in ("view", "level", "code", "symbol")}
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        day = None
    return AlertFilters(
        view=text["view"] if text["view"] in VIEWS else "all",
        level=text["level"] if text["level"] in Alert.Level.values else "",
        code=text["code"],
        symbol=text["symbol"],
        day=day,
    )


def context(given: Mapping[str, str], clock: Clock) -> dict[str, Any]:
    """The template's values. Days are UTC days of wall time, in which alerts are raised."""
    now = clock.wall_now()
    today, filters = now.astimezone(UTC).date(), asked(given)
    with db.snapshot():
        first = not (given.get("before") or given.get("after"))
        opened = list(_open(filters.query(Alert.objects.filter(OPEN), today))) if first else []
        closed = filters.query(Alert.objects.filter(state="CLOSED"), today)
        closed = closed.none() if filters.view == "open" else closed
        page = keyset_page(closed, given, at="raised_at", name="alert_id", size=SIZE)
        numbers = _numbers(today)
        bars = _bars(today)
        releasable = _open_breakers()
        symbols = list(UniverseMember.objects.order_by("instrument_id").values_list("instrument_id", flat=True))
    picks = _picks(filters, symbols)
    offered = [pair for pair in days.offered(today, filters.day) if pair[0] != days.ALL]
    return {
        "filters": filters,
        "rows": [_row(row, now, releasable) for row in (*opened, *page.rows)],
        "numbers": numbers,
        "newer": page.newer and filters.address(after=page.newer),
        "older": page.older and filters.address(before=page.older),
        "kept": filters.address(),
        "views": [(name, words, filters.address(view=name)) for name, words in _views(numbers)],
        "picks": picks,
        "narrowed_words": days.narrowed_words(picks, offered, filters.day.isoformat() if filters.day else ""),
        "days": [("", _("all")), *offered],
        "day_value": filters.day.isoformat() if filters.day else "",
        "narrowed": filters != AlertFilters(view=filters.view),
        "bars": bars,
        "most": max((bar["all"] for bar in bars), default=0),
    }


def _open(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    rank = Case(When(level="CRITICAL", then=0), When(level="WARNING", then=1), default=2, output_field=IntegerField())
    return rows.order_by(rank, "-raised_at")[:OPEN_MOST]


def _open_breakers() -> dict[str, int]:
    """By the key of its alert, the number of every open breaker that only a person releases."""
    latched = [kind.code for kind in KINDS.values() if kind.latched]
    rows = Breaker.objects.filter(account=PAPER, released_at=None, kind__in=latched)
    return {f"BREAKER_{row.kind} {row.symbol}".strip(): row.pk for row in rows[:OPEN_MOST]}


def _row(row: Alert, now: datetime, releasable: Mapping[str, int]) -> dict[str, Any]:
    is_open = row.state != Alert.State.CLOSED
    lasted = ((row.closed_at or now) - row.raised_at).total_seconds()
    return {
        "row": row,
        "open": is_open,
        "words": sentence(row.code, row.params),
        "next": next_step(row.code).replace("`", "") if is_open else "",
        "symbol": row.params.get("symbol"),
        "breaker": releasable.get(f"{row.code} {row.params.get('symbol') or ''}".strip()) if is_open else None,
        "lasted": formats.lasted(lasted) if lasted >= 1 else _("at once"),
        "page": "system-health" if row.code.startswith(HEALTH) else "risk" if row.code.startswith(RISK) else "",
    }


def _numbers(today: date) -> dict[str, int]:
    begin, end = days.bounds(today)
    return {
        "open": Alert.objects.filter(OPEN).count(),
        "today": Alert.objects.filter(raised_at__gte=begin, raised_at__lt=end).count(),
        "all": Alert.objects.count(),
    }


def _views(numbers: dict[str, int]) -> list[tuple[str, str]]:
    words = {"open": _("Open %(n)s"), "today": _("Today %(n)s"), "all": _("All %(n)s")}
    return [(name, words[name] % {"n": numbers[name]}) for name in VIEWS]


def _picks(filters: AlertFilters, symbols: list[str]) -> list[dict[str, Any]]:
    codes = sorted({*CATALOG, filters.code} - {""})
    known = sorted({*symbols, filters.symbol} - {""})
    levels = [("CRITICAL", _("critical")), ("WARNING", _("warning")), ("INFO", _("note"))]
    return [
        _choice("level", _("Level"), levels, filters.level),
        _choice("code", _("Code"), [(code, code) for code in codes], filters.code),
        _choice("symbol", _("Symbol"), [(name, formats.base(name)) for name in known], filters.symbol),
    ]


def _choice(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> dict[str, Any]:
    said = dict(options).get(chosen, chosen)
    return {"name": name, "label": label, "options": [("", _("all")), *options], "chosen": chosen, "said": said}


def _bars(today: date) -> list[dict[str, Any]]:
    """One bar a day, the last of which is today: its height, of it critical, and its words."""
    since = days.bounds(today - timedelta(days=CHART_DAYS - 1))[0]
    counted = (
        Alert.objects.filter(raised_at__gte=since)
        .order_by()
        .annotate(on=TruncDate("raised_at", tzinfo=UTC), bad=Q(level=Value("CRITICAL")))
        .values("on", "bad")
        .annotate(number=Count("alert_id"))
    )
    found: dict[date, list[int]] = {}
    for line in counted:
        found.setdefault(line["on"], [0, 0])[bool(line["bad"])] += line["number"]
    most = max((sum(pair) for pair in found.values()), default=0)
    return [_bar(place, since.date() + timedelta(days=place), found, most) for place in range(CHART_DAYS)]


def _bar(place: int, day: date, found: dict[date, list[int]], most: int) -> dict[str, Any]:
    others, critical = found.get(day, [0, 0])
    high = 44 * (others + critical) / most if most else 0.0
    low = 44 * critical / most if most else 0.0
    return {
        "x": f"{13 + place * 44.2:.1f}", "middle": f"{32 + place * 44.2:.1f}", "y": f"{46 - high:.1f}",
        "height": f"{high:.1f}", "bad_y": f"{46 - low:.1f}", "bad_height": f"{low:.1f}", "all": others + critical,
        "critical": critical, "day": day, "words": date_format(day, "d M") if place % 5 == 0 else "",
    }  # fmt: skip
