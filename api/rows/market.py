"""The market as rows of the API: instruments, the watched universe, candles, quotes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure, RowSerializer
from marketdata.models import Candle, Instrument, UniverseMember


class InstrumentRow(RowSerializer):
    may_buy = serializers.BooleanField(help_text="whether it may be bought now; what could not be sold again is not")
    may_sell = serializers.BooleanField(help_text="whether it may be sold now")

    class Meta:
        model = Instrument
        fields = (
            "symbol", "base_asset", "quote_asset", "price_tick", "quantity_step", "min_quantity", "min_notional",
            "taker_fee", "status", "sides", "may_buy", "may_sell", "updated_at",
        )  # fmt: skip
        extra_kwargs = {
            "symbol": {"help_text": "name of the pair, such as BTCUSDT"},
            "updated_at": {"help_text": "when it was last read from the exchange, wall time"},
        }


class UniverseRow(RowSerializer):
    symbol = serializers.CharField(source="instrument_id", help_text="watched pair")

    class Meta:
        model = UniverseMember
        fields = ("symbol", "held", "since", "chosen_by")


class CandleTold(RowSerializer):
    symbol = serializers.CharField(source="instrument_id", help_text="pair")

    class Meta:
        model = Candle
        fields = (
            "symbol", "interval", "open_time", "open", "high", "low", "close", "volume", "quote_volume", "source",
            "revised", "received_at",
        )  # fmt: skip
        extra_kwargs = {
            "interval": {"help_text": "such as 1m or 4h"},
            **{name: {"help_text": f"{name} price, quote asset"} for name in ("open", "high", "low", "close")},
        }


class QuoteRow(serializers.Serializer[Any]):
    """The latest quote of one symbol. What the exchange has not told is null."""

    symbol = serializers.CharField(help_text="pair")
    bid = Figure(help_text="best bid, quote asset")
    ask = Figure(help_text="best ask, quote asset")
    last = Figure(help_text="last trade, quote asset")
    bid_quantity = Figure(allow_null=True, help_text="at the best bid, base units")
    ask_quantity = Figure(allow_null=True, help_text="at the best ask, base units")
    quote_volume_24h = Figure(allow_null=True, help_text="traded in 24 h, quote asset")
    event_at = serializers.DateTimeField(help_text="the exchange's time of it, ISO-8601 UTC")
    received_at = serializers.DateTimeField(help_text="when it came in, wall time, ISO-8601 UTC")
    age_s = serializers.FloatField(help_text="seconds since it came in")
