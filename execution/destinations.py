"""Where each order goes, settled when it is claimed, under the gate's lock: afterwards it goes nowhere else.

    entry   where the mode in force says; to paper if live trading was enabled only after it was placed
    exit    where its position is: what was bought with money is sold at the exchange, whatever mode is in force

An entry into a symbol that is held on the other side, paper here and money there, is refused: no exit could sell such a
position. An exit whose venue is not to be had in this process (its keys are gone) is left NEW, and told of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cdb_site import db
from execution import live_trading
from execution.mode_in_force import ModeInForce
from execution.rules.mode import PAPER_VENUE, Mode, crosses, exit_venue, is_real
from execution.rules.orders import LiveOrder

OTHER_VENUE = "POSITION_AT_OTHER_VENUE"
WITHDRAWN = "LIVE_TRADING_WITHDRAWN"
# What is held came from its newest purchase's venue; what may still be bought counts as well.
HELD_AT = """SELECT held.symbol, (SELECT bought.venue FROM fill JOIN "order" AS bought USING (order_id)
        WHERE fill.account_id = held.account_id AND fill.symbol = held.symbol AND fill.side = 'BUY'
        ORDER BY fill.fill_id DESC LIMIT 1)
    FROM position AS held WHERE held.account_id = %s AND held.symbol = ANY(%s) AND held.quantity > 0
    UNION ALL SELECT symbol, venue FROM "order" WHERE account_id = %s AND symbol = ANY(%s) AND side = 'BUY'
        AND state IN ('SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')"""
PLACED_BEFORE = 'SELECT order_id FROM "order" WHERE order_id = ANY(%s::uuid[]) AND created_at < %s'


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """Entries that may not go, with the reason, and orders that wait for their venue."""

    refused: Mapping[LiveOrder, str] = field(default_factory=dict)
    waiting: Collection[LiveOrder] = ()


STRAIGHT_ON = Directions()


def direct(account: str, orders: Sequence[LiveOrder], mode: ModeInForce | None, at_hand: Collection[str]) -> Directions:
    """Write each order's venue into it; call with the gate locked. `at_hand`: venues of this process, besides paper."""
    if mode is None or mode.only_paper or not orders:
        return STRAIGHT_ON
    told, held = mode.read(), _held(account, orders)
    early = _placed_before(account, orders) if told.mode == Mode.LIVE else set()
    refused: dict[LiveOrder, str] = {}
    waiting: list[LiveOrder] = []
    for order in orders:
        if order.reduce_only:
            order.venue = exit_venue(held.get(order.symbol, PAPER_VENUE), told)
        else:
            order.venue = PAPER_VENUE if order.order_id in early else told.venue
            if crosses(held.get(order.symbol), order.venue):
                refused[order] = OTHER_VENUE
            held.setdefault(order.symbol, order.venue)
        if is_real(order.venue) and order.venue not in at_hand:
            waiting.append(order)
    return Directions(refused=refused, waiting=waiting)


def not_real_any_more(orders: Sequence[LiveOrder], mode: ModeInForce | None) -> set[LiveOrder]:
    """Entries that were claimed as real ones, never reached the exchange, and may not be sent any more."""
    real = [order for order in orders if is_real(order.venue) and not order.reduce_only]
    if not real:
        return set()
    return set() if mode is not None and mode.read().mode == Mode.LIVE else set(real)


def _held(account: str, orders: Sequence[LiveOrder]) -> dict[str, str]:
    """Venue by symbol, of what is held or being bought; real wins where both are, which no exit may miss."""
    symbols = sorted({order.symbol for order in orders})
    rows = db.select(HELD_AT, (account, symbols, account, symbols))
    found = {symbol: venue or PAPER_VENUE for symbol, venue in rows}
    return found | {symbol: venue for symbol, venue in rows if venue and is_real(venue)}


def _placed_before(account: str, orders: Sequence[LiveOrder]) -> set[object]:
    """Of these orders those that are older than the step by which live trading was enabled."""
    since = live_trading.keys(account).since
    if since is None:
        return set()
    return {row[0] for row in db.select(PLACED_BEFORE, ([str(order.order_id) for order in orders], since))}
