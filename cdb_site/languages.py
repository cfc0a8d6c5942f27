"""The language in which somebody reads now, for what knows no Django: the sentences of rules and catalogs, the units.

English, unless the site has said whom to ask (`follow`, when Django has started). A text and its German twin stand
beside each other where they are written: `meaning` and `meaning_de`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ENGLISH, GERMAN = "en", "de"
LANGUAGES = (ENGLISH, GERMAN)

_asked: list[Callable[[], str | None]] = []


def follow(active: Callable[[], str | None]) -> None:
    """From now on `reading` answers what `active` does."""
    _asked[:] = [active]


def reading() -> str:
    """ENGLISH or GERMAN."""
    language = _asked[0]() if _asked else None
    return GERMAN if (language or "").startswith(GERMAN) else ENGLISH


def twin(owner: Any, field: str, language: str | None = None) -> str:
    """The text of this name in the language, or in the one that is read now."""
    return str(getattr(owner, f"{field}_de" if (language or reading()) == GERMAN else field))
