"""A made-up market whose symbols step up and down on command, so that every candle's signal is known beforehand.

A step up (+2 %) crosses the threshold: BUY. A step down, some periods later, crosses the exit: SELL. With a lookback
of one candle a symbol at rest has momentum 0 and says nothing. Candles go straight to `market_data`, quotes to theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from cdb_site.bus import latest
from cdb_site.bus.events import encode, make
from cdb_site.bus.redis import connection
from cdb_site.bus.topics import topic
from cdb_site.clock import ANCHOR_KEY, SYSTEM, Anchor, anchor_fields, from_seconds, iso
from marketdata.models import Instrument, UniverseMember

LOW, HIGH = "100", "102"
INTERVAL_S = 60
CANDLES_PER_EVENT = 500


@dataclass(slots=True)
class Crowd:
    """`period` is the next open_time, in minutes since the epoch; `high` the symbols that stand up."""

    symbols: list[str]
    period: int
    period_s: float
    high: set[str] = field(default_factory=set)

    def settle(self) -> None:
        """Make these symbols the whole universe."""
        now = datetime.now(UTC)
        Instrument.objects.bulk_create(
            [
                Instrument(
                    symbol=symbol,
                    base_asset=symbol,
                    quote_asset="USDT",
                    price_tick=Decimal("0.01"),
                    quantity_step=Decimal("0.001"),
                    min_quantity=Decimal("0.001"),
                    min_notional=Decimal(1),
                    taker_fee=Decimal("0.0005"),
                    status="TRADING",
                    updated_at=now,
                )
                for symbol in self.symbols
            ],
            ignore_conflicts=True,
        )
        UniverseMember.objects.all().delete()
        UniverseMember.objects.bulk_create(
            [UniverseMember(instrument_id=symbol, chosen_by="bench", since=now) for symbol in self.symbols]
        )

    def keep_time(self, started_s: float, first_period: int) -> None:
        """Share a market clock in which `first_period` closes at wall time `started_s`."""
        wall_s = SYSTEM.wall_s()
        rate = INTERVAL_S / self.period_s
        market_s = (first_period + 1) * INTERVAL_S + (wall_s - started_s) * rate
        anchor = Anchor(wall_s=wall_s, market_s=market_s, rate=rate, simulated=True, label="bench")
        connection().hset(ANCHOR_KEY, mapping=anchor_fields(anchor))
        SYSTEM.anchor = anchor

    def quote(self) -> None:
        """Fresh quotes for everybody: bid and ask around the middle of low and high."""
        now = iso(SYSTEM.wall_now())
        quotes = [
            {
                "symbol": symbol,
                "bid": "100.99",
                "ask": "101.01",
                "last": "101",
                "event_at": now,
                "received_at": now,
                "bid_quantity": "100000",
                "ask_quantity": "100000",
                "quote_volume_24h": "1000000000",
            }
            for symbol in self.symbols
        ]
        latest.publish("market_data.quotes", {"quotes": quotes}, producer="ws", occurred_at=SYSTEM.market_now())
        latest.store_quotes(quotes)

    def prepare(self, *, up: Sequence[str] = (), down: Sequence[str] = ()) -> list[bytes]:
        """Encode the next candle of every symbol; those named step. Done ahead, so that sending is quick."""
        self.high.update(up)
        self.high.difference_update(down)
        opened = iso(from_seconds(self.period * INTERVAL_S))
        bodies = []
        for first in range(0, len(self.symbols), CANDLES_PER_EVENT):
            candles = [
                _candle(symbol, symbol in self.high) for symbol in self.symbols[first : first + CANDLES_PER_EVENT]
            ]
            event = make(
                "market_data",
                {"interval": "1m", "open_time": opened, "candles": candles, "source": "WS"},
                key=f"bench:{self.period}:{first}",
                producer="ws",
                occurred_at=from_seconds((self.period + 1) * INTERVAL_S),
            )
            bodies.append(encode(event))
        self.period += 1
        return bodies


def send(bodies: Sequence[bytes]) -> None:
    """Close the prepared candles."""
    pipeline = connection().pipeline(transaction=False)
    for body in bodies:
        pipeline.xadd(topic("market_data").key, {"e": body})
    pipeline.execute()


def _candle(symbol: str, high: bool) -> dict[str, str]:
    close = HIGH if high else LOW
    return {
        "symbol": symbol,
        "open": close,
        "high": HIGH,
        "low": LOW,
        "close": close,
        "volume": "1000",
        "quote_volume": "100000",
    }


def names(count: int) -> list[str]:
    return [f"B{number:04d}USDT" for number in range(count)]


def decode_fills(body: bytes) -> tuple[str, str] | None:
    """(symbol, side) of an order_results event whose order is FILLED."""
    payload = orjson.loads(body)["payload"]
    return (payload["symbol"], payload["side"]) if payload["status"] == "FILLED" else None
