"""The admin speaks the language of who reads it: names of tables and columns, what they mean, what can be done."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from backoffice.automation.code_figures import ROOT
from cdb_site.wording import files, model_words
from cdb_site.wording.extraction import APPS

pytestmark = pytest.mark.django_db
SHOWN = model_words.models(APPS)


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def anna() -> Client:
    client = Client(headers={"accept-language": "de"})
    client.force_login(User.objects.create_superuser("anna"))
    return client


def words_on(page: str) -> set[str]:
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return {unescape(text).strip() for text in re.split(r"<[^>]*>", bare) if text.strip()}


@cache
def english_words() -> set[str]:
    pairs = [(key.one, row.words[0]) for rows in files.stored(ROOT).values() for key, row in rows.items()]
    german = {words for _one, words in pairs}
    return {form for one, words in pairs if one != words for form in (one, one[:1].upper() + one[1:])} - german


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model._meta.label)
def test_a_list_of_the_admin_has_no_english_word_of_ours(model: Any) -> None:
    shown_by = admin.site._registry[model]
    fields = [field.name for field in model._meta.fields]

    with override("de"):
        heads = [str(label_for_field(name, model, shown_by)) for name in (*shown_by.list_display, *fields)]
        names = [str(model._meta.verbose_name), str(model._meta.verbose_name_plural)]

    assert len(heads) > 2
    assert {word for word in (*heads, *names) if word in english_words()} == set()


def test_a_page_of_the_admin_is_in_the_language_of_who_reads_it(anna: Client) -> None:
    address = reverse("admin:risk_proposal_changelist")

    german = anna.get(address).content.decode()
    english = anna.get(address, headers={"accept-language": "en"}).content.decode()

    assert {word for word in words_on(german) if word in english_words()} == set()
    assert "Vorschläge" in german and "Zurückgezogen" in german
    assert "proposal" in english and "Vorschl" not in english
