"""What is asked of the risk manager: one signal, or one exit by stop, halt or operator, and the ids that follow.

`decision_id` is uuid5 of the signal, or of (position episode, kind, attempt): deciding twice is the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from cdb_site.bus.events import BusEvent, deterministic_id
from cdb_site.clock import parse_iso

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`strength` is 0 to 1; `expires_at` and `occurred_at` are market time, `open_time` that of the signal's candle;
    `note` says who asked and why."""

    decision_id: UUID
    kind: str
    side: str
    symbol: str
    occurred_at: datetime
    strength: Decimal = ONE
    expires_at: datetime | None = None
    signal_id: UUID | None = None
    episode_id: UUID | None = None
    attempt: int = 1
    open_time: datetime | None = None
    cause: BusEvent | None = None
    note: dict[str, str] = field(default_factory=dict)


def from_signal(event: BusEvent) -> Request:
    """The request a signal makes."""
    payload = event.payload
    return Request(
        decision_id=deterministic_id("decision", payload["signal_id"]),
        kind="SIGNAL",
        side=payload["side"],
        symbol=payload["symbol"],
        occurred_at=parse_iso(event.occurred_at),
        strength=Decimal(payload["strength"]),
        expires_at=parse_iso(payload["expires_at"]),
        signal_id=UUID(payload["signal_id"]),
        open_time=parse_iso(payload["open_time"]),
        cause=event,
    )


def exit_of(
    *,
    symbol: str,
    episode_id: UUID,
    kind: str,
    attempt: int,
    occurred_at: datetime,
    note: dict[str, str] | None = None,
) -> Request:
    """The request to sell a whole position, without a signal of its own; `kind` as a decision's."""
    return Request(
        decision_id=deterministic_id("decision", str(episode_id), kind, str(attempt)),
        kind=kind,
        side="SELL",
        symbol=symbol,
        occurred_at=occurred_at,
        episode_id=episode_id,
        attempt=attempt,
        note=note or {},
    )
