"""One row of every table of the comparison with the venue, as in `rows`."""

from __future__ import annotations

from typing import Any

from execution.models import ExternalOrder, Reconciliation, VenueBaseline
from tests.integration.house.rows import NOW, ONE, account


def reconciliation(**changes: Any) -> Reconciliation:
    values = {"venue": "MEXC", "cause": "START", "result": "EVEN", "read_to": NOW, "duration_ms": 1}
    return Reconciliation.objects.create(**{"account": account()} | values | changes)


def venue_baseline(**changes: Any) -> VenueBaseline:
    values = {"venue": "MEXC", "asset": "USDT", "outside": ONE, "taken_by": "anna", "reason": "first look"}
    return VenueBaseline.objects.create(**{"account": account()} | values | changes)


def external_order(**changes: Any) -> ExternalOrder:
    values = {"venue": "MEXC", "venue_order_id": "C02__1", "quantity": ONE, "open": True}
    return ExternalOrder.objects.create(**{"account": account()} | values | changes)


def external_order_twice() -> None:
    owner = account()
    for _ in range(2):
        external_order(account=owner)
