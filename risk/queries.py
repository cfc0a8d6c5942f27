"""Reads of the risk manager: limits in force, the day's opening, the peak, what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import execution.queries
from cdb_site import db
from marketdata.intervals import interval_s
from risk.models import AuditRun, CloseOut
from risk.peak import EARNED
from risk.rules.day_opening import HeldAtMidnight, Opening
from risk.rules.limits import NAMES, Limits

LIMIT_COLUMNS = ("version", *NAMES)
LIMITS_OF_ALL = f"SELECT {', '.join(LIMIT_COLUMNS)} FROM limit_version WHERE account = %s"  # noqa: S608
LIMITS = f"{LIMITS_OF_ALL} ORDER BY version DESC LIMIT 1"
LIMITS_OF = f"{LIMITS_OF_ALL} AND version = %s"
# More than the market clocks of two processes ever differ by.
CLOCKS_APART = timedelta(minutes=5)
LEAVING = "SELECT symbol FROM exit_intent WHERE account = %s AND ended_at IS NULL"


def limits(account: str) -> Limits:
    """The newest limits. LookupError when none were ever set: nothing can be decided without."""
    return _limits_from(account, db.select(LIMITS, (account,)))


def limits_of(account: str, version: int | None) -> Limits:
    """The limits of one version. LookupError for None, when none were ever set."""
    return _limits_from(account, db.select(LIMITS_OF, (account, version)))


def _limits_from(account: str, rows: execution.queries.Rows) -> Limits:
    if not rows:
        raise LookupError(f"account {account!r} has no limits; run `manage.py seed_limits`")
    return Limits(**dict(zip(LIMIT_COLUMNS, rows[0], strict=True)))


# Every fill up to `booked` was booked before this moment, and so was executed before it.
BOOKED_BEFORE = """SELECT booked FROM equity_snapshot WHERE account = %s AND taken_at < %s AND booked IS NOT NULL
    ORDER BY taken_at DESC LIMIT 1"""
CASH_BEFORE = """SELECT
    coalesce((SELECT cash FROM account WHERE account = %(account)s), 0)
      - coalesce((SELECT sum(amount) FROM ledger_entry WHERE account_id = %(account)s AND fill_id > %(booked)s
          AND occurred_at >= %(midnight)s), 0),
    coalesce((SELECT sum(amount) FROM ledger_entry
      WHERE account_id = %(account)s AND kind IN ('DEPOSIT', 'WITHDRAWAL')), 0)"""
HELD_BEFORE = f"""WITH since AS (SELECT symbol, (array_agg(price ORDER BY fill_id DESC))[1] AS price,
        sum({execution.queries.UNITS.format(fill="fill")}) AS quantity
      FROM fill WHERE account_id = %(account)s AND fill_id > %(booked)s AND executed_at >= %(midnight)s
      GROUP BY symbol),
    held AS (SELECT symbol, position.quantity - coalesce(since.quantity, 0) AS quantity, since.price AS since_price
      FROM position LEFT JOIN since USING (symbol) WHERE account_id = %(account)s)
    SELECT held.symbol, held.quantity, coalesce(closed.price, before.price),
      coalesce(closed.open_time = %(last_open)s, false), held.since_price
    FROM held
    LEFT JOIN LATERAL (SELECT close AS price, open_time FROM marketdata_candle WHERE instrument_id = held.symbol
      AND "interval" = %(interval)s AND open_time < %(midnight)s ORDER BY open_time DESC LIMIT 1) AS closed ON true
    LEFT JOIN LATERAL (SELECT price FROM fill WHERE closed.price IS NULL AND account_id = %(account)s
      AND symbol = held.symbol AND executed_at < %(midnight)s ORDER BY fill_id DESC LIMIT 1) AS before ON true
    WHERE held.quantity > 0 ORDER BY held.symbol"""  # noqa: S608
UNBOOKED = """SELECT count(*) FROM "order" WHERE account_id = %s AND occurred_at < %s
    AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""
# What had been paid in stands with each, as of the same moment.
PAID_IN = "coalesce((SELECT paid_in FROM account WHERE account = %(account)s), 0)"
FINAL_OPENING = f"""SELECT coalesce(equity - (inputs->>'external')::numeric, equity - {PAID_IN}), {PAID_IN}
    FROM day_opening WHERE account = %(account)s AND day = %(day)s AND final"""  # noqa: S608
NEW_START = f"""SELECT reset.deposited + coalesce((SELECT sum(amount) FROM ledger_entry
      WHERE account_id = reset.account_id
      AND kind IN ('DEPOSIT', 'WITHDRAWAL') AND recorded_at > reset.recorded_at), 0), {PAID_IN}
    FROM account_reset AS reset WHERE account_id = %(account)s AND occurred_at >= %(midnight)s
    ORDER BY id DESC LIMIT 1"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledOpening:
    """An opening equity, moved by what was paid in or out since, and what had been paid in by then."""

    equity: Decimal
    paid_in: Decimal


def opening_at(account: str, midnight: datetime, interval: str) -> Opening:
    """What an account was worth at a midnight of market time, as far as fills and candles are stored by now.

    The books as they are kept, less what was booked since: read are the fills after the last point of the equity curve
    before midnight, all of them where there is none. What was paid in or out later counts as if it had been there.
    """
    asked = {
        "account": account,
        "midnight": midnight,
        "interval": interval,
        "last_open": midnight - timedelta(seconds=interval_s(interval)),
    }
    with db.snapshot():
        booked = db.select(BOOKED_BEFORE, (account, midnight - CLOCKS_APART))
        asked["booked"] = booked[0][0] if booked else 0
        cash, held, unbooked = db.select_together(
            [(CASH_BEFORE, asked), (HELD_BEFORE, asked), (UNBOOKED, (account, midnight))]
        )
    rows = [
        HeldAtMidnight(symbol=row[0], quantity=row[1], close=row[2], closed=row[3], traded_since=row[4]) for row in held
    ]
    return Opening(cash=cash[0][0], external=cash[0][1], held=tuple(rows), unbooked=int(unbooked[0][0]))


def final_opening(account: str, day: date) -> SettledOpening | None:
    """The opening equity that was settled for a day; None before it is."""
    rows = db.select(FINAL_OPENING, {"account": account, "day": day})
    return SettledOpening(equity=rows[0][0] + rows[0][1], paid_in=rows[0][1]) if rows else None


def new_start(account: str, midnight: datetime) -> SettledOpening | None:
    """What an account that began anew since that midnight began with; else None."""
    rows = db.select(NEW_START, {"account": account, "midnight": midnight})
    return SettledOpening(equity=rows[0][0], paid_in=rows[0][1]) if rows else None


def peak_earned(account: str, now: datetime) -> Decimal | None:
    """The highest stored equity, less what had been paid in, of the last 24 h of market time, or since a drawdown
    breaker was last released or the account last began anew."""
    rows = db.select(
        f"""SELECT max({EARNED}) FROM equity_snapshot WHERE account = %(account)s AND taken_at > %(since)s
             AND stored_at > greatest(
             (SELECT max(released_at) FROM breaker WHERE account = %(account)s AND kind = 'DRAWDOWN'),
             (SELECT max(recorded_at) FROM account_reset WHERE account_id = %(account)s), '-infinity')""",  # noqa: S608
        {"account": account, "since": now - timedelta(days=1)},
    )
    peak: Decimal | None = rows[0][0]
    return peak


def open_close_out(account: str) -> CloseOut | None:
    """The close-out under way."""
    return CloseOut.objects.filter(account=account, flat_at=None, given_up_at=None).first()


def loss_was_closed_out(account: str, day: date) -> bool:
    """Whether layer 1 has begun to close everything on this market day."""
    since = datetime.combine(day, time(), UTC)
    return CloseOut.objects.filter(account=account, cause="DAILY_LOSS", occurred_at__gte=since).exists()


def audited_clean_since(moment: datetime) -> bool:
    """Whether the last whole audit of the books began after `moment` (wall time), and no later one found what halts."""
    since = AuditRun.objects.filter(ran_at__gt=moment)
    return since.filter(full=True).exists() and since.latest("id").violations == 0


def attempts(account: str, episode_ids: Sequence[UUID]) -> dict[tuple[UUID, str], int]:
    """(episode, kind) → the last attempt that was decided to leave that position."""
    rows = db.select(
        "SELECT episode_id, kind, max(attempt) FROM decision WHERE account = %s"
        " AND episode_id = ANY(%s::uuid[]) GROUP BY episode_id, kind",
        (account, list(map(str, episode_ids))),
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def leaving(account: str) -> set[str]:
    """Symbols with an exit intent under way."""
    return {row[0] for row in db.select(LEAVING, (account,))}
