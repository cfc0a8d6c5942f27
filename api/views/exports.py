"""A whole file of orders, fills, ledger, decisions, round trips, or for the tax, sent while it is read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from api.problems import BadValues
from api.rendering import CsvRenderer
from api.views.base import ApiAddress
from cdb_site.streamed import attachment, streamed
from execution.queries import PAPER
from risk.exports import writing
from risk.exports.tables import TABLES
from risk.exports.wishes import NUMBERS, SHARED, UnfitWish, read_wish

FILTERS = {name: values for table in TABLES.values() for name, values in table.filters.items()}
ROWS = {"type": "array", "items": {"type": "object"}, "description": "The rows, each a line."}
WORDS = "Every row that is asked for, oldest first, as a file. The columns of each: docs/exports.md."


def asked(name: str, words: str, enum: tuple[str, ...] = (), kind: Any = OpenApiTypes.STR) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=words, enum=enum or None)


def filter_parameter(name: str) -> OpenApiParameter:
    """One of a table's filters, with every value that it may have in one of them."""
    of = [what for what, table in TABLES.items() if name in table.filters]
    values = {value: None for what in of for value in TABLES[what].filters[name]}
    return asked(name, f"of {', '.join(of)}", tuple(values))


class JsonLines(BaseRenderer):
    """Chosen by its name; the file writes itself."""

    media_type = "application/x-ndjson"
    format = "jsonl"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        raise AssertionError("an export is streamed")


@extend_schema_view(
    get=extend_schema(
        operation_id="export_rows",
        tags=["reports"],
        description=WORDS,
        parameters=[
            OpenApiParameter("what", str, OpenApiParameter.PATH, enum=tuple(TABLES), description="which rows"),
            asked("from", "first day, such as 2026-01-01", kind=OpenApiTypes.DATE),
            asked("to", "last day, which is in", kind=OpenApiTypes.DATE),
            asked("zone", "time zone of the days and of local times; UTC without it"),
            asked("numbers", "decimal sign of CSV; dot without it", NUMBERS),
            *(filter_parameter(name) for name in FILTERS),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): ROWS,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
        },
    )
)
class ExportFile(ApiAddress):
    known: ClassVar[frozenset[str]] = frozenset({*SHARED, *FILTERS} - {"format"})
    renderer_classes = (CsvRenderer, JSONRenderer, JsonLines)

    def get(self, request: Request, what: str) -> StreamingHttpResponse:
        form = str(request.accepted_renderer.format)
        try:
            wish = read_wish(what, request.query_params.dict() | {"format": form})
        except UnfitWish as problem:
            raise BadValues(problem.errors) from None
        texts = writing.written(wish, writing.rows_of(wish, PAPER))
        content = streamed(texts, get_language() or "en", writing.broken(wish))
        return attachment(content, what, form, writing.CONTENT_TYPES[form])
