"""Signals, orders, fills, the ledger, round trips and the equity curve as rows of the API.

What is also exported has its columns in `risk/exports/tables.py`.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure, RowSerializer
from execution.models import Fill, LedgerEntry, Order
from execution.rules.mode import MODE_OF
from risk.exports.tables import FILLS, LEDGER, ORDERS, ROUND_TRIPS
from risk.models import EquitySnapshot, RoundTrip
from signals_app.models import Signal

SYMBOL = {"help_text": "pair"}


class SignalRow(RowSerializer):
    class Meta:
        model = Signal
        fields = (
            "signal_id", "strategy", "symbol", "interval", "open_time", "side", "momentum", "strength", "rank",
            "universe_size", "close", "base_close", "quote_volume", "expires_at", "created_at",
        )  # fmt: skip
        extra_kwargs = {
            "symbol": SYMBOL,
            "open_time": {"help_text": "market time at which its candle opened"},
            "momentum": {"help_text": "close / close a lookback before - 1, fraction"},
            "strength": {"help_text": "0 to 1, share of the position limit that is wanted"},
            "rank": {"help_text": "place by momentum, 1 is the strongest"},
            "close": {"help_text": "of its candle, quote asset"},
            "base_close": {"help_text": "a lookback before, quote asset"},
            "quote_volume": {"help_text": "traded over the lookback, quote asset"},
            "expires_at": {"help_text": "market time after which nothing is bought on it"},
            "created_at": {"help_text": "wall time"},
        }


class OrderRow(RowSerializer):
    account = serializers.CharField(source="account_id", help_text="account")
    mode = serializers.SerializerMethodField(help_text="PAPER, TEST or LIVE; empty: not claimed yet")

    def get_mode(self, row: Order) -> str:
        return MODE_OF[row.venue].value if row.venue in MODE_OF else ""

    class Meta:
        model = Order
        fields, extra_kwargs = tuple(ORDERS.columns), ORDERS.help_texts


class BookedFill(RowSerializer):
    order_id = serializers.UUIDField(help_text="its order, which has the id of its decision")
    account = serializers.CharField(source="account_id", help_text="account")

    class Meta:
        model = Fill
        fields, extra_kwargs = tuple(FILLS.columns), FILLS.help_texts


class LedgerRow(RowSerializer):
    account = serializers.CharField(source="account_id", help_text="account")
    fill_id = serializers.IntegerField(allow_null=True, help_text="the fill it books; null: paid in or out")

    class Meta:
        model = LedgerEntry
        fields, extra_kwargs = tuple(LEDGER.columns), LEDGER.help_texts


class RoundTripRow(RowSerializer):
    class Meta:
        model = RoundTrip
        fields, extra_kwargs = tuple(ROUND_TRIPS.columns), ROUND_TRIPS.help_texts


class EquityRow(RowSerializer):
    class Meta:
        model = EquitySnapshot
        fields = ("account", "taken_at", "equity", "cash", "exposure")
        extra_kwargs = {
            "equity": {"help_text": "cash + positions at mark, quote asset"},
            "cash": {"help_text": "quote asset"},
        }


class PositionRow(serializers.Serializer[Any]):
    """What is held of one symbol, at its mark."""

    symbol = serializers.CharField(help_text="pair")
    quantity = Figure(help_text="base units")
    entry = Figure(help_text="average entry, quote asset")
    dust = serializers.BooleanField(help_text="too little to be sold")
    mark = Figure(help_text="price it is valued at, quote asset")
    mark_from = serializers.CharField(help_text="where the mark comes from: a fresh book, or the last close")
    mark_age_s = serializers.FloatField(allow_null=True, help_text="age of the quote, seconds; null: no quote")
    stop = Figure(help_text="bid at which it is sold, quote asset")
    stop_distance = Figure(allow_null=True, help_text="from the mark down to the stop, fraction")
    unrealized_pnl = Figure(help_text="quote asset")
