"""The API described: the committed OpenAPI file as it is, and Swagger UI on a page of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import drf_spectacular_sidecar
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.views.base import ApiAddress

INTERFACE = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
INTERFACE_FILES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
FILE = Path(__file__).resolve().parent.parent / "openapi.yaml"


class AsItIs(BaseRenderer):
    """The file's own text."""

    media_type = "application/vnd.oai.openapi"
    format = "yaml"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return bytes(data)


class Description(ApiAddress):
    renderer_classes = (AsItIs,)
    schema = None

    def get(self, request: Request) -> Response:
        return Response(FILE.read_bytes())


@require_safe
def interface_file(request: HttpRequest, name: str) -> HttpResponse:
    """A file of Swagger UI, from the installed package and not from the collected ones: nobody else needs it."""
    response = HttpResponse((INTERFACE / name).read_bytes(), content_type=INTERFACE_FILES[name])
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")
