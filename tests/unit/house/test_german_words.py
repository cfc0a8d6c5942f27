"""Every English sentence that an operator reads has its German twin beside it, which asks for the same values."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from cdb_site.alerts.catalog import CATALOG
from cdb_site.services import SERVICES
from cdb_site.units import UNIT_NAMES_DE
from risk.rules.circuit_breakers import KINDS
from risk.rules.layers import LAYERS
from risk.rules.limits import LIMITS
from risk.rules.reasons import REASONS

OWNERS = [
    *((f"alert {code}", kind, "sentence") for code, kind in CATALOG.items()),
    *((f"alert {code}", kind, "next_step") for code, kind in CATALOG.items()),
    *((f"reason {code}", reason, "sentence") for code, reason in REASONS.items()),
    *((f"breaker {code}", kind, "meaning") for code, kind in KINDS.items()),
    *((f"breaker {code}", kind, "next_step") for code, kind in KINDS.items()),
    *((f"layer {layer.code}", layer, "title") for layer in LAYERS),
]


def asked_for(sentence: str) -> set[tuple[str, str | None]]:
    """Each parameter with the unit it is shown in."""
    return {(name, unit) for _, name, unit, _ in Formatter().parse(sentence) if name}


def named(sentence: str) -> set[str]:
    """Commands, settings and other words that are no language."""
    return set(re.findall(r"`[^`]+`", sentence))


@pytest.mark.parametrize(("owner", "field"), [pytest.param(owner, field, id=name) for name, owner, field in OWNERS])
def test_a_german_sentence_stands_beside_the_english_one_and_asks_for_the_same(owner: object, field: str) -> None:
    english, german_twin = getattr(owner, field), getattr(owner, f"{field}_de")

    assert german_twin.strip()
    assert german_twin != english
    assert asked_for(german_twin) == asked_for(english)
    assert named(german_twin) == named(english)
    assert german_twin.endswith(".") == english.endswith("."), "both are sentences, or both are none"


def test_every_limit_and_every_unit_of_one_has_its_german_words() -> None:
    assert all(limit.meaning_de != limit.meaning for limit in LIMITS)
    assert set(UNIT_NAMES_DE) == {limit.unit for limit in LIMITS}
    assert all(words.strip() for words in [*(limit.meaning_de for limit in LIMITS), *UNIT_NAMES_DE.values()])


def test_every_service_has_a_german_name() -> None:
    assert all(row.title_de.strip() for row in SERVICES)
    assert sum(row.title_de != row.title for row in SERVICES) > 5
