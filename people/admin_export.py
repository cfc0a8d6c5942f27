"""The chosen rows of any table of the admin as CSV: what the list shows, exact, up to 10,000 rows.

A text that a spreadsheet would take for a formula gets an apostrophe, as in the dashboard's own files.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from cdb_site.cells import harmless
from cdb_site.clock import SYSTEM
from cdb_site.units import plain

ROWS_MAX = 10_000


@admin.action(description=_("Export the chosen rows as CSV"))
def export_csv(page: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
    columns = [name for name in page.get_list_display(request) if name != "action_checkbox"]
    name = f"{queryset.model._meta.model_name}-{SYSTEM.wall_now():%Y%m%d-%H%M%S}.csv"
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    sheet = csv.writer(response)
    sheet.writerow([str(label_for_field(column, queryset.model, page)) for column in columns])
    sheet.writerows(_rows(page, queryset, columns))
    return response


def _rows(page: Any, queryset: QuerySet[Any], columns: list[str]) -> Iterable[list[str]]:
    for row in queryset[:ROWS_MAX]:
        yield [_cell(_value(page, row, column)) for column in columns]


def _value(page: Any, row: Any, column: str) -> Any:
    try:
        return lookup_field(column, row, page)[2]
    except ObjectDoesNotExist:
        return None


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return plain(value)
        case datetime():
            return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S%z}"
        case bool() | int():
            return str(value)
    return harmless(strip_tags(str(value)))


admin.site.add_action(export_csv, "export_csv")
