"""What each risk layer cost or saved: the same replay without it, beside the one with all of them.

    price = net without the layer − net with it        above 0: the layer cost that much; below 0: it saved it

A layer that is left out neither judges nor watches: without the stop loss nothing is sold at a stop, without the daily
loss nothing halts. What the others do then may differ too; a price is that of the layer in its place, not of its own
refusals alone. Pure: whoever asks brings what plays a replay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cdb_site.units import plain
from replay.rules.measures import Measures, measures
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import ReplaySettings
from risk.rules.layers import Layer

Play = Callable[[ReplaySettings], ReplayOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPrice:
    """`net` is the price, in the quote asset; `drawdown` (a fraction) and `trips` are what there is more of without
    the layer."""

    layer: int
    code: str
    title: str
    net: Decimal
    drawdown: float | None
    trips: int

    def as_json(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "code": self.code,
            "net": plain(self.net),
            "drawdown": self.drawdown,
            "trips": self.trips,
        }


def layer_prices(play: Play, settings: ReplaySettings, with_all: Measures) -> list[LayerPrice]:
    """One replay a layer. `with_all` is what `settings` themselves brought."""
    return [
        _price(layer, with_all, measures(play(replace(settings, layers=_others(settings, layer)))))
        for layer in settings.layers
    ]


def _others(settings: ReplaySettings, left_out: Layer) -> tuple[Layer, ...]:
    return tuple(layer for layer in settings.layers if layer is not left_out)


def _price(layer: Layer, with_all: Measures, without: Measures) -> LayerPrice:
    before, after = with_all.account, without.account
    return LayerPrice(
        layer=layer.number,
        code=layer.code,
        title=layer.title,
        net=without.net - with_all.net,
        drawdown=after.drawdown - before.drawdown if before and after else None,
        trips=without.trips.trips - with_all.trips.trips,
    )
