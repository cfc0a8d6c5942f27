"""Every answer in the language and time zone of the person who asks.

Both stay active until the next request sets its own: an answer that is streamed is written after the view returned.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from dashboard.preferences.queries import preference_of


def preference_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        mine = preference_of(request)
        timezone.activate(mine.zone)
        if mine.language:
            translation.activate(mine.language)
            request.LANGUAGE_CODE = mine.language
        return get_response(request)

    return middleware
