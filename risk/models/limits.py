"""Versions of the limits, their columns and bounds made from the table of limits.

A version is never changed, only followed by the next; a decision names the version it used.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cdb_site import limit_table
from cdb_site.history.tracking import tracked

# What a form says of a value out of bounds; a message of a validator is asked for its parameters, hence %%.
FRACTION_LOW = _("is a fraction and must be at least {bound}; 0.01 means 1 %%")
FRACTION_HIGH = _("is a fraction and may not exceed {bound}; 0.01 means 1 %%")
LOW, HIGH = _("must be at least {bound}"), _("may not exceed {bound}")


def limit(name: str) -> models.DecimalField[Any, Any]:
    """The column of one limit of the table, with its bounds and its words."""
    rule = limit_table.BY_NAME[name]
    words = f"{rule.words}; {rule.unit_words}" if rule.is_fraction else f"{rule.words}, {rule.unit_words}"
    low, high = (FRACTION_LOW, FRACTION_HIGH) if rule.is_fraction else (LOW, HIGH)
    return models.DecimalField(
        max_digits=14,
        decimal_places=limit_table.PLACES,
        default=rule.default,
        help_text=words[0].upper() + words[1:],
        validators=[
            MinValueValidator(rule.low, message=format_lazy(low, bound=rule.low)),
            MaxValueValidator(rule.high, message=format_lazy(high, bound=rule.high)),
        ],
    )


def within_bounds(rule: limit_table.Limit) -> models.CheckConstraint:
    name = rule.name.removeprefix("max_").removesuffix("_pct").removesuffix("_s").removesuffix("_bps")
    bounds = {f"{rule.name}__gte": rule.low, f"{rule.name}__lte": rule.high}
    return models.CheckConstraint(condition=Q(**bounds), name=f"limit_{name}_within_bounds")


@tracked("LimitVersionHistory")
class LimitVersion(models.Model):
    append_only: ClassVar[bool] = True

    version = models.BigAutoField(primary_key=True)
    account = models.TextField(default="paper")
    max_daily_drawdown_pct = limit("max_daily_drawdown_pct")
    max_drawdown_pct = limit("max_drawdown_pct")
    max_slippage_pct = limit("max_slippage_pct")
    max_data_silence_s = limit("max_data_silence_s")
    max_jump_pct = limit("max_jump_pct")
    max_spread_bps = limit("max_spread_bps")
    max_orders_per_minute = limit("max_orders_per_minute")
    max_reject_rate_pct = limit("max_reject_rate_pct")
    max_clock_skew_s = limit("max_clock_skew_s")
    good_data_s = limit("good_data_s")
    max_exposure_pct = limit("max_exposure_pct")
    max_position_pct = limit("max_position_pct")
    stop_loss_pct = limit("stop_loss_pct")
    stop_cooldown_s = limit("stop_cooldown_s")
    max_price_age_s = limit("max_price_age_s")
    reason = models.TextField(help_text="Why the limits change")
    changed_by = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "limit_version"
        ordering = ["-version"]
        verbose_name = "risk limits"
        verbose_name_plural = "risk limits"
        constraints = [within_bounds(rule) for rule in limit_table.LIMITS]

    def __str__(self) -> str:
        return f"version {self.version} by {self.changed_by}"
