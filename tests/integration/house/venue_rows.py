"""One row of every table that has to do with the venue: how it is compared, and who lets orders be real."""

from __future__ import annotations

from typing import Any

from django.db import connection

from execution.models import ExternalOrder, LiveTrading, ModeChange, Reconciliation, VenueBaseline
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


def live_step(**changes: Any) -> LiveTrading:
    """Live trading as it is asked for."""
    values = {"step": "ASKED", "asked_by": "anna", "reason": "a good month", "limits_version": 1}
    return LiveTrading.objects.create(**{"account": changes.pop("account", None) or account()} | values | changes)


def enabled_step(**changes: Any) -> LiveTrading:
    """The second step in the transaction of the first, which the table's own trigger would refuse before all else."""
    connection.cursor().execute("ALTER TABLE live_trading DISABLE TRIGGER live_trading_in_steps")
    asked = live_step()
    return live_step(**{"account": asked.account, "request": asked, "step": "ENABLED", "confirmed_by": "ben"} | changes)


def enabled_twice() -> LiveTrading:
    first = enabled_step()
    return live_step(account=first.account, request=first.request, step="ENABLED", confirmed_by="cleo")


def mode_row(**changes: Any) -> ModeChange:
    values = {"account": account(), "mode": "PAPER", "asked": "PAPER", "instance": "1"}
    return ModeChange.objects.create(**values | changes)
