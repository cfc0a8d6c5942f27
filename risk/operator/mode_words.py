"""The keys of TEST and LIVE in words: what is missing, and where it is turned."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from execution.rules.mode import MissingKey

WORDS: dict[MissingKey, str | Promise] = {
    MissingKey.MODE: _("EXECUTION_MODE does not ask for it"),
    MissingKey.VENUE: _("VENUE is not MEXC"),
    MissingKey.LIVE_TRADING: _("LIVE_TRADING is not yes"),
    MissingKey.ENABLED: _("no admin has enabled it"),
    MissingKey.LIMITS: _("there are no limits that it was enabled with, or they were loosened since"),
    MissingKey.API_KEY: _("MEXC_API_KEY is not set"),
    MissingKey.API_SECRET: _("MEXC_API_SECRET is not set"),
    MissingKey.BUILD: _("this build has no venue MEXC"),
}


def missing_words(keys: Iterable[str]) -> list[str | Promise]:
    """A sentence for each key; one that is not known (of a newer execution) by its name."""
    return [WORDS.get(MissingKey(key), key) if key in set(MissingKey) else key for key in keys]
