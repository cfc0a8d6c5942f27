"""Reconciling: the books beside the venue's own lists, at start, after every reconnect, once a minute, and when asked.

    1. the venue's orders and balances are read, and the trades of what is open or differs, from where the last look
       ended and a little before
    2. trades of our orders that are missing here are asked for by client_order_id and booked, each once
    3. an order that has ended here and is open there is canceled there
    4. what is none of ours is written down (`external_order`), told, and never adopted
    5. balances are compared as changes since the baseline, while nothing is under way; a difference beyond dust halts
       trading and shows both sides

The first look at a venue takes the baseline: what lies there beside the books. `docs/reconciliation.md`
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any

from django.db import transaction
from django.utils import timezone
from prometheus_client import Counter, Gauge

from cdb_site.alerts import operations as alerts
from cdb_site.units import plain
from execution import gate, queries, reconcile_queries
from execution.models import ExternalOrder, Reconciliation, VenueBaseline
from execution.operations import Refused
from execution.order_gateway import Desk
from execution.reconcile_queries import AssetsHeld
from execution.rules.reconciling import BalanceDifference, ListsCompared, compare_balances, compare_lists, outside_of
from execution.venues.protocol import VenueOrder, VenueRecords, VenueSilent, VenueTrade

log = logging.getLogger(__name__)
RECONCILED = Counter("cdb_reconciliations_total", "Looks at the venue's own lists", ["result"])
BOOKED = Counter("cdb_reconciled_fills_total", "Trades found at the venue that were missing in the books")
DIFFERENCES = Gauge("cdb_reconcile_differences", "Assets whose balance at the venue differs from the books")
EXTERNAL = Gauge("cdb_external_orders", "Orders seen at the venue that are none of ours")

Cause, Result = Reconciliation.Cause, Reconciliation.Result
CODE, MISSED_CODE, EXTERNAL_CODE = "RECONCILE_DIFFERS", "RECONCILE_MISSED", "EXTERNAL_ORDER"
# A page of trades may lack the newest for a while, and clocks differ.
OVERLAP = timedelta(minutes=5)
FIRST_LOOK = timedelta(hours=24)
LOOKS, LOOK_AGAIN_S = 4, 0.7
MISSED_AFTER = timedelta(minutes=10)


def reconcile(desk: Desk, *, cause: str) -> Reconciliation:
    """Look at the venue's lists once and act on what differs. Never raises for a venue that does not answer."""
    began_s = desk.clock.monotonic_s()
    try:
        found = _looks(desk, cause)
    except VenueSilent as problem:
        since = reconcile_queries.last_read(desk.account, desk.venue.name) or desk.clock.market_now() - FIRST_LOOK
        found = {"result": Result.UNANSWERED, "said": str(problem)[:500], "read_to": since}
    row = Reconciliation.objects.create(
        account_id=desk.account,
        venue=desk.venue.name,
        cause=cause,
        duration_ms=int((desk.clock.monotonic_s() - began_s) * 1000),
        **found,
    )
    RECONCILED.labels(str(row.result)).inc()
    _tell(desk, row)
    return row


def _looks(desk: Desk, cause: str) -> dict[str, Any]:
    """A difference counts when it is still there, and the same, after what may be on its way has had time to come. At
    the start nobody waits for a quiet moment: balances are compared by the next look."""
    found, booked = _look(desk), 0
    for _ in range(LOOKS - 1):
        booked += found["fills_booked"]
        if found["result"] == Result.EVEN or (found["result"] == Result.UNSETTLED and cause == Cause.START):
            break
        Event().wait(LOOK_AGAIN_S)
        before, found = found, _look(desk)
        if found["result"] == Result.DIFFERENT and found["differences"] != before["differences"]:
            found |= {"result": Result.UNSETTLED, "differences": []}
    return found | {"fills_booked": max(booked, found["fills_booked"])}


def _look(desk: Desk) -> dict[str, Any]:
    now, books = desk.clock.market_now(), reconcile_queries.books(desk.account)
    since = (reconcile_queries.last_read(desk.account, desk.venue.name) or now - FIRST_LOOK) - OVERLAP
    symbols = reconcile_queries.traded_symbols(desk.account, desk.venue.name)
    records = desk.venue.records(symbols, since, trades_of=())
    if suspects := _suspects(desk, records.balances, books, symbols):
        records = desk.venue.records(symbols, since, trades_of=suspects)
    compared = _compared(records)
    fills = desk.ask_again(queries.orders_by_client_id(compared.missing))
    desk.end_at_venue(queries.orders_by_client_id(compared.revived))
    _tell_external(desk, _write_down(desk, compared.external))
    BOOKED.inc(fills)
    found = {
        "result": Result.EVEN,
        "differences": [],
        "read_to": now,
        "trades_read": len(records.trades),
        "fills_booked": fills,
        "external_orders": len(compared.external),
    }
    if _compared(records).missing:  # and is looked for again from where this look began
        return found | {"result": Result.UNSETTLED, "read_to": since + OVERLAP}
    return found | _balances(desk, records.balances, books)


def _suspects(
    desk: Desk, venue: Mapping[str, Decimal] | None, books: AssetsHeld, symbols: Sequence[str]
) -> Sequence[str]:
    """Symbols whose trades are worth asking for, which costs an exchange much: with orders open there, or of assets
    that differ. Balances that are even say that no trade is missing; before there is a baseline they say nothing."""
    if venue is None:
        return ()
    outside = reconcile_queries.baseline(desk.account, desk.venue.name)
    if outside is None:
        return symbols
    differing = {one.asset for one in compare_balances(venue, outside, books.assets, books.dust)}
    found = {symbol for symbol, base in books.base_of.items() if base in differing} | books.open
    return sorted(found) if found or not differing else symbols


def _compared(records: VenueRecords) -> ListsCompared:
    entries: tuple[VenueOrder | VenueTrade, ...] = (*records.orders, *records.trades)
    named = reconcile_queries.names_of({entry.venue_order_id for entry in entries if not entry.client_order_id})
    names = {entry.client_order_id for entry in entries} | set(named.values())
    return compare_lists(records, reconcile_queries.our_orders(names), named)


def _write_down(desk: Desk, orders: Sequence[VenueOrder]) -> list[VenueOrder]:
    """Orders that are none of ours, as they stand; returns those never seen before."""
    new = []
    for order in orders:
        values = {
            "client_order_id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side,
            "quantity": order.quantity,
            "filled_quantity": order.filled_quantity,
            "open": order.open,
            "seen_at": timezone.now(),
        }
        _, fresh = ExternalOrder.objects.update_or_create(
            account_id=desk.account, venue=desk.venue.name, venue_order_id=order.venue_order_id, defaults=values
        )
        new += [order] if fresh else []
    if orders:
        EXTERNAL.set(ExternalOrder.objects.filter(account_id=desk.account, venue=desk.venue.name).count())
    return new


def _tell_external(desk: Desk, orders: Sequence[VenueOrder]) -> None:
    for order in orders:
        params = {
            "symbol": order.symbol or "?",
            "side": order.side or "?",
            "quantity": plain(order.quantity),
            "venue_order_id": order.venue_order_id,
        }
        key = f"{desk.venue.name}:{order.venue_order_id}"
        alerts.raise_alert(EXTERNAL_CODE, source="execution", key=key, params=params)


def _balances(desk: Desk, venue: Mapping[str, Decimal] | None, books: AssetsHeld) -> dict[str, Any]:
    """Both sides of what differs. Books and balances must be of one moment: nothing was under way, and the books have
    not gone on while the venue was read."""
    if venue is None:
        return {}
    if not books.settled or reconcile_queries.books(desk.account).version != books.version:
        return {"result": Result.UNSETTLED}
    outside = reconcile_queries.baseline(desk.account, desk.venue.name)
    if outside is None:
        outside = outside_of(venue, books.assets)
        take_baseline(desk.account, desk.venue.name, outside, by="system", reason="first look at the venue")
    differing = compare_balances(venue, outside, books.assets, books.dust)
    DIFFERENCES.set(len(differing))
    return {"result": Result.DIFFERENT, "differences": list(map(_both_sides, differing))} if differing else {}


def _both_sides(one: BalanceDifference) -> dict[str, str]:
    return {
        "what": one.asset,
        "venue": plain(one.venue),
        "books": plain(one.books),
        "difference": plain(one.difference),
    }


def take_baseline(account: str, venue: str, outside: Mapping[str, Decimal], *, by: str, reason: str) -> None:
    """From now on this much of each asset lies at the venue beside the books. One row at least: that it was taken."""
    rows = outside or {reconcile_queries.quote_asset(account): Decimal(0)}
    VenueBaseline.objects.bulk_create(
        VenueBaseline(account_id=account, venue=venue, asset=asset, outside=amount, taken_by=by, reason=reason)
        for asset, amount in rows.items()
    )


def accept(account: str, venue: str, asset: str, *, by: str, reason: str) -> Decimal:
    """What the venue has of this asset beyond the books is beside them from now on: how much. Raises Refused."""
    if not reason.strip():
        raise Refused("accepting a difference needs a reason: it will never be found again")
    last = Reconciliation.objects.filter(account_id=account, venue=venue).first()
    told = next((one for one in last.differences if one["what"] == asset), None) if last else None
    if told is None:
        raise Refused(f"{asset} does not differ at the last look; `manage.py reconcile` looks again")
    with transaction.atomic():
        before = (reconcile_queries.baseline(account, venue) or {}).get(asset, Decimal(0))
        more = Decimal(told["difference"])
        take_baseline(account, venue, {asset: before + more}, by=by, reason=reason)
    return more


def _tell(desk: Desk, row: Reconciliation) -> None:
    """A difference halts trading. A look without one closes the alert; the halt stays until somebody releases it."""
    key = f"{desk.account}:{desk.venue.name}"
    if row.result == Result.DIFFERENT:
        first = "; ".join(f"{one['what']}: venue {one['venue']}, books {one['books']}" for one in row.differences[:3])
        reason = f"the venue and the books differ: {first}"
        gate.halt(desk.account, by="reconcile", reason=reason, owner=gate.Owner.AUDIT)
        params = {"venue": desk.venue.name, "count": len(row.differences), "first": first}
        alerts.raise_alert(CODE, source="execution", key=key, params=params)
        log.error(reason)
        return
    if row.result == Result.EVEN:
        for code in (CODE, MISSED_CODE):
            alerts.close_alert(code, source="execution", key=key)
        return
    log.warning("reconcile: %s %s %s", desk.venue.name, row.result, row.said)
    even_at = reconcile_queries.last_even(desk.account, desk.venue.name)
    if even_at is None or row.ran_at - even_at > MISSED_AFTER:
        params = {"venue": desk.venue.name, "said": row.said or "orders were under way at every look"}
        alerts.raise_alert(MISSED_CODE, source="execution", key=key, params=params)
