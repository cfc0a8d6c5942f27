"""Admin pages that show rows and change none: what the system writes is not edited by hand.

Tables may be long: nothing is counted past what a person would page through.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import DecimalField, Model, QuerySet
from django.http import HttpRequest

from cdb_site.history.tab import HistoryTab
from cdb_site.units import plain

COUNTED_MAX = 10_000


class FirstPages(Paginator):
    """Pages of the first 10,000 rows, without a count of all of them."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNTED_MAX].count()


def exactly(model: type[Model], name: Any) -> Any:
    """A column as it is; one of decimals without the zeros that fill up its places."""
    field = next((item for item in model._meta.fields if item.name == name), None)
    if not isinstance(field, DecimalField):
        return name

    @admin.display(description=field.verbose_name, ordering=name)
    def shown(row: Any) -> Decimal | None:
        value = getattr(row, name)
        return None if value is None else Decimal(plain(value))

    shown.__name__ = name
    return shown


class ReadOnlyAdmin(HistoryTab, admin.ModelAdmin):
    """View only; `has_add_permission` may be given back where adding is the way to change."""

    list_per_page = 50
    show_full_result_count = False
    paginator = FirstPages

    def get_list_display(self, request: HttpRequest) -> Any:
        return [exactly(self.model, name) for name in super().get_list_display(request)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
