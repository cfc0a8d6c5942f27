"""`manage.py rederive_fills`: every paper fill follows from its model; one that was changed is named."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from execution import rederiving
from execution.models import Fill, Order
from execution.order_gateway import Desk
from tests.builders import make_depth, make_desk, make_quote, open_paper_account, plant_instrument, plant_order, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def desk(valkey: Any, tmp_path: Path) -> Desk:
    """A desk whose paper account has fills of every kind: of a quote, over levels, of one that rested."""
    plant_instrument(taker_fee="0.00037")
    open_paper_account(cash="1000000")
    desk = make_desk(folder=tmp_path)
    trade(desk, "buy 2 @ 100; sell 1 @ 110")
    desk.board.take([make_quote(ask="100") | {"ask_quantity": "10"}])
    desk.execute([plant_order(quantity="60", limit="101").order_id])
    desk.board.take_depth([make_depth(asks="5 @ 100; 7.123 @ 100.021; 9 @ 100.5", bids="1 @ 99.99; 2 @ 99.5")])
    desk.execute([plant_order(quantity="15", limit="101").order_id])
    desk.execute([plant_order(side="SELL", quantity="20").order_id])
    resting = plant_order(quantity="4", limit="90.005")
    Order.objects.filter(order_id=resting.order_id).update(order_type="LIMIT")
    desk.execute([resting.order_id])
    for ask, quantity in (("89", "1"), ("88", "50")):
        desk.board.take([make_quote(bid="80", ask=ask) | {"ask_quantity": quantity}])
        desk.hear(desk.venue.look())
    return desk


def ran(*options: str) -> tuple[list[str], dict[str, Any]]:
    """(The lines of the command, what its last one says.)"""
    out = StringIO()
    call_command("rederive_fills", *options, stdout=out, stderr=StringIO())
    *lines, last = out.getvalue().splitlines()
    return lines, json.loads(last)


def plant(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {statement}; COMMIT")


def newest() -> int:
    return Fill.objects.order_by("-fill_id").values_list("fill_id", flat=True)[0]


def kinds() -> set[str]:
    return {fill.model["kind"] for fill in Fill.objects.all()}


def test_every_fill_follows_from_its_model_to_the_last_digit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rederiving, "BATCH", 3)

    lines, said = ran("--check")

    assert kinds() == {"QUOTE", "WALK", "REST"}
    assert (lines, said) == ([], {"checked": Fill.objects.count(), "different": 0, "not_derivable": {}})
    assert said["checked"] >= 10


@pytest.mark.parametrize("kind", ["QUOTE", "WALK", "REST"])
@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("price", "price = price + 0.000000000000000001"),
        ("quantity", "quantity = quantity + 0.000000000000000001"),
        ("fee", "fee = fee + 0.000000000001"),
        ("side", "side = CASE side WHEN 'BUY' THEN 'SELL' ELSE 'BUY' END"),
        ("trade_id", "trade_id = trade_id || '9'"),
        ("fee", """model = jsonb_set(model, '{taker_fee}', '"0.00038"')"""),
        ("its order's quantity", """model = jsonb_set(model, '{quantity}', '"1000"')"""),
        ("its order's limit", """model = jsonb_set(model, '{limit_price}', '"77777"')"""),
    ],
)
def test_a_fill_or_a_model_that_was_changed_is_named(desk: Desk, kind: str, column: str, change: str) -> None:
    fill_id = next(fill.fill_id for fill in Fill.objects.order_by("fill_id") if fill.model["kind"] == kind)
    plant(f"UPDATE fill SET {change} WHERE fill_id = {fill_id}")

    lines, said = ran()

    assert said["different"] == 1
    assert any(line.startswith(f"fill {fill_id}: {column} is ") for line in lines)
    assert all(line.startswith(f"fill {fill_id}: ") for line in lines)
    with pytest.raises(CommandError, match="1 of "):
        ran("--check")


def test_a_level_that_was_changed_is_named(desk: Desk) -> None:
    fill_id = next(fill.fill_id for fill in Fill.objects.order_by("fill_id") if fill.model["kind"] == "WALK")
    plant(f"""UPDATE fill SET model = jsonb_set(model, '{{levels,0,0}}', '"100.01"') WHERE fill_id = {fill_id}""")

    lines, _ = ran()

    assert lines[0].startswith(f"fill {fill_id}: price is 100.000000000000000000, its model gives 100.01")


def test_what_lacks_what_is_needed_is_counted_by_its_reason_and_not_passed(desk: Desk) -> None:
    count = Fill.objects.count()
    ids = list(Fill.objects.order_by("fill_id").values_list("fill_id", flat=True))
    plant(f"UPDATE fill SET model = model - 'version' WHERE fill_id = {ids[0]}")
    plant(f"UPDATE fill SET model = '{{}}' WHERE fill_id = {ids[1]}")
    plant(f"UPDATE fill SET model = model - 'impact_bps' WHERE fill_id = {ids[2]}")
    plant(f"UPDATE fill SET price = 0, fee = 0, side = 'SELL', trade_id = 'write-off 1' WHERE fill_id = {newest()}")

    lines, said = ran("--check")

    assert lines == []
    assert said == {
        "checked": count - 4,
        "different": 0,
        "not_derivable": {"NO_MODEL": 1, "OLDER_MODEL": 1, "UNREADABLE_MODEL": 1, "WRITTEN_OFF": 1},
    }


def test_fills_of_another_venue_are_left_alone(desk: Desk) -> None:
    count = Fill.objects.count()
    plant("""UPDATE "order" SET venue = 'MEXC' WHERE order_id = (SELECT order_id FROM fill ORDER BY fill_id LIMIT 1)""")
    plant("UPDATE fill SET price = price + 1 WHERE fill_id = (SELECT min(fill_id) FROM fill)")

    assert ran("--check")[1]["checked"] == count - 1


def test_without_a_fill_there_is_nothing_to_say(valkey: Any) -> None:
    assert ran("--check") == ([], {"checked": 0, "different": 0, "not_derivable": {}})
