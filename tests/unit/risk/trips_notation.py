"""Fills of one symbol in ledger notation: `trip_fills("buy 2 @ 100; stop 2 @ 98")`, one minute and one fee apart.

A sale is written `sell`, or by what asked for it: `stop`, `halt`, `operator`, `writeoff`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from risk.rules.round_trips import TripFill

BEGIN = datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEE = Decimal("0.5")


def trip_fills(text: str, *, decided: str | None = "100", fee: Decimal = FEE) -> list[TripFill]:
    found = []
    for number, note in enumerate(text.split(";"), start=1):
        word, quantity, at, price = note.split()
        assert at == "@", note
        found.append(
            TripFill(
                fill_id=number,
                symbol="AAAUSDT",
                side="BUY" if word == "buy" else "SELL",
                price=Decimal(price),
                quantity=Decimal(quantity),
                fee=fee,
                executed_at=BEGIN + (number - 1) * MINUTE,
                kind={"buy": "SIGNAL", "sell": "SIGNAL", "writeoff": "OPERATOR"}.get(word, word.upper()),
                decision_id=UUID(int=number),
                signal_id=UUID(int=1000 + number) if word in ("buy", "sell") else None,
                decision_price=Decimal(decided) if decided else None,
                limits_version=number,
            )
        )
    return found
