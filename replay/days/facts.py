"""What waits for no lock, of a day: holds, breakers, pauses, wishes to be flat, limits, rates, stops, levels. Rows of
their own, by wall time; of each as much is read as decisions from `begun` to `ended` may have seen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from cdb_site import db
from execution.models import AccountReset, Order, TradingStateChange
from marketdata.models import Pause
from replay.rules.concurrent import CONCURRENT, MINUTE
from replay.rules.recorded_day import DayFacts, DayLevels, HoldChange, PeakPoint, Spell
from risk.loss_baselines import WAIT_MAX_S, midnight_of
from risk.models import Breaker, CloseOut, Decision, ExitIntent, LimitVersion
from risk.peak import EARNED
from risk.rules.circuit_breakers import OpenBreaker
from risk.rules.limits import NAMES, Limits
from signals_app.models import Signal

DAY = timedelta(days=1)
POINTS = f"""SELECT taken_at, stored_at, {EARNED} FROM equity_snapshot WHERE account = %(account)s
    AND taken_at > %(since)s AND taken_at < %(until)s ORDER BY stored_at, id"""  # noqa: S608

PAID_IN = """SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account_id = %s AND fill_id IS NULL
    AND recorded_at <= %s"""
FINAL_OPENING = """SELECT opening.equity - coalesce((inputs->>'external')::numeric, account.paid_in), created_at
    FROM day_opening AS opening JOIN account USING (account) WHERE account = %s AND day = %s AND final"""


def read(account: str, day: date, begun: datetime, ended: datetime) -> DayFacts:
    """The facts around the decisions of a day of market time, made from one wall time to another."""
    begun, ended = begun - 2 * CONCURRENT, ended + 2 * CONCURRENT
    return DayFacts(
        holds=_holds(account, ended),
        breakers=_breakers(account, begun, ended),
        found=_found(account, begun, ended),
        close_outs=_close_outs(account, begun, ended),
        pauses=_pauses(begun, ended),
        leaving=_leaving(account, begun, ended),
        limits=limit_versions(account),
        orders_placed=tuple(
            Order.objects.filter(account_id=account, created_at__gte=begun - MINUTE, created_at__lte=ended)
            .order_by("created_at")
            .values_list("created_at", flat=True)
        ),
        stops=_stops(account, day),
        sells=_sells(day, ended),
        levels=_levels(account, day),
    )


def _holds(account: str, ended: datetime) -> tuple[HoldChange, ...]:
    rows = TradingStateChange.objects.filter(account_id=account, changed_at__lte=ended).order_by("changed_at", "id")
    names = ("owner", "state", "changed_at", "changed_by", "reason")
    return tuple(
        HoldChange(owner=row[0], state=row[1], at=row[2], by=row[3], reason=row[4]) for row in rows.values_list(*names)
    )


def _breaker_rows(account: str, begun: datetime, ended: datetime) -> QuerySet[Breaker]:
    rows = Breaker.objects.filter(account=account, opened_at__lte=ended)
    return rows.exclude(released_at__lt=begun).order_by("id")


def _breakers(account: str, begun: datetime, ended: datetime) -> tuple[Spell[OpenBreaker], ...]:
    return tuple(
        Spell(
            value=OpenBreaker(id=row.pk, kind=row.kind, symbol=row.symbol), begun=row.opened_at, ended=row.released_at
        )
        for row in _breaker_rows(account, begun, ended)
    )


def _found(account: str, begun: datetime, ended: datetime) -> dict[int, tuple[Decimal, str]]:
    return {row.pk: (row.observed, row.cause) for row in _breaker_rows(account, begun, ended)}


def _close_outs(account: str, begun: datetime, ended: datetime) -> tuple[Spell[str], ...]:
    return tuple(
        Spell(value=row.cause, begun=row.started_at, ended=over)
        for row in CloseOut.objects.filter(account=account, started_at__lte=ended).order_by("id")
        if (over := row.flat_at or row.given_up_at) is None or over >= begun
    )


def _pauses(begun: datetime, ended: datetime) -> tuple[Spell[str], ...]:
    rows = Pause.objects.filter(paused_at__lte=ended).exclude(ended_at__lt=begun)
    return tuple(
        Spell(
            value=row.instrument_id,
            begun=row.paused_at,
            ended=min((one for one in (row.ended_at, row.expires_at) if one), default=None),
        )
        for row in rows
    )


def _leaving(account: str, begun: datetime, ended: datetime) -> tuple[Spell[str], ...]:
    rows = ExitIntent.objects.filter(account=account, begun_at__lte=ended).exclude(ended_at__lt=begun)
    return tuple(Spell(value=row.symbol, begun=row.begun_at, ended=row.ended_at) for row in rows)


def limit_versions(account: str) -> tuple[tuple[datetime, Limits], ...]:
    """Every version of the limits with the wall time from which it was in force, oldest first."""
    rows = LimitVersion.objects.filter(account=account).order_by("version")
    return tuple(
        (row.changed_at, Limits(version=row.version, **{name: getattr(row, name) for name in NAMES})) for row in rows
    )


def _stops(account: str, day: date) -> tuple[tuple[str, datetime, datetime], ...]:
    since = midnight_of(day) - DAY
    rows = Decision.objects.filter(
        account=account, kind="STOP", order_id__isnull=False, occurred_at__gt=since, occurred_at__lt=since + 3 * DAY
    )
    return tuple(rows.values_list("symbol", "occurred_at", "decided_at"))


def _sells(day: date, ended: datetime) -> tuple[tuple[str, datetime, datetime], ...]:
    since = midnight_of(day) - DAY
    rows = Signal.objects.filter(side="SELL", open_time__gte=since, created_at__lte=ended)
    return tuple(rows.values_list("symbol", "open_time", "created_at"))


def _levels(account: str, day: date) -> DayLevels:
    midnight = midnight_of(day)
    points = db.select(POINTS, {"account": account, "until": midnight + DAY, "since": midnight - DAY - CONCURRENT})
    resets = AccountReset.objects.filter(account_id=account)
    released = Breaker.objects.filter(account=account, kind="DRAWDOWN", released_at__isnull=False)
    released_at = [moment for moment in released.values_list("released_at", flat=True) if moment]
    restarts = [*released_at, *resets.values_list("recorded_at", flat=True)]
    opening, until = _opening(account, day)
    return DayLevels(
        opening=opening,
        provisional_until=until,
        points=tuple(PeakPoint(taken_at=row[0], stored_at=row[1], earned=row[2]) for row in points),
        restarts=tuple(sorted(restarts)),
    )


def _opening(account: str, day: date) -> tuple[Decimal | None, datetime | None]:
    """(The day's opening less what had been paid in, the wall time until which another may have held). An account that
    began anew has an opening of its own."""
    midnight = midnight_of(day)
    resets = AccountReset.objects.filter(account_id=account, occurred_at__gte=midnight, occurred_at__lt=midnight + DAY)
    if started := resets.order_by("-id").first():
        paid_in = db.select(PAID_IN, (account, started.recorded_at))[0][0]
        return started.deposited - paid_in, started.recorded_at + CONCURRENT
    rows = db.select(FINAL_OPENING, (account, day))
    if not rows:
        return None, None
    return rows[0][0], rows[0][1] + timedelta(seconds=WAIT_MAX_S) + CONCURRENT
