"""Exits that nobody signaled: of a stop, a close-out or an operator. Each is the next attempt of its episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import execution.queries
from execution.rules.accounting import Holding
from risk import queries
from risk.decision.requests import Request, exit_of


def exits(
    account: str, positions: Sequence[Holding], kind: str, now: datetime, note: Mapping[str, str] | None = None
) -> list[Request]:
    """Exit requests of positions without a live exit; `now` is market time."""
    exiting = {order.symbol for order in execution.queries.open_orders(account) if order.side == "SELL"}
    wanted = [position for position in positions if position.symbol not in exiting]
    episodes = {position.episode_id: position.symbol for position in wanted if position.episode_id}
    tried = queries.attempts(account, list(episodes), kind)
    return [
        exit_of(
            symbol=symbol,
            episode_id=episode,
            kind=kind,
            attempt=tried.get(episode, 0) + 1,
            occurred_at=now,
            note=dict(note or {}),
        )
        for episode, symbol in episodes.items()
    ]
