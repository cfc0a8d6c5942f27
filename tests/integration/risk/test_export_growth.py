"""With 100,000 orders behind it an export reads the days it is asked for, a few times, however narrow it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from risk.exports import reading, writing
from risk.exports.wishes import read_wish
from risk.loss_baselines import midnight_of
from tests.builders import PAPER
from tests.integration.risk.export_house import account
from tests.integration.risk.report_house import FIRST
from tests.integration.risk.test_report_growth import ORDERS_BEHIND, PLANTED, TABLES, rows_read

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
A_DAY = ORDERS_BEHIND // 100
ASKED: dict[str, list[dict[str, str]]] = {
    "orders": [{}, {"symbol": "NOUSDT"}, {"state": "REJECTED"}, {"side": "BUY"}],
    "fills": [{}, {"symbol": "NOUSDT"}, {"side": "BUY"}],
    "ledger": [{}, {"kind": "FEE"}],
    "decisions": [{}, {"symbol": "NOUSDT"}, {"outcome": "REJECTED"}, {"kind": "HALT"}],
    "round-trips": [{}, {"symbol": "NOUSDT"}, {"exit_reason": "STOP"}],
    "tax": [{}, {"symbol": "NOUSDT"}],
}
# The count, the keys of the days, the rows up to a portion's edge and the rows: four readings, each with what lies
# beside a day on the pages of its index (2,600 rows measured). The tax file reads fills and ledger besides.
MOST = 4 * 3 * A_DAY


@pytest.fixture
def grown() -> Iterator[None]:
    account()
    with connection.cursor() as cursor:
        for statement in (*PLANTED, "UPDATE \"order\" SET created_at = occurred_at + interval '1 s'"):
            cursor.execute(statement)
        for table in TABLES:
            cursor.execute(f'VACUUM ANALYZE "{table}"')
    connection.close()
    yield


def read_by(act: Callable[[], Any]) -> tuple[int, Any]:
    """(rows of the tables that were read for it, what it returned)."""
    both = "seq_tup_read + coalesce(idx_tup_fetch, 0)"
    before = sum(rows_read(both).values())
    returned = act()
    return sum(rows_read(both).values()) - before, returned


def day_of(days_before: int) -> dict[str, str]:
    day = (midnight_of(FIRST) - timedelta(days=days_before)).date().isoformat()
    return {"from": day, "to": day}


@pytest.mark.usefixtures("grown")
def test_an_old_day_and_a_new_one_are_read_and_nothing_else() -> None:
    read, rows = {}, {}
    for what, filters in ASKED.items():
        for narrow in filters:
            for before in (2, 98):
                wish = read_wish(what, day_of(before) | narrow)
                name = (what, before, *narrow.values())
                read[name], rows[name] = read_by(partial(_whole, wish))

    assert {name: count for name, count in read.items() if count > MOST} == {}
    full = [count for (what, _, *narrow), count in rows.items() if not narrow and what != "tax"]
    assert len(full) == 10 and set(full) == {A_DAY}
    assert {count for name, count in rows.items() if "NOUSDT" in name} == {0, 1}


def _whole(wish: Any) -> int:
    reading.count(wish, PAPER)
    return sum(len(portion) for portion in writing.rows_of(wish, PAPER))


@pytest.mark.usefixtures("grown")
def test_everything_is_read_in_as_many_steps_as_there_are_portions_and_each_costs_the_same() -> None:
    for what in ("orders", "fills", "ledger", "decisions", "round-trips"):
        with CaptureQueriesContext(connection) as asked:
            portions = writing.rows_of(read_wish(what, {}), PAPER)
            first = next(portions)
            early, _ = read_by(partial(next, portions))
            for _ in range(20):
                last = next(portions)
            late, _ = read_by(partial(next, portions))

        assert len(first) == len(last) == reading.PORTION
        assert late <= early + 200, (what, early, late)
        assert len(asked) <= 30
