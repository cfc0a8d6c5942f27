"""Refusals as problem details (RFC 9457): what is wrong, with which field, and what would be right.

    {"type": "urn:cdb:problem:bad-value", "title": "…", "status": 400, "detail": "…", "code": "bad-value",
     "errors": [{"field": "side", "detail": "…"}]}

Every answer of the API that is not a success has this shape and the media type `application/problem+json`, whatever
format was asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status

from cdb_site.bus.redis import UNREACHABLE

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPE = "urn:cdb:problem:"
TITLES = {
    "bad-value": gettext_lazy("A value is wrong"),
    "bad-request": gettext_lazy("The request cannot be read"),
    "not-authenticated": gettext_lazy("A login is needed"),
    "code-wanted": gettext_lazy("A code is needed"),
    "not-allowed": gettext_lazy("Not yours to do"),
    "not-found": gettext_lazy("Nothing is here"),
    "method-not-allowed": gettext_lazy("Not at this address"),
    "not-acceptable": gettext_lazy("Not in this format"),
    "unsupported-media-type": gettext_lazy("Not in this format"),
    "refused": gettext_lazy("Refused"),
    "key-used": gettext_lazy("The key belongs to another wish"),
    "throttled": gettext_lazy("Too many requests"),
    "unavailable": gettext_lazy("A server does not answer"),
    "failed": gettext_lazy("The request failed"),
}
CODE_OF_STATUS = {
    400: "bad-request",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    415: "unsupported-media-type",
    429: "throttled",
}


class ApiProblem(exceptions.APIException):
    """A refusal with its code and the fields it is about."""

    def __init__(
        self, status_code: int, code: str, detail: str, errors: Mapping[str, str] | None = None, **more: str
    ) -> None:
        super().__init__(detail, code)
        self.status_code, self.code, self.errors, self.more = status_code, code, dict(errors or {}), more


class BadValues(ApiProblem):
    """400: field → what is wrong with it and what would be right."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(400, "bad-value", _joined(errors), errors)


def handle(problem: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """What the framework calls for every exception of a view."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            connection.set_rollback(True)
    known = _known(problem)
    return answer(known, getattr(problem, "auth_header", None), getattr(problem, "wait", None))


def answer(problem: ApiProblem, auth_header: str | None = None, wait_s: float | None = None) -> HttpResponse:
    body: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": str(TITLES[problem.code]),
        "status": problem.status_code,
        "detail": str(problem.detail),
        "code": problem.code,
        "errors": [{"field": field, "detail": words} for field, words in problem.errors.items()],
        **problem.more,
    }
    response = HttpResponse(orjson.dumps(body), status=problem.status_code, content_type=MEDIA_TYPE)
    if auth_header:
        response["WWW-Authenticate"] = auth_header
    if wait_s is not None:
        response["Retry-After"] = str(max(1, round(wait_s + 0.5)))
    return response


def _known(problem: Exception) -> ApiProblem:
    """Any exception as a problem; one that nobody expected is logged."""
    match problem:
        case ApiProblem():
            return problem
        case exceptions.ValidationError():
            return BadValues(dict(_flat(problem.detail)))
        case Http404():
            return ApiProblem(404, "not-found", _("Nothing is here: look the address up in /api/v1/docs/."))
        case DjangoPermissionDenied():
            return ApiProblem(403, "not-allowed", _("This is not yours to do."))
        case exceptions.APIException():
            code = CODE_OF_STATUS.get(problem.status_code, "failed")
            return ApiProblem(problem.status_code, code, str(problem.detail))
        case OperationalError() | InterfaceError():
            log.warning("the database did not answer a request of the API: %s", problem)
            return ApiProblem(503, "unavailable", _("The database does not answer; try again."))
        case _ if isinstance(problem, UNREACHABLE):
            log.warning("Redis did not answer a request of the API: %s", problem)
            return ApiProblem(503, "unavailable", _("Redis does not answer; try again."))
    log.error("a request of the API failed", exc_info=problem)
    kind = "database" if isinstance(problem, DatabaseError) else "server"
    words = _("The request failed; the log of the dashboard names the cause (%(kind)s).") % {"kind": kind}
    return ApiProblem(status.HTTP_500_INTERNAL_SERVER_ERROR, "failed", words)


def _flat(detail: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Nested errors as (field, words), a field of a field with a point between."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _flat(inner, field if name == "non_field_errors" else f"{field}.{name}".strip("."))
    elif isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        for number, inner in enumerate(detail):
            yield from _flat(inner, f"{field}.{number}".strip("."))
    else:
        words = detail if isinstance(detail, list) else [detail]
        yield field or "body", "; ".join(str(item) for item in words)


def _joined(errors: Mapping[str, str]) -> str:
    return "; ".join(f"{field}: {words}" for field, words in errors.items())
