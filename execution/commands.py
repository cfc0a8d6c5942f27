"""Commands as they were said: which event placed an order, so that what is found out later still names its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from cdb_site.bus import outbox
from cdb_site.bus.events import BusEvent, id_text

NO_CAUSES: Mapping[str, BusEvent] = {}


def placing_key(order_id: UUID | str) -> str:
    """What a PLACE command is, within topic `orders`."""
    return f"{order_id}:PLACE"


def placing_event_id(order_id: UUID | str) -> str:
    return id_text("orders", placing_key(order_id))


def placing_events(order_ids: Sequence[str]) -> dict[str, BusEvent]:
    """The command that placed each order, by order id; none where it is kept no longer."""
    stored = {event.event_id: event for event in outbox.stored_events([placing_event_id(one) for one in order_ids])}
    return {one: stored[event_id] for one in order_ids if (event_id := placing_event_id(one)) in stored}
