"""Pages of a list by the key of the row where one ends: no row is counted or read to leave it out.

`cursor` is the place after which a page begins, as an answer's `next` has it. Rows that are added meanwhile are newer
than the first page: whoever goes on to the end meets every row once.

A filter that no index serves looks through SCAN_MOST rows a request, whatever is stored: the page may then hold fewer
rows than it could, or none, and `next` goes on where the look ended.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.problems import BadValues
from cdb_site.clock import iso

SIZE, SIZE_MOST = 100, 1000
CURSOR_MOST = 400
SCAN_MOST = 10_000


class KeysetPagination(BasePagination):
    """Pages of the view's `key`: one or two columns, `-` for newest first, that together are of one row alone."""

    page_size = SIZE
    more: bool
    last: Any

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.key = request, tuple(view.key)
        size = page_size(request)
        cursor = request.query_params.get("cursor", "")
        rows = beyond(queryset, self.key, cursor) if cursor else queryset
        looked = view.looked_through()
        if looked is None:
            return self._page(rows, size)
        looked = beyond(looked, self.key, cursor) if cursor else looked
        edge = looked.order_by(*self.key)[SCAN_MOST : SCAN_MOST + 1].first()
        if edge is None:
            return self._page(rows, size)
        page = self._page(before(rows, self.key, edge), size)
        if not self.more:
            self.more, self.last = view.goes_on(before(looked, self.key, edge)), edge
        return page

    def _page(self, rows: QuerySet[Any], size: int) -> list[Any]:
        found = list(rows.order_by(*self.key)[: size + 1])
        self.more, page = len(found) > size, found[:size]
        self.last = page[-1] if page else None
        return page

    def next_address(self) -> str | None:
        """The address of the page after this one; None on the last."""
        if not self.more or self.last is None:
            return None
        asked = {**self.request.query_params.dict(), "cursor": cursor_of(self.last, self.key)}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode(asked)}")

    def get_paginated_response(self, data: Any) -> Response:
        following = self.next_address()
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        return Response({"next": following, "results": data}, headers=headers)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        words = (
            "Address of the next page; null on the last one, and only there: a page that was narrowed may be short or "
            "empty before the end. The same stands in the header `Link`."
        )
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri", "description": words},
                "results": schema | {"description": "Rows of the page, in the order of the list."},
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": SIZE_MOST, "default": SIZE}
        return [
            _parameter("cursor", {"type": "string"}, "Place after which the page begins, as `next` has it."),
            _parameter("limit", size, "Rows of a page."),
        ]


def _parameter(name: str, schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": words, "schema": schema}


def page_size(request: Request) -> int:
    """`limit` of the address. Raises BadValues."""
    text = request.query_params.get("limit", "")
    if not text:
        return SIZE
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= SIZE_MOST):
        raise BadValues({"limit": _("a whole number from 1 to %(most)s") % {"most": SIZE_MOST}})
    return int(text)


def cursor_of(row: Any, key: Sequence[str]) -> str:
    values = [getattr(row, name.lstrip("-")) for name in key]
    told = [iso(value) if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(orjson.dumps(told, default=str)).decode().rstrip("=")


def beyond(rows: QuerySet[Any], key: Sequence[str], cursor: str) -> QuerySet[Any]:
    """The rows after the one that the cursor names. Raises BadValues for what is no cursor of this list.

    The first condition bounds the walk through the index, the second takes the row itself out.
    """
    values = _read(rows, key, cursor)
    names = [(name.lstrip("-"), "lt" if name.startswith("-") else "gt") for name in key]
    (first, way), *others = names
    if not others:
        return rows.filter(**{f"{first}__{way}": values[0]})
    (second, second_way) = others[0]
    past = Q(**{f"{first}__{way}": values[0]}) | Q(**{f"{second}__{second_way}": values[1]})
    return rows.filter(past, **{f"{first}__{way}e": values[0]})


def before(rows: QuerySet[Any], key: Sequence[str], edge: Any) -> QuerySet[Any]:
    """The rows up to this one and with it. As above: the first condition bounds the walk."""
    names = [(name.lstrip("-"), "gt" if name.startswith("-") else "lt") for name in key]
    (first, way), *others = names
    bounded = rows.filter(**{f"{first}__{way}e": getattr(edge, first)})
    if not others:
        return bounded
    (second, second_way) = others[0]
    within = Q(**{f"{first}__{way}": getattr(edge, first)}) | Q(**{f"{second}__{second_way}e": getattr(edge, second)})
    return bounded.filter(within)


def _read(rows: QuerySet[Any], key: Sequence[str], cursor: str) -> list[Any]:
    wrong = BadValues({"cursor": _("take it from the answer's `next`, with the filters it came with")})
    try:
        padded = cursor[:CURSOR_MOST] + "=" * (-len(cursor[:CURSOR_MOST]) % 4)
        told = orjson.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        if not isinstance(told, list) or len(told) != len(key):
            raise wrong
        return [_as(rows, name.lstrip("-"), value) for name, value in zip(key, told, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError) as problem:
        raise wrong from problem


def _as(rows: QuerySet[Any], name: str, value: Any) -> Any:
    """A told value as one of its column. Raises ValueError for what can be none."""
    field = rows.model._meta.get_field(name)
    if field.is_relation:
        field = field.target_field
    made = field.to_python(value)
    fits = isinstance(made, (datetime, UUID, int, str)) or hasattr(made, "isoformat")
    if not fits or isinstance(made, bool) or (isinstance(made, int) and not -(2**63) <= made < 2**63):
        raise ValueError(name)
    if isinstance(made, datetime) and (made.tzinfo is None or not 1970 <= made.year < 2200):
        raise ValueError(name)
    if isinstance(made, str) and "\0" in made:
        raise ValueError(name)
    return made
