"""Numbers as people type them: 0.05 and 0,05 are the same in every language, in every form of the site.

What one language reads as a thousand and another as a fraction (1,234 in English, 1.234 in German) is not guessed.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from cdb_site.units import plain

DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+(?:,\d*)?|(?:,\d{3})+(?:\.\d*)?)")
SPACES = re.compile(r"[\s\u00a0\u202f']")


def with_point(typed: str) -> str:
    """The number as Decimal reads it; what is none stays none. ValidationError for one that may mean two things."""
    text = SPACES.sub("", typed).replace("\u2212", "-")
    point = str(get_format("DECIMAL_SEPARATOR"))
    doubtful = DOUBTFUL.fullmatch(text)
    if doubtful and doubtful[1] != point:
        values = {"typed": typed, "whole": re.sub("[.,]", "", text), "point": point}
        raise ValidationError(
            _("%(typed)s may mean two numbers: write %(whole)s for the whole one, or %(point)s before decimals.")
            % values
        )
    if doubtful or not GROUPED.fullmatch(text):
        return text.replace(",", ".")
    group = re.findall("[.,]", text)[0]
    return text.replace(group, "").replace(",", ".")


class TypedDecimalField(forms.DecimalField):
    """A decimal in a form, with a keyboard of digits and shown in the language that is read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "localize": True, "widget": forms.TextInput(attrs={"inputmode": "decimal"})})

    def prepare_value(self, value: Any) -> Any:
        """Without zeros at the end; the widget writes it in the language."""
        return Decimal(plain(value)) if isinstance(value, Decimal) and value.is_finite() else value

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return super().to_python(Decimal(with_point(value)))
        except InvalidOperation as problem:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from problem
