"""A row of the distances: what is used of one limit, drawn as a gauge.

What is filled is used; the tick stands at 5/6, so that what is over a limit can be seen as more than full. The thin
mark is the worst of the day, where the day's worst is known.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

WIDTH = 300
TICK_AT = Decimal(5) / 6
WARN_AT = Decimal("0.9")
ZERO = Decimal(0)


def gauge(used: Decimal, *, neutral: bool = False, worst: Decimal | None = None) -> dict[str, Any]:
    """Width and look of what is used; 1 is the limit itself."""
    look = "f-bad" if used > 1 else "f-warn" if used >= WARN_AT and not neutral else "f-fill"
    marked = worst is not None and worst > used
    mark = f"{min(_width(worst), Decimal(WIDTH - 2)):.1f}" if marked and worst is not None else ""
    return {"width": f"{_width(used):.1f}", "look": look, "over": used > 1, "worst": mark}


def _width(used: Decimal) -> Decimal:
    return max(ZERO, min(Decimal(1), used * TICK_AT)) * WIDTH
