"""The column of an amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

ZERO = Decimal(0)


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    """Money, price or quantity: 18 decimals, exact."""
    return models.DecimalField(max_digits=38, decimal_places=18, **options)
