"""A page of a list as CSV for programs: one line a row, a comma between cells, a point in numbers, times in UTC.

The head holds the fields' names. What is a list or an object is JSON in its cell. A text that a spreadsheet would take
for a formula gets an apostrophe; numbers stay as they are. The next page stands in the header `Link`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from cdb_site.cells import cell


class CsvRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        rows = data.get("results", [data]) if isinstance(data, Mapping) else data or []
        head = (renderer_context or {}).get("columns") or (list(rows[0]) if rows else [])
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(head)
        writer.writerows([cell(row.get(name)) for name in head] for row in rows)
        return text.getvalue().encode()
