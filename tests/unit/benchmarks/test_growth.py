"""How the two houses take turns, and that no key of a planted row is another one's."""

from __future__ import annotations

from benchmarks import growth, planting


def test_houses_take_turns_in_being_first_and_the_warm_up_counts_for_nothing() -> None:
    asked: list[str] = []

    def house(name: str, took_ms: float) -> float:
        asked.append(name)
        return took_ms if asked.count(name) > growth.WARM_UP else 1000.0

    taken = growth._in_turns(lambda _: house("empty", 10.0), lambda _: house("grown", 12.0))

    assert asked[:4] == ["grown", "empty", "empty", "grown"]
    assert taken == {"empty": [10.0] * growth.MEASURED, "grown": [12.0] * growth.MEASURED}


def test_each_house_has_a_database_streams_and_a_journal_of_its_own() -> None:
    env = {"POSTGRES_DB": "claire", "REDIS_DB": "0", "DATA_DIR": "/folder", "LOG_LEVEL": "WARNING"}

    first, second = growth._of(env, 1), growth._of(env, 2)

    assert {key for key in env if first[key] == second[key]} == {"LOG_LEVEL"}


def test_keys_of_planted_rows_reach_over_the_whole_range() -> None:
    apart = 2**32 // (planting.ORDERS + 1)

    assert 0.999 * 2**32 < planting.ORDERS * apart < 2**32
    assert str(apart) in planting.key("0001")


def test_a_planted_row_differs_where_it_must_and_keeps_what_is_null() -> None:
    own = {"order_id": "a key"}

    assert planting._value("order_id", own, {}) == 'CASE WHEN row."order_id" IS NULL THEN NULL ELSE a key END'
    assert planting._value("side", own, {}) == 'row."side"'
    assert planting._value("order_id", own, {"order_id": "1"}) == "1"
