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

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from cdb_site.cells import harmless
from cdb_site.streamed import attachment, streamed
from cdb_site.units import plain
from dashboard.preferences.queries import preference_of

PORTION = 2_000
# So that a spreadsheet reads umlauts.
BYTE_ORDER_MARK = "\ufeff"
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
        return harmless(str(value))


def sheet_of(request: HttpRequest) -> Sheet:
    return Sheet(
        zone=timezone.get_current_timezone(),
        language=get_language() or "en",
        comma=preference_of(request).csv == "comma",
    )


def stream(sheet: Sheet, titles: Sequence[Any], portions: Iterator[Iterable[Cells]]) -> AsyncIterator[str]:
    """The file's text, portion by portion; nothing is kept longer than its portion. The first column is a time."""

    def texts() -> Iterator[str]:
        head = [str(title) for title in titles]
        yield BYTE_ORDER_MARK + sheet.lines([[f"{head[0]} ({sheet.zone})", *head[1:]]])
        for rows in portions:
            yield sheet.lines(rows)

    return streamed(texts(), sheet.language, lambda sentence: sheet.lines([[sentence]]))


def download(content: AsyncIterator[str], name: str) -> StreamingHttpResponse:
    return attachment(content, name, "csv", "text/csv; charset=utf-8")
