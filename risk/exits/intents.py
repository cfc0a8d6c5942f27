"""The rows of exit intents: beginning, claiming and ending them. One open row per account and symbol.

Each change is one conditional statement, so that two processes cannot both make it: who begins what is open joins it,
who claims what another has claimed gets nothing, who ends what has ended changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from risk.decision.requests import Request
from risk.models import ExitIntent
from risk.rules.decide import Ruling
from risk.rules.decision_inputs import DecisionInputs
from risk.rules.exiting import buys_of_exits, pause_s, wants_flat

RISK = "risk"
JOIN_WHO_IS_OPEN = "(account, symbol) WHERE ended_at IS NULL DO NOTHING"
CLAIM = """UPDATE exit_intent SET attempts = attempts + 1, next_at = %s
    WHERE id = %s AND attempts = %s AND ended_at IS NULL RETURNING id"""
END = """UPDATE exit_intent SET ended_at = %s, ending = %s
    WHERE account = %s AND symbol = ANY(%s) AND (%s::bigint[] IS NULL OR id = ANY(%s)) AND ended_at IS NULL
    RETURNING symbol"""
GIVEN_UP = """SELECT asked.symbol FROM unnest(%s::text[]) AS asked (symbol) JOIN LATERAL (
      SELECT ending, ended_at FROM exit_intent WHERE account = %s AND symbol = asked.symbol ORDER BY id DESC LIMIT 1
    ) AS newest ON true WHERE newest.ending = 'GIVEN_UP' AND (%s::timestamptz IS NULL OR newest.ended_at >= %s)"""
HURRY = "UPDATE exit_intent SET next_at = %s WHERE account = %s AND symbol = ANY(%s) AND ended_at IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A symbol that somebody wants flat; `kind` as a decision's, `reason` and `asked_by` for the history."""

    symbol: str
    kind: str
    asked_by: str = ""
    reason: str = ""


ANY_OPEN = "SELECT 1 FROM exit_intent WHERE account = %s AND ended_at IS NULL LIMIT 1"


def alert_key(account: str, symbol: str) -> str:
    return f"{account}:{symbol}"


def open_rows(account: str) -> list[ExitIntent]:
    """The intents under way. Mostly there are none, which costs the smallest question: it is asked with every mark."""
    if not db.select(ANY_OPEN, (account,)):
        return []
    return list(ExitIntent.objects.filter(account=account, ended_at=None).order_by("id"))


def given_up(account: str, symbols: Collection[str], since: datetime | None = None) -> set[str]:
    """Those of these symbols whose newest intent was given up, on or after a wall time."""
    return {row[0] for row in db.select(GIVEN_UP, (sorted(symbols), account, since, since))} if symbols else set()


def begin(account: str, wishes: Sequence[Wish], clock: Clock) -> int:
    """Begin intents whose first attempt is due at once. Returns how many were not open already."""
    rows = [_row(account, wish, clock, attempts=0) for wish in wishes]
    return len(db.bulk_insert(ExitIntent, rows, on_conflict=JOIN_WHO_IS_OPEN, returning="id"))


def follow(
    unit: outbox.UnitOfWork,
    account: str,
    decided: Iterable[tuple[Request, DecisionInputs, Ruling]],
    leaving: Collection[str],
    clock: Clock,
) -> None:
    """Begin the intents of a batch's exits with its decisions; end those of symbols that are flat and bought again."""
    wishes: dict[str, tuple[Wish, Ruling]] = {}
    bought = set()
    for request, seen, ruling in decided:
        if wants_flat(seen, ruling):
            note = request.note
            wish = Wish(
                symbol=request.symbol, kind=request.kind, asked_by=note.get("by", ""), reason=note.get("reason", "")
            )
            wishes.setdefault(request.symbol, (wish, ruling))
        elif request.side == "BUY" and ruling.approved:
            bought.add(request.symbol)
    if wishes:
        rows = [_row(account, wish, clock, attempts=int(ruling.approved)) for wish, ruling in wishes.values()]
        unit.write(db.insertion(ExitIntent, rows, on_conflict=JOIN_WHO_IS_OPEN))
    if again := bought & set(leaving) - set(wishes):
        end(account, again, ExitIntent.Ending.FLAT, clock)


def buys_to_end(decided: Iterable[tuple[Request, DecisionInputs, Ruling]], reserved: Collection[str]) -> set[str]:
    """Symbols whose open buys end with an exit decided now."""
    return buys_of_exits(((seen, ruling) for _, seen, ruling in decided), reserved)


def _row(account: str, wish: Wish, clock: Clock, *, attempts: int) -> dict[str, object]:
    now = clock.wall_now()
    return {
        "account": account,
        "symbol": wish.symbol,
        "kind": wish.kind,
        "asked_by": wish.asked_by,
        "reason": wish.reason,
        "begun_at": now,
        "occurred_at": clock.market_now(),
        "attempts": attempts,
        "next_at": now + timedelta(seconds=pause_s(attempts)) if attempts else now,
        "ended_at": None,
        "ending": "",
    }


def claim(intent: ExitIntent, now: datetime) -> bool:
    """Take the next attempt; False when another process has it, or the intent has ended."""
    next_at = now + timedelta(seconds=pause_s(intent.attempts + 1))
    return bool(db.select(CLAIM, (next_at, intent.pk, intent.attempts)))


def hurry(account: str, symbols: Collection[str], clock: Clock) -> None:
    """An operator joins: the next attempt is due now."""
    db.execute(HURRY, (clock.wall_now(), account, sorted(symbols)))


def end(
    account: str, symbols: Collection[str], ending: str, clock: Clock, *, pks: Sequence[int] | None = None
) -> set[str]:
    """End the open intents of these symbols, or of them those alone. Returns those that were open: the second gets
    none."""
    ids = None if pks is None else list(pks)
    with transaction.atomic(savepoint=False):
        ended = {row[0] for row in db.select(END, (clock.wall_now(), ending, account, sorted(symbols), ids, ids))}
        if ending != ExitIntent.Ending.GIVEN_UP:
            alerts.close_alerts("EXIT_GIVEN_UP", source=RISK, keys=[alert_key(account, symbol) for symbol in ended])
    return ended
