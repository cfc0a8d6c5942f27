"""Admin pages that show rows and change none: what the system writes is not edited by hand.

Tables may be long: nothing is counted past what a person would page through.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from cdb_site.history.tab import HistoryTab

COUNTED_MAX = 10_000


class FirstPages(Paginator):
    """Pages of the first 10,000 rows, without a count of all of them."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:COUNTED_MAX].count()


class ReadOnlyAdmin(HistoryTab, admin.ModelAdmin):
    """View only; `has_add_permission` may be given back where adding is the way to change."""

    list_per_page = 50
    show_full_result_count = False
    paginator = FirstPages

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
