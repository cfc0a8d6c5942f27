"""Every word of the catalog of faults has its German one."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from mexc_sim.faults.catalog import KINDS
from mexc_sim.faults.german import WORDS, fault_words
from mexc_sim.faults.kinds import FaultKind


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_fault_is_told_in_german(kind: FaultKind) -> None:
    told = {kind.title, kind.help, kind.seen, *(field.help for field in kind.fields)}

    assert {text for text in told if not WORDS.get(text, "").strip()} == set()
    with override("de"):
        assert fault_words(kind.help) != kind.help
    assert fault_words(kind.help) == kind.help


def test_no_german_words_are_left_of_faults_that_are_gone() -> None:
    said = {field.help for kind in KINDS.values() for field in kind.fields}
    said |= {text for kind in KINDS.values() for text in (kind.title, kind.help, kind.seen)}

    assert set(WORDS) - said == set()
