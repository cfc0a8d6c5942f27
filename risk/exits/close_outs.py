"""Close-outs: every position is to be sold, after a daily loss or on an operator's halt. The row lasts until it is so.

A close-out begins an intent for each symbol that is held or comes in while it lasts; the driver carries them out. It
ends FLAT when nothing but dust is held and no order is open, and is given up when all that is left was given up.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Gauge

import execution.queries
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from risk import queries
from risk.decision.exit_requests import held_as_dust
from risk.exits import intents
from risk.marks import Marks
from risk.models import CloseOut
from risk.rules.account_state import MarketLook
from risk.rules.look_text import marks_json
from risk.rules.watching import close_out_step

TIME_TO_FLAT = Gauge("cdb_time_to_flat_seconds", "How long the last close-out took until nothing was held")


def start(account: str, cause: str, by: str, reason: str, clock: Clock, look: MarketLook | None = None) -> bool:
    """Begin one, unless one is under way. An entry on its way to the venue may still fill: then it is not flat."""
    # Orders are read first, so that one filled meanwhile shows as a position.
    on_their_way = execution.queries.open_orders(account)
    held = sorted(execution.queries.open_positions(account))
    flat = not held and not on_their_way
    now = clock.wall_now()
    row = {
        "account": account,
        "cause": cause,
        "asked_by": by,
        "reason": reason,
        "occurred_at": clock.market_now(),
        "positions": held,
        "look": look and marks_json(look),
        "started_at": now,
        "flat_at": now if flat else None,
        "given_up_at": None,
    }
    return bool(db.bulk_insert(CloseOut, [row], on_conflict="DO NOTHING", returning="id"))


UNDER_WAY = "SELECT 1 FROM close_out WHERE account = %s AND flat_at IS NULL AND given_up_at IS NULL LIMIT 1"


def carry_on(account: str, marks: Marks, clock: Clock) -> None:
    """Begin the intents that are missing; end it when all is sold, or when nothing more will be."""
    close_out = queries.open_close_out(account) if db.select(UNDER_WAY, (account,)) else None
    if close_out is None:
        return
    orders = execution.queries.open_orders(account)
    held = execution.queries.open_positions(account)
    left = {symbol for symbol, holding in held.items() if not held_as_dust(holding, marks)}
    leaving, hopeless = queries.leaving(account), intents.given_up(account, left, close_out.started_at)
    step = close_out_step(left, orders_open=bool(orders), leaving=leaving, hopeless=hopeless)
    wishes = [
        intents.Wish(symbol=symbol, kind="HALT", asked_by=close_out.asked_by, reason=close_out.reason)
        for symbol in step.begun
    ]
    if step.flat:
        _end(close_out, clock)
    elif wishes:
        intents.begin(account, wishes, clock)
    elif step.given_up:
        _give_up(close_out, sorted(left), clock)


def _end(close_out: CloseOut, clock: Clock) -> None:
    """The account is flat."""
    close_out.flat_at = clock.wall_now()
    CloseOut.objects.filter(pk=close_out.pk, flat_at=None).update(flat_at=close_out.flat_at)
    TIME_TO_FLAT.set(close_out.time_to_flat_s or 0.0)


def _give_up(close_out: CloseOut, symbols: Sequence[str], clock: Clock) -> None:
    """What is left cannot be sold: somebody must look. By one process alone."""
    with outbox.unit_of_work(intents.RISK):
        open_rows = CloseOut.objects.filter(pk=close_out.pk, flat_at=None, given_up_at=None)
        if open_rows.update(given_up_at=clock.wall_now()):
            params = {"symbols": ", ".join(symbols)}
            alerts.raise_alert("CLOSE_OUT_FAILED", source=intents.RISK, key=close_out.account, params=params)
