"""How well a set of closed round trips did, from their count and sums. Pure arithmetic, money in the quote asset.

A trip is won when its net result is above 0, lost when it is below; one of exactly 0 is neither. Sums of several sets
add up to the sum of all: what is told by symbol, exit or hour is the total, divided. Without a trip nothing is known:
every measure is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import reduce
from typing import Any

from cdb_site.units import plain, text

ZERO = Decimal(0)
MONEY_PLACES, RATIO_PLACES = 12, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTally:
    """`gained` sums the net results above 0, `shed` those below 0 (itself 0 or less); `gross` is before fees;
    `held_s` the time from entry to exit, market seconds."""

    trips: int = 0
    won: int = 0
    lost: int = 0
    gained: Decimal = ZERO
    shed: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    held_s: Decimal = ZERO

    def __add__(self, other: TripTally) -> TripTally:
        names = [field.name for field in fields(TripTally)]
        return TripTally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def net(self) -> Decimal:
        return self.gained + self.shed

    @property
    def win_rate(self) -> Decimal | None:
        """Trips won ÷ trips."""
        return Decimal(self.won) / self.trips if self.trips else None

    @property
    def profit_factor(self) -> Decimal | None:
        """What the won trips brought ÷ what the lost ones took; None without a lost one."""
        return self.gained / -self.shed if self.shed else None

    @property
    def expectancy(self) -> Decimal | None:
        """Net result of a trip on average: net ÷ trips."""
        return self.net / self.trips if self.trips else None

    @property
    def mean_won(self) -> Decimal | None:
        """What a won trip brought on average."""
        return self.gained / self.won if self.won else None

    @property
    def mean_lost(self) -> Decimal | None:
        """What a lost trip took on average, below 0."""
        return self.shed / self.lost if self.lost else None

    @property
    def mean_held_s(self) -> Decimal | None:
        return self.held_s / self.trips if self.trips else None

    @property
    def fee_share(self) -> Decimal | None:
        """Fees ÷ gross result; None without a gain they could be a share of."""
        return share(self.fees, self.gross)


def trip(*, net: Decimal, gross: Decimal = ZERO, fees: Decimal = ZERO, held_s: Decimal = ZERO) -> TripTally:
    """The tally of one round trip."""
    won, lost = net > 0, net < 0
    return TripTally(
        trips=1,
        won=int(won),
        lost=int(lost),
        gained=net if won else ZERO,
        shed=net if lost else ZERO,
        gross=gross,
        fees=fees,
        held_s=held_s,
    )


def total(tallies: Iterable[TripTally]) -> TripTally:
    return reduce(TripTally.__add__, tallies, TripTally())


def told_tally(tally: TripTally) -> dict[str, Any]:
    """A tally as plain values: money to 12 decimals, as the books count, ratios to 6."""
    return {
        "trips": tally.trips,
        "won": tally.won,
        "lost": tally.lost,
        "net": plain(round(tally.net, MONEY_PLACES)),
        "gross": plain(round(tally.gross, MONEY_PLACES)),
        "fees": plain(round(tally.fees, MONEY_PLACES)),
        "win_rate": _short(tally.win_rate),
        "profit_factor": _short(tally.profit_factor),
        "expectancy": _short(tally.expectancy),
        "mean_won": _short(tally.mean_won),
        "mean_lost": _short(tally.mean_lost),
        "mean_held_s": _short(tally.mean_held_s),
        "fee_share": _short(tally.fee_share),
    }


def _short(value: Decimal | None) -> str | None:
    return None if value is None else text(round(value, RATIO_PLACES))


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """part ÷ whole; None unless the whole is above 0."""
    return part / whole if whole > 0 else None


def day_return(result: Decimal, opening: Decimal, paid_in: Decimal) -> Decimal | None:
    """The result of a day or period as a fraction of what it could be earned with: result ÷ (opening + what was paid
    in). Money taken out worked until then and is not subtracted. None when there was nothing."""
    return share(result, opening + max(paid_in, ZERO))
