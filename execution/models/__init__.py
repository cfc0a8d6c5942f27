"""The books: orders, fills, the ledger, positions, the account, and the trading state in front of every venue.

Fills and ledger entries are append-only and everything else derives from them: cash is the sum of the ledger,
a position is the sum of its fills. Constraints say no to what must never be. No foreign key points upward: an order
keeps `signal_id` and `decision_id` as plain UUIDs.
"""

from execution.models.accounts import Account, AccountReset, TradingStateChange
from execution.models.books import Fill, LedgerEntry, Position
from execution.models.modes import LiveTrading, ModeChange
from execution.models.orders import Order, QuarantinedAnswer
from execution.models.reconciliation import ExternalOrder, Reconciliation, VenueBaseline

__all__ = [
    "Account",
    "AccountReset",
    "ExternalOrder",
    "Fill",
    "LedgerEntry",
    "LiveTrading",
    "ModeChange",
    "Order",
    "Position",
    "QuarantinedAnswer",
    "Reconciliation",
    "TradingStateChange",
    "VenueBaseline",
]
