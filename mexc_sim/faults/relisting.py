"""What each fault does to one pair in the exchange's list: sold only, gone, or on a coarser grid.

A row is one of exchangeInfo's `symbols`; None in its place: the pair is not listed. No clock and no chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from cdb_site.units import plain
from mexc_sim.faults.spoiling import Acting

SELL_ONLY = 3

Row = dict[str, Any]


def _sell_only(acting: Acting, row: Row) -> Row | None:
    return row | {"tradeSideType": SELL_ONLY}


def _delisted(acting: Acting, row: Row) -> Row | None:
    return None


def _coarser_step(acting: Acting, row: Row) -> Row | None:
    """Places do not fall below none: the exchange has no step above 1."""
    quantity_places = max(0, row["baseAssetPrecision"] - int(acting.value("quantity_places")))
    price_places = max(0, row["quoteAssetPrecision"] - int(acting.value("price_places")))
    smallest = max(Decimal(row["baseSizePrecision"]), Decimal(1).scaleb(-quantity_places))
    return row | {
        "baseAssetPrecision": quantity_places,
        "quoteAssetPrecision": price_places,
        "quotePrecision": price_places,
        "baseSizePrecision": plain(smallest),
    }


RELISTERS: dict[str, Callable[[Acting, Row], Row | None]] = {
    "sell_only": _sell_only,
    "delisted": _delisted,
    "coarser_step": _coarser_step,
}


def relisted(acting: Iterable[Acting], row: Row) -> Row | None:
    """What all holding faults together make of a row; None when one of them takes it off the list."""
    told: Row | None = row
    for item in acting:
        relister = RELISTERS.get(item.fault.kind)
        if told is not None and relister is not None and item.fault.concerns(row["symbol"]):
            item.done["pairs told otherwise"] += 1
            told = relister(item, told)
    return told
