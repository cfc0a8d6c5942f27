"""The band above the five layers, as thick as the quantity that is left: 22 high where all of what was wanted goes on.

Its box is 1228 wide: 118 for "wanted", five columns for the layers, 118 for "allowed". Where a layer takes something
away the band narrows in the middle of its column, and what is lost is drawn beside it to the column's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboard.chains.layers import LayerShown

WIDTH, END = 1228.0, 118.0
COLUMN = (WIDTH - 2 * END) / 5
TOP, BOTTOM, SLOPE = 4.0, 26.0, 26.0


@dataclass(frozen=True, slots=True)
class Loss:
    """What one layer took: the shape of it, and its colour's class."""

    path: str
    look: str


@dataclass(frozen=True, slots=True)
class StripBand:
    """The path of what goes on, and of what was lost on the way."""

    path: str
    losses: tuple[Loss, ...]


def strip_band(wanted: Decimal, layers: Sequence[LayerShown]) -> StripBand | None:
    """None when nothing was wanted, or no layer was asked."""
    if wanted <= 0 or not any(layer.after is not None for layer in layers):
        return None
    path, losses, top, end = f"M0 {TOP}", [], TOP, WIDTH
    for place, layer in enumerate(layers):
        if layer.after is None:
            continue
        below = BOTTOM - (BOTTOM - TOP) * min(1.0, float(layer.after / wanted))
        if below > top:
            middle, right = END + COLUMN * (place + 0.5), END + COLUMN * (place + 1)
            curve = _curve(middle, top, below)
            path += f" H{middle - SLOPE:.1f} {curve}"
            look = "f-warn o5" if layer.verdict == "TRIM" else "f-t3 o3"
            losses.append(Loss(f"M{middle - SLOPE:.1f} {top:.2f} {curve} H{right:.1f} V{top:.2f} Z", look))
            top, end = below, middle + SLOPE if below >= BOTTOM else end
    return StripBand(f"{path} H{end:.1f} V{BOTTOM} H0 Z", tuple(losses))


def _curve(middle: float, above: float, below: float) -> str:
    return f"C{middle:.1f} {above:.2f} {middle:.1f} {below:.2f} {middle + SLOPE:.1f} {below:.2f}"
