"""The admin's words for our tables: names of models and columns, what columns mean, labels of choices.

They are written in the models, in English; here they become words in the language that is read, in the context `admin`,
because a column's `open` is another word than a page's. Migrations see the English ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils.translation import override, pgettext_lazy

CONTEXT = "admin"


def models(apps: tuple[str, ...]) -> list[type[Model]]:
    """The models of these apps that the admin shows."""
    return [model for model in admin.site._registry if model.__module__.partition(".")[0] in apps]


def said(model: type[Model]) -> Iterator[str]:
    """Every English text that the admin shows of a model."""
    with override(None):
        yield from map(str, (model._meta.verbose_name, model._meta.verbose_name_plural))
        for field in model._meta.fields:
            yield from map(str, filter(None, (field.verbose_name, field.help_text)))
            yield from (str(label) for value, label in field.flatchoices if _is_word(value, label))


def translate(apps: tuple[str, ...]) -> None:
    """From now on these texts follow the language that is read."""
    for model in models(apps):
        meta: Any = model._meta
        meta.verbose_name, meta.verbose_name_plural = map(_lazy, (meta.verbose_name, meta.verbose_name_plural))
        for field in meta.fields:
            field.verbose_name, field.help_text = _lazy(field.verbose_name), _lazy(field.help_text)
            if field.choices:
                field.choices = [(value, _label(value, label)) for value, label in field.flatchoices]


def _is_word(value: Any, label: Any) -> bool:
    """A code is shown as it is, in every language."""
    return bool(label) and str(label) != value


def _label(value: Any, label: Any) -> Any:
    return _lazy(label) if _is_word(value, label) else label


def _lazy(text: Any) -> Any:
    return pgettext_lazy(CONTEXT, str(text)) if text else text
