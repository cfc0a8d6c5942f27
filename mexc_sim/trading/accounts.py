"""What an account of the simulated exchange has: free and locked amounts by asset, in Decimal.

An order that rests keeps what it may cost locked. Every change is kept as one, with the balances after it, for the
account's stream.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

ZERO = Decimal(0)


class Why(StrEnum):
    """What changed a balance, in the exchange's words."""

    PLACED = "ENTRUST_PLACE"
    CANCELED = "ENTRUST_CANCEL"
    TRADED = "ENTRUST"
    FEE = "ENTRUST_FEE"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAW"


class BalanceChange(NamedTuple):
    """One asset's change, and what it has since."""

    asset: str
    free: Decimal
    free_change: Decimal
    locked: Decimal
    locked_change: Decimal
    why: Why


class Overdrawn(Exception):
    """More than is there."""


@dataclass(slots=True)
class Balance:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True)
class Balances:
    """All assets of one account."""

    by_asset: dict[str, Balance] = field(default_factory=dict)
    changes: list[BalanceChange] = field(default_factory=list)

    def free(self, asset: str) -> Decimal:
        return self.by_asset[asset].free if asset in self.by_asset else ZERO

    def lock(self, asset: str, amount: Decimal) -> None:
        """Set aside what an order may cost. Raises Overdrawn."""
        self.change(asset, free=-amount, locked=amount, why=Why.PLACED)

    def release(self, asset: str, amount: Decimal) -> None:
        """What an order that is at its end did not need."""
        if amount:
            self.change(asset, free=amount, locked=-amount, why=Why.CANCELED)

    def change(self, asset: str, *, why: Why, free: Decimal = ZERO, locked: Decimal = ZERO) -> None:
        """Raises Overdrawn and changes nothing, where less is there."""
        balance = self.by_asset.setdefault(asset, Balance())
        if balance.free + free < 0 or balance.locked + locked < 0:
            raise Overdrawn(asset)
        balance.free += free
        balance.locked += locked
        self.changes.append(BalanceChange(asset, balance.free, free, balance.locked, locked, why))

    def told(self) -> list[BalanceChange]:
        """The changes since it was asked last."""
        changes, self.changes = self.changes, []
        return changes
