"""How long each part of a chain took, in wall time: candle stored → signal → decision → order → last fill booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from risk.operator.trace import Chain

PARTS = ("candle", "signal", "decision", "order", "fill")


@dataclass(frozen=True, slots=True)
class Timing:
    """Part → when it was done; a part that is not there is left out."""

    at: dict[str, datetime]

    def since(self, part: str) -> float | None:
        """Seconds since the part before it that is there."""
        if part not in self.at:
            return None
        earlier = [self.at[name] for name in PARTS[: PARTS.index(part)] if name in self.at]
        return max(0.0, (self.at[part] - earlier[-1]).total_seconds()) if earlier else None

    def whole(self) -> float | None:
        """Seconds from the first to the last part."""
        moments = [self.at[name] for name in PARTS if name in self.at]
        return max(0.0, (moments[-1] - moments[0]).total_seconds()) if len(moments) > 1 else None


def timing(chain: Chain, candle_stored_at: datetime | None) -> Timing:
    moments = {
        "candle": candle_stored_at if chain.signal else None,
        "signal": chain.signal.created_at if chain.signal else None,
        "decision": chain.decision.decided_at if chain.decision else None,
        "order": chain.order.created_at if chain.order else None,
        "fill": max((fill.recorded_at for fill in chain.fills), default=None),
    }
    return Timing({name: moment for name, moment in moments.items() if moment is not None})
