"""Find: what is watched comes first, and says so, for most pages know no symbols of their own."""

from __future__ import annotations

import pytest

from cdb_site.clock import SYSTEM
from dashboard.pages.find import by_id, by_symbol
from marketdata.models import Instrument, UniverseMember
from tests.ui import planting

pytestmark = pytest.mark.django_db


def test_a_watched_symbol_comes_before_others_of_the_same_letters() -> None:
    planting.plant()
    kept = Instrument.objects.get(pk="AAAUSDT")
    others = [Instrument(**{**_columns(kept), "symbol": f"AA{number}USDT"}) for number in range(6)]
    Instrument.objects.bulk_create(others)
    UniverseMember.objects.create(instrument_id="AAAUSDT", chosen_by="t", since=SYSTEM.wall_now())

    found = by_symbol("aa")

    assert len(found) == 5
    assert found[0] == {"symbol": "AAAUSDT", "watched": True}
    assert not any(row["watched"] for row in found[1:])


def test_nothing_asked_is_nothing_found() -> None:
    assert by_symbol("") == []
    assert by_id("xyz") == []


def _columns(row: Instrument) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in Instrument._meta.concrete_fields}
