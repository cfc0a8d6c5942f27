"""Requests to sell a position: a first one of a stop or an operator, and the attempts of an intent under way.

Each is the next attempt of its kind in its position episode, so that a restart asks for the same exit again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import execution.queries
from execution.rules.accounting import Holding
from risk import queries
from risk.decision.requests import Request, exit_of
from risk.marks import Marks
from risk.models import ExitIntent
from risk.rules.exiting import is_dust

Tried = Mapping[tuple[UUID, str], int]


def exits(
    account: str,
    positions: Sequence[Holding],
    kind: str,
    now: datetime,
    *,
    marks: Marks,
    note: Mapping[str, str] | None = None,
) -> list[Request]:
    """Exit requests of positions that are neither dust nor leaving already; `now` is market time."""
    leaving = {order.symbol for order in execution.queries.open_orders(account) if order.side == "SELL"}
    leaving |= queries.leaving(account)
    wanted = [row for row in positions if row.symbol not in leaving and not held_as_dust(row, marks)]
    tried = queries.attempts(account, [row.episode_id for row in wanted if row.episode_id])
    return [_request(row, kind, tried, now, dict(note or {})) for row in wanted if row.episode_id]


def attempt_of(intent: ExitIntent, holding: Holding, tried: Tried, now: datetime) -> Request:
    """The next attempt of an intent under way."""
    note = {name: text for name, text in (("by", intent.asked_by), ("reason", intent.reason)) if text}
    return _request(holding, intent.kind, tried, now, note)


def held_as_dust(holding: Holding, marks: Marks) -> bool:
    """Less is held than the exchange takes now."""
    quote = marks.board.quote(holding.symbol)
    return is_dust(holding.quantity, marks.board.rules(holding.symbol), quote.book.bid if quote else None)


def _request(holding: Holding, kind: str, tried: Tried, now: datetime, note: dict[str, str]) -> Request:
    assert holding.episode_id is not None  # noqa: S101 - a position that is held has an episode
    return exit_of(
        symbol=holding.symbol,
        episode_id=holding.episode_id,
        kind=kind,
        attempt=tried.get((holding.episode_id, kind), int(kind == "SIGNAL")) + 1,
        occurred_at=now,
        note=note,
    )
