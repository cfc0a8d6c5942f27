"""Money, price or quantity as a column."""

from __future__ import annotations

from typing import Any

from django.db import models


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=38, decimal_places=18, **options)
