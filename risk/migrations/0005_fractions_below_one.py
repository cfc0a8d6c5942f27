"""A limit that is a fraction ends at 0.99: at 1 it would protect from nothing.

Rows stored before stay as they are (NOT VALID): they are history, which is never edited, and the newest of them stays in
force until somebody sets the next version.
"""

from decimal import Decimal

import django.core.validators
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

LOW, HIGH = Decimal("0.0001"), Decimal("0.99")
FRACTIONS = {
    "max_daily_drawdown_pct": ("0.05", "Layer 1: loss of the UTC day that halts trading; 0.05 means 5 %"),
    "max_drawdown_pct": ("0.05", "Layer 2: fall from the 24 h peak of equity; 0.05 means 5 %"),
    "max_slippage_pct": ("0.01", "Layer 2: worst price of a fill against its decision price; 0.01 means 1 %"),
    "max_jump_pct": ("0.05", "Layer 2: move of one symbol within one market minute; 0.05 means 5 %"),
    "max_reject_rate_pct": ("0.2", "Layer 2: share of the last orders that the venue rejected; 0.2 means 20 %"),
    "max_exposure_pct": ("0.50", "Layer 3: total exposure of equity; 0.50 means 50 %"),
    "max_position_pct": ("0.10", "Layer 4: one position of equity; 0.10 means 10 %"),
    "stop_loss_pct": ("0.02", "Layer 5: fall of the bid below the average entry; 0.02 means 2 %"),
}
ENDED_BEFORE = ("stop_loss_pct",)


def column(default, words):
    return models.DecimalField(
        max_digits=14,
        decimal_places=6,
        default=Decimal(default),
        help_text=words,
        validators=[
            django.core.validators.MinValueValidator(
                LOW, message="is a fraction and must be at least 0.0001; 0.01 means 1 %%"
            ),
            django.core.validators.MaxValueValidator(
                HIGH, message="is a fraction and may not exceed 0.99; 0.01 means 1 %%"
            ),
        ],
    )


def columns():
    for model in ("limitversion", "limitversionhistory"):
        for name, told in FRACTIONS.items():
            yield migrations.AlterField(model_name=model, name=name, field=column(*told))


def constraints():
    for field in FRACTIONS:
        if field in ENDED_BEFORE:
            continue
        name = f"limit_{field.removeprefix('max_').removesuffix('_pct')}_within_bounds"
        within = models.Q(**{f"{field}__gte": LOW, f"{field}__lte": HIGH})
        yield migrations.RemoveConstraint(model_name="limitversion", name=name)
        yield AddConstraintNotValid(
            model_name="limitversion", constraint=models.CheckConstraint(condition=within, name=name)
        )


class Migration(migrations.Migration):
    dependencies = [("risk", "0004_breakers_close_outs_and_proposals")]
    operations = [*columns(), *constraints()]
