"""Signals, orders, fills, the ledger, round trips and the equity curve as rows of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure, RowSerializer
from execution.models import Fill, LedgerEntry, Order
from execution.rules.mode import MODE_OF
from risk.models import EquitySnapshot, RoundTrip
from signals_app.models import Signal

SIDE = {"help_text": "BUY or SELL"}
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
        fields = (
            "order_id", "client_order_id", "venue_order_id", "decision_id", "signal_id", "account", "symbol", "kind",
            "side", "order_type", "reduce_only", "quantity", "limit_price", "decision_price", "filled_quantity",
            "filled_notional", "fee", "realized_pnl", "state", "reason_code", "venue", "mode", "version", "occurred_at",
            "created_at", "claimed_at", "closed_at", "cancel_requested_at",
        )  # fmt: skip
        extra_kwargs = {
            "symbol": SYMBOL,
            "quantity": {"help_text": "asked for, base units"},
            "limit_price": {"help_text": "worst price, quote asset; null: market"},
            "decision_price": {"help_text": "price it was decided at, quote asset"},
            "filled_quantity": {"help_text": "base units"},
            "filled_notional": {"help_text": "quote asset"},
            "fee": {"help_text": "quote asset"},
            "realized_pnl": {"help_text": "before fees, quote asset"},
            "reduce_only": {"help_text": "an exit"},
            "created_at": {"help_text": "wall time"},
            "claimed_at": {"help_text": "when it was taken to be sent, wall time"},
            "closed_at": {"help_text": "when it ended, wall time; null: it may still fill"},
        }


class BookedFill(RowSerializer):
    order_id = serializers.UUIDField(help_text="its order, which has the id of its decision")
    account = serializers.CharField(source="account_id", help_text="account")

    class Meta:
        model = Fill
        fields = (
            "fill_id", "order_id", "trade_id", "account", "symbol", "side", "price", "quantity", "fee", "fee_asset",
            "realized_pnl", "executed_at", "recorded_at",
        )  # fmt: skip
        extra_kwargs = {
            "symbol": SYMBOL,
            "side": SIDE,
            "price": {"help_text": "quote asset"},
            "quantity": {"help_text": "base units"},
            "fee": {"help_text": "in fee_asset"},
            "realized_pnl": {"help_text": "of a sell, before fees, quote asset"},
            "recorded_at": {"help_text": "when it was booked, wall time"},
        }


class LedgerRow(RowSerializer):
    account = serializers.CharField(source="account_id", help_text="account")
    fill_id = serializers.IntegerField(allow_null=True, help_text="the fill it books; null: paid in or out")

    class Meta:
        model = LedgerEntry
        fields = ("id", "account", "kind", "amount", "fill_id", "occurred_at", "recorded_at")
        extra_kwargs = {
            "amount": {"help_text": "signed change of cash, quote asset"},
            "recorded_at": {"help_text": "wall time"},
        }


class RoundTripRow(RowSerializer):
    class Meta:
        model = RoundTrip
        fields = (
            "last_fill_id", "first_fill_id", "account", "symbol", "opened_at", "closed_at", "quantity",
            "entry_notional", "exit_notional", "avg_entry_price", "avg_exit_price", "gross", "fees", "net", "slippage",
            "best_excursion_pct", "worst_excursion_pct", "entry_decision_id", "exit_decision_id", "entry_signal_id",
            "exit_reason", "limits_version", "recorded_at",
        )  # fmt: skip
        extra_kwargs = {
            "symbol": SYMBOL,
            "last_fill_id": {"help_text": "the fill that closed it, and its name"},
            "opened_at": {"help_text": "market time"},
            "closed_at": {"help_text": "market time"},
            "entry_notional": {"help_text": "quote asset"},
            "exit_notional": {"help_text": "quote asset"},
            "fees": {"help_text": "quote asset"},
        }


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
