"""A house whose account trades on two days of market time, worked by hand; its clock is moved by the test.

4 March  opened at noon with 10,000; buys 10 A @ 100, fee 1; the last candle of the day closes at 97
         closing 8,999 + 970 = 9,969: result −31 = realised 0, open −30, fees 1
5 March  sells 10 A @ 105 at 10:00, fee 1.05; nothing is held at its end
         closing 10,047.95: result +78.95 = realised 50, open +30, fees 1.05
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import execution.operations
from execution.models import Order
from marketdata.models import Candle
from risk.loss_baselines import midnight_of
from risk.models import EquitySnapshot
from tests.builders import PAPER, plant_instrument, set_limits, trade
from tests.clocks import NOON
from tests.integration.risk.house import House

FIRST, SECOND = date(2026, 3, 4), date(2026, 3, 5)


class ReportHouse(House):
    def go_to(self, moment: datetime) -> None:
        self.clock.market = moment - timedelta(seconds=self.clock.elapsed_s)

    def trade_at(self, moment: datetime, text: str, *, symbol: str = "AAAUSDT") -> None:
        """The orders are of that moment, too."""
        self.go_to(moment)
        ids = trade(self.desk, text, symbol=symbol, quoted_at=moment)
        Order.objects.filter(order_id__in=ids).update(occurred_at=moment)

    def settle(self, day: date) -> None:
        """The risk manager looks at the account a minute after the day has begun."""
        self.go_to(midnight_of(day) + timedelta(seconds=61))
        self.levels.forget()
        self.levels.at(self.clock.market_now())


def opened(folder: Path) -> ReportHouse:
    plant_instrument(taker_fee=Decimal("0.001"))
    house = ReportHouse(folder)
    house.go_to(NOON)
    execution.operations.open_account(PAPER, quote_asset="USDT", deposit=Decimal(10_000), clock=house.clock)
    set_limits()
    house.desk.venue.now = house.clock.market_now
    return house


def first_day(house: ReportHouse) -> None:
    house.settle(FIRST)
    house.trade_at(NOON + timedelta(hours=1), "buy 10 @ 100")
    plant_point(NOON + timedelta(hours=2), "10019", "0.1")
    plant_point(NOON + timedelta(hours=3), "9919", "0.1")
    plant_close(midnight_of(SECOND) - timedelta(minutes=1), "97")
    house.settle(SECOND)


def second_day(house: ReportHouse) -> None:
    house.trade_at(NOON + timedelta(hours=22), "sell 10 @ 105")
    house.settle(SECOND + timedelta(days=1))


def plant_point(at: datetime, equity: str, exposure: str = "0") -> None:
    EquitySnapshot.objects.create(
        account=PAPER, taken_at=at, equity=Decimal(equity), cash=Decimal(equity), exposure=Decimal(exposure)
    )


def plant_close(at: datetime, close: str, *, symbol: str = "AAAUSDT") -> None:
    price = Decimal(close)
    Candle.objects.create(
        instrument_id=symbol,
        interval="1m",
        open_time=at,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=1,
        quote_volume=1000,
        source="WS",
        received_at=datetime.now(UTC),
    )
