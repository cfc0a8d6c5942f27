"""The words of the page's modules in one language, as the script that runs before them: Django's for browsers.

Its address names the language and a digest of the words, `/words/de-1f2a….js`: a browser asks for it once and keeps it
until a new version of the system has other words. An old page's address is answered with the words there are now.
"""

from __future__ import annotations

import hashlib
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, override
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from cdb_site.languages import ENGLISH, LANGUAGES

KEPT_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def script(language: str) -> bytes:
    """The words, and `gettext` and `ngettext` that look them up."""
    with override(language):
        return bytes(JavaScriptCatalog(packages=["dashboard"]).get(HttpRequest()).content)


@cache
def version(language: str) -> str:
    return hashlib.sha256(script(language)).hexdigest()[:16]


def address() -> str:
    """Where the page's words are, in the language that is read now; none for English, which the modules speak."""
    active = (get_language() or ENGLISH)[:2]
    language = active if active in LANGUAGES else ENGLISH
    return "" if language == ENGLISH else reverse("js-words", args=[language, version(language)])


@login_not_required
@require_safe
def words(request: HttpRequest, language: str, asked: str) -> HttpResponse:
    if language not in LANGUAGES:
        raise Http404
    response = HttpResponse(script(language), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = KEPT_FOR_GOOD if asked == version(language) else "no-cache"
    return response
