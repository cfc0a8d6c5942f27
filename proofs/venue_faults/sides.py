"""Both sides as they stand: the exchange's journal of its trading floor, and our tables."""

from __future__ import annotations

from decimal import Decimal

import psycopg

from cdb_site.local.system import System
from cdb_site.local.venue import ACCOUNT
from mexc_sim.trading import witness
from mexc_sim.trading.floor import SimAccount
from proofs.rig.connections import owner_connection
from proofs.venue_faults.count import BooksSide, ExchangeSide, Traded

LOOK = """SELECT result, differences FROM reconciliation WHERE venue = 'MEXC' AND ran_at > now() - interval '70 s'
    AND result <> 'UNSETTLED' ORDER BY id DESC LIMIT 1"""
HELD_BY_AUDIT = """SELECT state <> 'ACTIVE' FROM trading_state_change WHERE owner = 'AUDIT' ORDER BY id DESC LIMIT 1"""
JOURNAL = "mexc_sim_trading.jsonl"
ORDERS = """SELECT client_order_id, state FROM "order" WHERE venue = 'MEXC'"""
FILLS = """SELECT o.client_order_id, f.trade_id, f.price, f.quantity, f.fee FROM fill f JOIN "order" o USING (order_id)
    WHERE o.venue = 'MEXC'"""
ASSETS = """SELECT quote_asset, cash FROM account UNION ALL
    SELECT i.base_asset, sum(p.quantity) FROM position p JOIN marketdata_instrument i USING (symbol) GROUP BY 1"""


def exchange_side(system: System) -> ExchangeSide:
    account = witness.read(system.folder.path / JOURNAL).accounts.get(ACCOUNT) or SimAccount(name=ACCOUNT)
    return ExchangeSide(
        orders=[placed.asked.client_id for placed in account.orders.values()],
        open=frozenset(placed.asked.client_id for placed in account.orders.values() if placed.order.open),
        trades=[
            Traded(one.placed.asked.client_id, one.trade_id, one.price, one.quantity, one.fee) for one in account.trades
        ],
        balances={asset: has.free + has.locked for asset, has in account.balances.by_asset.items()},
    )


def books_side(system: System) -> BooksSide:
    with owner_connection(system.env) as connection:
        return BooksSide(
            orders=dict(_rows(connection, ORDERS)),
            fills=[Traded(*row) for row in _rows(connection, FILLS)],
            assets={asset: Decimal(amount) for asset, amount in _rows(connection, ASSETS)},
        )


def last_look(system: System) -> tuple[str, object] | None:
    """What execution's own look at the exchange's lists found within its last period; None before it."""
    with owner_connection(system.env) as connection:
        rows = _rows(connection, LOOK)
    return (str(rows[0][0]), rows[0][1]) if rows else None


def held_by_the_audit(system: System) -> bool:
    with owner_connection(system.env) as connection:
        return _rows(connection, HELD_BY_AUDIT) == [(True,)]


def _rows(connection: psycopg.Connection, statement: str) -> list[tuple]:
    return connection.execute(statement).fetchall()
