"""The bodies of acts: what is told with a wish. The act itself reads and judges the values (`risk/acts/table.py`)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cdb_site.limit_table import LIMITS
from risk.acts.door import REASON_MAX

REASON = "why; others will read it"
VALUE_MAX = 60


class NoWish(serializers.Serializer[Any]):
    """Nothing is told but the address."""


class ReasonedWish(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=REASON_MAX, help_text=REASON)


class HaltWish(ReasonedWish):
    how = serializers.ChoiceField(
        choices=("keep", "sell", "exits_only"),
        required=False,
        help_text="keep: positions stay; sell: all are sold; exits_only: exits go on",
    )


class PauseWish(ReasonedWish):
    lasting = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=VALUE_MAX,
        help_text="such as 90s, 30m, 2h, 3d; empty: until resumed",
    )


class AccountWish(ReasonedWish):
    cash = serializers.CharField(
        required=False, max_length=VALUE_MAX, help_text="first deposit, quote asset; default STARTING_CASH"
    )


class AmountWish(ReasonedWish):
    amount = serializers.CharField(max_length=VALUE_MAX, help_text="above 0, quote asset")


class LiveTradingWish(ReasonedWish):
    limits_version = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="version of the limits in force, with which it is asked for"
    )


class NamedLimits(serializers.Serializer[Any]):
    """Every limit of the table, none of them asked for."""

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for limit in LIMITS:
            words = f"{limit.words}; {limit.unit_words}; {limit.low} to {limit.high}"
            fields[limit.name] = serializers.CharField(required=False, max_length=VALUE_MAX, help_text=words)
        return fields


class LimitsWish(NamedLimits):
    based_on = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="version the wish is made from, which must be in force still"
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=REASON_MAX, help_text=REASON)
