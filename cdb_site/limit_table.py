"""Every limit of the five layers, in one table: unit, bounds, default, meaning, and in which direction it protects.

Kept below the environment, which seeds the limits, and below `risk`, which decides by them. From it derive the columns
and CHECKs of `LimitVersion`, the seeds in `cdb_site.env`, the admin form with its preview, and the tables of the
documents in both languages.

`_pct` limits are fractions: 0.02 means 2 %. `_s` are wall seconds, except the cooldown, which is market time. A
fraction ends at 0.99: at 1 it would protect from nothing, and 1 is what somebody types who means 1 %. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

FRACTION = "0.0001..0.99"
FRACTION_HINT = "0.01 means 1 %"
PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`layer` is 0 for what every layer uses. Bounds are inclusive. `tighter`: the direction that protects more."""

    name: str
    layer: int
    unit: str
    low: Decimal
    high: Decimal
    default: Decimal
    meaning: str
    meaning_de: str
    tighter: str

    @property
    def variable(self) -> str:
        """The environment's variable that seeds it."""
        return self.name.upper()

    @property
    def is_fraction(self) -> bool:
        return self.unit == "fraction"

    @property
    def words(self) -> str:
        """Layer and meaning, as forms and the configuration reference say it."""
        return f"layer {self.layer}: {self.meaning}" if self.layer else self.meaning

    @property
    def unit_words(self) -> str:
        """The unit, a fraction by its default as an example."""
        return f"{self.default} means {self.default * 100:.0f} %" if self.is_fraction else f"in {self.unit}"


def _limit(
    name: str, layer: int, unit: str, bounds: str, default: str, meaning: str, german: str, tighter: str = "LOWER"
) -> Limit:
    low, high = map(Decimal, bounds.split(".."))
    return Limit(
        name=name,
        layer=layer,
        unit=unit,
        low=low,
        high=high,
        default=Decimal(default),
        meaning=meaning,
        meaning_de=german,
        tighter=tighter,
    )


LIMITS = (
    _limit(
        "max_daily_drawdown_pct", 1, "fraction", FRACTION, "0.05",
        "loss of the UTC day that halts trading",
        "Verlust des UTC-Tages, der den Handel anhält",
    ),
    _limit(
        "max_drawdown_pct", 2, "fraction", FRACTION, "0.05",
        "fall from the 24 h peak of equity",
        "Rückgang vom Höchststand des Eigenkapitals der letzten 24 h",
    ),
    _limit(
        "max_slippage_pct", 2, "fraction", FRACTION, "0.01",
        "worst price of a fill against its decision price",
        "schlechtester Preis einer Ausführung gegenüber ihrem Entscheidungspreis",
    ),
    _limit(
        "max_data_silence_s", 2, "s", "1..3600", "30",
        "silence of the feed, or of one symbol",
        "Stille des Datenstroms oder eines Symbols",
    ),
    _limit(
        "max_jump_pct", 2, "fraction", FRACTION, "0.05",
        "move of one symbol within one market minute",
        "Bewegung eines Symbols binnen einer Marktminute",
    ),
    _limit(
        "max_spread_bps", 2, "bps", "1..10000", "100",
        "spread of one symbol",
        "Spanne (Spread) eines Symbols",
    ),
    _limit(
        "max_orders_per_minute", 2, "orders", "1..1000000", "300",
        "orders placed within one wall minute",
        "Aufträge binnen einer Minute Uhrzeit",
    ),
    _limit(
        "max_reject_rate_pct", 2, "fraction", FRACTION, "0.2",
        "share of the last orders that the venue rejected",
        "Anteil der letzten Aufträge, die der Handelsplatz zurückwies",
    ),
    _limit(
        "max_clock_skew_s", 2, "s", "0.1..3600", "2",
        "difference between the venue's clock and ours",
        "Unterschied zwischen der Uhr des Handelsplatzes und unserer",
    ),
    _limit(
        "good_data_s", 2, "s", "1..3600", "30",
        "good data needed before a breaker releases itself",
        "so lange müssen die Daten gut sein, bis sich eine Sicherung selbst löst",
        tighter="HIGHER",
    ),
    _limit(
        "max_exposure_pct", 3, "fraction", FRACTION, "0.50",
        "total exposure of equity",
        "Gesamt-Exposure als Anteil des Eigenkapitals",
    ),
    _limit(
        "max_position_pct", 4, "fraction", FRACTION, "0.10",
        "one position of equity",
        "eine Position als Anteil des Eigenkapitals",
    ),
    _limit(
        "stop_loss_pct", 5, "fraction", FRACTION, "0.02",
        "fall of the bid below the average entry",
        "Fall des Geldkurses unter den mittleren Einstieg",
    ),
    _limit(
        "stop_cooldown_s", 5, "market s", "0..86400", "600",
        "pause of a symbol's entries after a stop",
        "Pause eines Symbols für Einstiege nach einem Stop",
        tighter="HIGHER",
    ),
    _limit(
        "max_price_age_s", 0, "s", "0.1..3600", "10",
        "age of a price on which an entry may be decided",
        "Alter eines Preises, auf den ein Einstieg entschieden werden darf",
    ),
)  # fmt: skip
BY_NAME = {limit.name: limit for limit in LIMITS}
NAMES = tuple(BY_NAME)
