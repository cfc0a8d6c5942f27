"""How the system stands: trading state, account, services, audit, as the API tells them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure

STATES = ("ACTIVE", "REDUCING", "HALTED")
TIME_WORDS = "ISO-8601 UTC"


class HolderRow(serializers.Serializer[Any]):
    owner = serializers.CharField(help_text="OPERATOR, LOSS, BREAKERS or AUDIT")
    state = serializers.ChoiceField(choices=STATES, help_text="what it holds trading at")
    since = serializers.CharField(help_text=f"wall time, {TIME_WORDS}")
    by = serializers.CharField(help_text="who")
    reason = serializers.CharField(allow_blank=True, help_text="why")
    released_by = serializers.CharField(help_text="what releases it")


class TradingStateRow(serializers.Serializer[Any]):
    """The strictest hold is the state."""

    state = serializers.ChoiceField(choices=STATES, help_text="REDUCING: exits only")
    since = serializers.CharField(allow_null=True, help_text=f"wall time, {TIME_WORDS}; null: never set")
    by = serializers.CharField(allow_blank=True, help_text="who")
    reason = serializers.CharField(allow_blank=True, help_text="why")
    holders = HolderRow(many=True, help_text="everybody who holds it, the strictest first")


class MarketTold(serializers.Serializer[Any]):
    simulated = serializers.BooleanField(help_text="whether the market is a simulation")
    rate = serializers.FloatField(help_text="market seconds per wall second")

    def get_fields(self) -> dict[str, Any]:
        """`label` is a word of the framework's own, as an attribute."""
        label = serializers.CharField(allow_blank=True, help_text="what the market is")
        return {**super().get_fields(), "label": label}


class StatusRow(serializers.Serializer[Any]):
    account = serializers.CharField(help_text="account")
    mode = serializers.ChoiceField(
        choices=("PAPER", "TEST", "LIVE", "UNKNOWN"),
        help_text="LIVE: orders are real; UNKNOWN: execution has not said it yet",
    )
    venue = serializers.CharField(help_text="where an entry goes now: PAPER or MEXC")
    mode_asked = serializers.CharField(help_text="what EXECUTION_MODE asks for")
    mode_missing = serializers.ListField(
        child=serializers.CharField(), help_text="keys that keep it from being in force"
    )
    market = MarketTold(help_text="which market")
    market_now = serializers.CharField(help_text=f"market time, {TIME_WORDS}")
    wall_now = serializers.CharField(help_text=f"wall time, {TIME_WORDS}")
    quote_asset = serializers.CharField(help_text="asset that amounts are in")
    trading_state = serializers.ChoiceField(choices=STATES, help_text="REDUCING: exits only")
    reason = serializers.CharField(allow_blank=True, help_text="why it is held")
    reason_de = serializers.CharField(allow_blank=True, help_text="the same in German")
    changed_by = serializers.CharField(allow_blank=True, help_text="who holds it")
    holders = serializers.ListField(child=serializers.DictField(), help_text="everybody who holds it")
    close_out = serializers.DictField(allow_null=True, help_text="what is being sold; null: nothing")
    halt = serializers.DictField(allow_null=True, help_text="why it is halted and what leads on; null: it is not")
    audited_at = serializers.CharField(allow_null=True, help_text=f"last audit of the books, wall time, {TIME_WORDS}")
    violations = serializers.IntegerField(allow_null=True, help_text="what it found; null: none ran yet")
    acknowledged = serializers.IntegerField(allow_null=True, help_text="of it what somebody has acknowledged")
    first = serializers.CharField(allow_blank=True, help_text="the first of it")


class DistanceRow(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="what is limited")
    observed = Figure(help_text="fraction")
    limit = Figure(help_text="fraction")
    left = Figure(help_text="1 - observed / limit, at least 0")


class AccountStanding(serializers.Serializer[Any]):
    account = serializers.CharField(help_text="account")
    quote_asset = serializers.CharField(help_text="asset that amounts are in")
    equity = Figure(help_text="cash + positions at mark, quote asset")
    cash = Figure(help_text="quote asset")
    day_pnl = Figure(help_text="equity - the UTC day's opening, quote asset")
    limits_version = serializers.IntegerField(help_text="version of the limits in force")
    limits = DistanceRow(many=True, help_text="how far the account is from what stops it")
    market_time = serializers.CharField(help_text=f"market time, {TIME_WORDS}")
    wall_time = serializers.CharField(help_text=f"wall time, {TIME_WORDS}")


class ServiceRow(serializers.Serializer[Any]):
    service = serializers.CharField(help_text="name")
    status = serializers.CharField(help_text="as it says itself; DOWN: it was not heard for long")
    age_s = serializers.FloatField(allow_null=True, help_text="seconds since it was heard; null: never")
    lag = serializers.IntegerField(allow_null=True, help_text="entries that wait for it")


class HealthRow(serializers.Serializer[Any]):
    services = ServiceRow(many=True, help_text="every service")
    outbox = serializers.IntegerField(help_text="transactions whose events are still to send")
    dead_letters = serializers.IntegerField(help_text="messages that were given up and not retried")
    audited_at = serializers.CharField(allow_null=True, help_text=f"last audit of the books, wall time, {TIME_WORDS}")
    violations = serializers.IntegerField(allow_null=True, help_text="what it found")


class ExplanationRow(serializers.Serializer[Any]):
    """Why: everything that led to a decision, and everything that followed."""

    sentence = serializers.CharField(help_text="the reason in words")
    lines = serializers.ListField(child=serializers.CharField(), help_text="the whole chain as people read it")
    chain = serializers.DictField(help_text="signal, decision, order, fills, limits and what else happened, as stored")


class PositionChangeRow(serializers.Serializer[Any]):
    symbol = serializers.CharField(help_text="pair")
    share = Figure(help_text="of equity, fraction")
    mark_price = Figure(help_text="quote asset")
    stop_before = Figure(help_text="stop under the limits in force, quote asset")
    stop_after = Figure(help_text="stop under these, quote asset")
    stops_now = serializers.BooleanField(help_text="whether it would be sold at once")
    over_limit = serializers.BooleanField(help_text="whether it would be larger than a position may be")


class EntryChangeRow(serializers.Serializer[Any]):
    symbol = serializers.CharField(help_text="pair")
    outcome_before = serializers.CharField(help_text="of an entry of full strength, under the limits in force")
    quantity_before = Figure(help_text="base units")
    outcome_after = serializers.CharField(help_text="under these")
    quantity_after = Figure(help_text="base units")
    sentence = serializers.CharField(help_text="its reason under these, in words")
    differs = serializers.BooleanField(help_text="whether anything changes")


class PreviewRow(serializers.Serializer[Any]):
    """What other limits would change now; nothing is stored."""

    exposure = Figure(help_text="positions of equity, fraction")
    exposure_over = serializers.BooleanField(help_text="whether it would be over its limit")
    looser = serializers.ListField(child=serializers.CharField(), help_text="limits that would protect less")
    needs_second_person = serializers.BooleanField(help_text="whether a proposal would wait for approval")
    positions = PositionChangeRow(many=True, help_text="open positions")
    entries = EntryChangeRow(many=True, help_text="the next entry of every watched symbol")
