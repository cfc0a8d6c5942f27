"""Bulk writes: several as one statement, and what is expected of them."""

from __future__ import annotations

import pytest
from django.db import transaction

from cdb_site import db
from cdb_site.bus.models import Consumption

pytestmark = pytest.mark.django_db(transaction=True)
ID = "00000000-0000-5000-8000-00000000000{}"


def consumption(*numbers: int, expected: int | None = None) -> db.Write:
    rows = [{"group": "g", "event_id": ID.format(number)} for number in numbers]
    return db.insertion(Consumption, rows, on_conflict="DO NOTHING", returning="id", expected=expected)


def stored() -> int:
    return Consumption.objects.count()


def test_writes_that_give_what_is_expected_stand() -> None:
    with transaction.atomic():
        db.write_together([consumption(1, 2, expected=2), consumption(3)])

    assert stored() == 3


def test_when_somebody_else_was_first_the_whole_transaction_goes() -> None:
    db.write_together([consumption(1)])

    with pytest.raises(db.Overtaken, match="1"), transaction.atomic():
        db.write_together([consumption(3)])
        db.write_together([consumption(1, 2, expected=2)])

    assert stored() == 1


def test_nothing_to_write_is_nothing_written() -> None:
    db.write_together([])

    assert stored() == 0
