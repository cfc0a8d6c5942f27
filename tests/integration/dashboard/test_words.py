"""The words of the page's modules: at an address of their own for each language, kept until they change."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from dashboard import words


@pytest.fixture(autouse=True)
def static_folder(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def test_english_needs_no_words_and_a_browser_may_keep_those_of_another_language() -> None:
    with override("de"):
        german = words.address()
    with override("en"):
        english = words.address()

    answer = Client().get(german)

    assert english == ""
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer["Cache-Control"]


def test_the_address_of_other_words_is_answered_with_those_there_are_now_and_not_kept() -> None:
    answer = Client().get("/words/de-0000.js")

    assert answer.content == words.script("de")
    assert answer["Cache-Control"] == "no-cache"


def test_there_are_no_words_of_a_language_that_the_site_does_not_speak() -> None:
    assert Client().get("/words/fr-0000.js").status_code == 404


def test_the_words_hold_the_page_s_own_messages_in_their_language() -> None:
    assert b"gettext" in words.script("en")
    assert words.script("de") != words.script("en")
