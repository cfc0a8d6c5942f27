"""Orders of the last minute: counted once a second, one's own added since."""

from __future__ import annotations

from risk.order_rate import OrderRate
from tests.clocks import HandClock


def test_it_has_to_be_counted_first_and_again_every_second() -> None:
    clock = HandClock()
    rate = OrderRate(clock)
    assert rate.known is None

    rate.counted(7)
    rate.placed(2)
    clock.move(0.9)
    assert rate.known == 9

    clock.move(0.2)
    assert rate.known is None
