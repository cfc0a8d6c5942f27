"""What layer 2's breakers read: the worst of each kind and whose it is; nothing where nothing is known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from risk.rules.breaker_readings import readings
from risk.rules.circuit_breakers import KINDS, Observations, Slip, watch
from risk.rules.limits import LIMITS, Limits

USUAL = Limits(version=1, **{limit.name: limit.default for limit in LIMITS})


def read(**seen: Any) -> dict[str, tuple[str, Decimal]]:
    observed = Observations(equity=Decimal(10000), **seen)
    return {row.kind: (row.symbol, row.observed) for row in readings(observed)}


def test_each_kind_reads_the_worst_and_whose_it_is() -> None:
    slips = tuple(
        Slip(order_id=str(n), symbol=symbol, slippage=Decimal(size))
        for n, (symbol, size) in enumerate((("AAAUSDT", "0.002"), ("BBBUSDT", "0.0132"), ("BBBUSDT", "-0.4")))
    )

    found = read(
        orders_closed=20, orders_rejected=3, orders_last_minute=7, clock_skew_s=Decimal("-0.04"), slips=slips,
        spreads_bps={"AAAUSDT": Decimal(12), "CCCUSDT": Decimal("41.2")},
        moves={"AAAUSDT": Decimal("0.01"), "BBBUSDT": Decimal("-0.0122")},
    )  # fmt: skip

    assert found == {
        "REJECT_RATE": ("", Decimal("0.15")),
        "SLIPPAGE": ("BBBUSDT", Decimal("0.0132")),
        "ORDER_RATE": ("", Decimal(7)),
        "CLOCK_SKEW": ("", Decimal("0.04")),
        "SPREAD": ("CCCUSDT", Decimal("41.2")),
        "JUMP": ("BBBUSDT", Decimal("0.0122")),
    }
    assert list(found) == [kind for kind in KINDS if kind in found]


def test_what_is_not_known_is_not_read() -> None:
    assert read() == {"ORDER_RATE": ("", Decimal(0))}
    assert "REJECT_RATE" not in read(orders_closed=9, orders_rejected=9)


def test_a_reading_is_past_its_limit_exactly_when_its_breaker_opens() -> None:
    for share, rejected in (("calm", 2), ("past", 3)):
        seen = Observations(equity=Decimal(10000), orders_closed=10, orders_rejected=rejected)
        (reading,) = [row for row in readings(seen) if row.kind == "REJECT_RATE"]
        opens = [finding.kind for finding in watch(seen, USUAL)]
        assert (reading.observed > USUAL.max_reject_rate_pct) == ("REJECT_RATE" in opens) == (share == "past")
