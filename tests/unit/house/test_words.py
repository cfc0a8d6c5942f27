"""Every word that somebody reads can be translated, and is: catalogs, templates and the page's modules."""

from __future__ import annotations

import gettext as standard
import io
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.utils import translation

from backoffice.automation.code_figures import ROOT
from cdb_site.wording import files
from cdb_site.wording.catalog import Message
from cdb_site.wording.extraction import BROWSER, PYTHON
from risk.rules.layers import LAYERS

STORED = files.stored(ROOT)
MESSAGES = [
    pytest.param(message, id=f"{app}/{domain}: {message.key.one[:60]}")
    for (app, domain), messages in STORED.items()
    for message in messages.values()
]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|\{\w*\}|`[^`]+`")


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_catalogs_hold_exactly_what_the_apps_say_and_are_compiled() -> None:
    now = files.brought_up(ROOT)

    stale = [place(path) for path, content in files.contents(ROOT, now).items() if files.differs(path, content)]

    assert sum(map(len, now.values())) > 20
    assert stale == [], "run `make messages`, and give the new messages their German words"


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_has_german_words_that_ask_for_the_same_values(message: Message) -> None:
    assert message.translated, "no German words yet"
    assert not message.fuzzy
    for english, german in zip((message.key.one, message.key.many), message.words, strict=False):
        asked, given = Counter(PLACEHOLDER.findall(english)), Counter(PLACEHOLDER.findall(german))
        if message.key.many:
            # One may be said without its number: "one order" for "%(count)s order".
            asked.pop("%(count)s", None)
            given.pop("%(count)s", None)
        assert asked == given
        assert german.strip(" \n") == german or english.strip(" \n") != english
        for end in (".", "?", ":", "…"):
            assert german.endswith(end) == english.endswith(end)


def test_the_same_english_words_are_the_same_german_ones_everywhere() -> None:
    words: dict[object, set[tuple[str, ...]]] = {}
    for messages in STORED.values():
        for key, message in messages.items():
            words.setdefault(key, set()).add(message.words)

    assert {key: found for key, found in words.items() if len(found) > 1} == {}


def test_a_page_shows_our_words_and_not_those_that_a_library_has_for_the_same() -> None:
    other = []
    with translation.override("de"):
        for (_app, domain), messages in STORED.items():
            for key, message in messages.items():
                if (
                    domain == PYTHON
                    and not key.many
                    and not key.context
                    and translation.gettext(key.one) != message.words[0]
                ):
                    other.append((key.one, message.words[0], translation.gettext(key.one)))

    assert other == [], "say it with a context: pgettext, {% translate … context … %}"


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.code)
def test_a_layer_is_called_the_same_by_rules_and_pages(layer: object) -> None:
    pages = {key.one: message.words[0] for key, message in STORED.get(("dashboard", BROWSER), {}).items()}

    assert pages.get(layer.title, layer.title_de) == layer.title_de  # type: ignore[attr-defined]


@pytest.mark.parametrize(("app", "domain"), STORED)
def test_what_is_compiled_here_reads_as_the_tools_of_gettext_compile_it(app: str, domain: str, tmp_path: Path) -> None:
    compiled = files.folder(ROOT, app) / f"{domain}.mo"
    ours = _catalog(compiled.read_bytes())

    assert ours
    if shutil.which("msgfmt"):
        theirs = tmp_path / "theirs.mo"
        subprocess.run(["msgfmt", "-o", theirs, compiled.with_suffix(".po")], check=True)
        assert _catalog(theirs.read_bytes()) == ours


@pytest.mark.skipif(not shutil.which("xgettext"), reason="no gettext tools on this machine")
def test_the_tools_of_gettext_find_the_same_messages_in_python(tmp_path: Path) -> None:
    modules = [path for app in {app for app, _ in STORED} for path in (ROOT / app).rglob("*.py")]
    names = [
        f"--keyword={word}"
        for word in (
            "gettext_lazy",
            "gettext_noop",
            "_lazy",
            "ngettext_lazy:1,2",
            "pgettext:1c,2",
            "pgettext_lazy:1c,2",
        )
    ]
    command = ["xgettext", "--language=Python", "--from-code=UTF-8", "-o", "-", *names, *modules]

    found = files.read(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    ours = {
        key for (_app, domain), messages in STORED.items() if domain == PYTHON for key, message in messages.items()
        if any(place.endswith(".py") for place in message.said_in)
    }  # fmt: skip
    assert set(found) == ours


def _catalog(raw: bytes) -> dict[object, str]:
    translations = standard.GNUTranslations(io.BytesIO(raw))
    return {key: words for key, words in translations._catalog.items() if key}  # type: ignore[attr-defined]
