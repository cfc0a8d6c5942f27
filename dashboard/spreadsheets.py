"""A list as a file for spreadsheets: every row that is asked for, exact, streamed in portions.

A comma as decimal sign goes with `;` between cells, a point with `,`: as the reader's language has it, or as chosen in
Settings. A text that a spreadsheet would take for a formula gets an apostrophe. Times are the reader's, their zone
stands in the head.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language, override

from cdb_site.clock import SYSTEM
from cdb_site.units import plain
from dashboard.preferences.queries import preference_of

PORTION = 2_000
# So that a spreadsheet reads umlauts.
BYTE_ORDER_MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cells = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How the reader's spreadsheet wants it."""

    zone: tzinfo
    language: str = "en"
    comma: bool = False

    def lines(self, rows: Iterable[Cells]) -> str:
        text = io.StringIO()
        written = ([self.cell(value) for value in row] for row in rows)
        csv.writer(text, delimiter=";" if self.comma else ",").writerows(written)
        return text.getvalue()

    def cell(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case Decimal():
                return plain(value).replace(".", ",") if self.comma else plain(value)
            case datetime():
                return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
            case date():
                return value.isoformat()
            case int():
                return str(value)
        text = str(value)
        return f"'{text}" if text.startswith(FORMULA) else text


def sheet_of(request: HttpRequest) -> Sheet:
    return Sheet(
        zone=timezone.get_current_timezone(),
        language=get_language() or "en",
        comma=preference_of(request).csv == "comma",
    )


async def stream(sheet: Sheet, titles: Sequence[Any], portions: Iterator[Iterable[Cells]]) -> AsyncIterator[str]:
    """The file's text, portion by portion; nothing is kept longer than its portion. The first column is a time."""
    with override(sheet.language):
        head = [str(title) for title in titles]
    yield BYTE_ORDER_MARK + sheet.lines([[f"{head[0]} ({sheet.zone})", *head[1:]]])
    while (text := await sync_to_async(_next)(sheet, portions)) is not None:
        yield text


def _next(sheet: Sheet, portions: Iterator[Iterable[Cells]]) -> str | None:
    """Read and worded in the reader's language, which another request's may have followed meanwhile."""
    with override(sheet.language):
        rows = next(portions, None)
        return None if rows is None else sheet.lines(rows)


def download(content: AsyncIterator[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{SYSTEM.market_now():%Y%m%d-%H%M%S}.csv"'
    # Packed portion by portion it would end after the first one for Chromium.
    response["Content-Encoding"] = "identity"
    return response
