"""The body of a request, read through its serializer: a field that is not known is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from api.problems import ApiProblem, BadValues

KEY = "Idempotency-Key"


def read_body(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The values of the body. Raises ApiProblem."""
    try:
        body = request.data
    except RecursionError as problem:
        raise ApiProblem(400, "bad-request", _("The body is to be one JSON object.")) from problem
    if not isinstance(body, Mapping):
        raise ApiProblem(400, "bad-request", _("The body is to be one JSON object."))
    serializer = serializer_class(data=body)
    known = list(serializer.fields)
    unknown = [str(name) for name in body if name not in known]
    if unknown:
        there = ", ".join(known) or _("none")
        words = _("is no field of this request; there are: %(known)s") % {"known": there}
        raise BadValues({name[:60]: words for name in unknown})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_key(request: Request) -> UUID:
    """The wish's own name: the same key asks for the same act, however often it arrives. Raises BadValues."""
    text = request.headers.get(KEY, "")
    try:
        return UUID(text)
    except ValueError as problem:
        words = _("a UUID as a header, a new one for each wish, and the same one when it is sent again")
        raise BadValues({KEY: words}) from problem
