"""Which symbols there are positions in, as the risk manager last said on the `portfolio` topic."""

from __future__ import annotations

from cdb_site.bus import latest
from cdb_site.bus.events import NewerMajorVersion
from cdb_site.bus.schema import InvalidEvent
from cdb_site.clock import age_s
from marketdata.metrics import MALFORMED

OLD_S = 30.0


def held_symbols(wall_s: float) -> frozenset[str] | None:
    """The held symbols; None when nothing was said for 30 wall seconds, or in the future. Raises redis errors."""
    try:
        said = latest.newest("portfolio")
    except (InvalidEvent, NewerMajorVersion):
        MALFORMED.labels("portfolio", "invalid").inc()
        return None
    if said is None:
        return None
    event, said_s = said
    if age_s(said_s, wall_s) > OLD_S:
        return None
    return frozenset(position["symbol"] for position in event.payload["positions"])
