"""The plan of a fault run's load: SELLs of what is held, BUYs of what is not, whatever the outage."""

from __future__ import annotations

from proofs.faults.plan import GIVE_UP_PERIODS, HOLD_PERIODS, REST_PERIODS, LoadPlan

NOTHING: frozenset[str] = frozenset()


def periods(
    plan: LoadPlan, count: int, held: frozenset[str] | None, *, buying: bool = True
) -> list[tuple[list[str], list[str]]]:
    return [plan.next(held, buying=buying) for _ in range(count)]


def test_a_symbol_is_not_sold_before_its_position_is_in_the_books() -> None:
    plan = LoadPlan(["A", "B"], 2)
    plan.next(NOTHING, buying=True)

    seen = periods(plan, 2 * HOLD_PERIODS, NOTHING)

    assert [down for _, down in seen] == [[]] * (2 * HOLD_PERIODS)


def test_a_held_symbol_is_sold_when_it_has_been_held_long_enough() -> None:
    plan = LoadPlan(["A"], 2)
    plan.next(NOTHING, buying=True)

    seen = periods(plan, HOLD_PERIODS, frozenset({"A"}))

    assert [down for _, down in seen] == [[]] * (HOLD_PERIODS - 1) + [["A"]]


def test_nothing_is_sold_while_the_books_cannot_be_read() -> None:
    plan = LoadPlan(["A"], 2)
    plan.next(NOTHING, buying=True)

    seen = periods(plan, 2 * GIVE_UP_PERIODS, None)

    assert all(down == [] for _, down in seen)


def test_a_symbol_is_bought_again_only_when_its_position_is_gone() -> None:
    plan = LoadPlan(["A"], 2)
    plan.next(NOTHING, buying=True)
    periods(plan, HOLD_PERIODS, frozenset({"A"}))

    waiting = periods(plan, 2 * REST_PERIODS, frozenset({"A"}))
    gone = plan.next(NOTHING, buying=True)

    assert [up for up, _ in waiting] == [[]] * (2 * REST_PERIODS)
    assert gone == (["A"], [])


def test_a_symbol_whose_buy_came_to_nothing_is_given_up() -> None:
    plan = LoadPlan(["A"], 2)
    plan.next(NOTHING, buying=True)

    seen = periods(plan, GIVE_UP_PERIODS, NOTHING, buying=False)

    assert [down for _, down in seen] == [[]] * (GIVE_UP_PERIODS - 1) + [["A"]]


def test_half_of_the_signals_are_buys_of_symbols_in_turn() -> None:
    plan = LoadPlan(["A", "B", "C", "D", "E"], 4)

    seen = periods(plan, 3, NOTHING)

    assert [up for up, _ in seen] == [["A", "B"], ["C", "D"], ["E"]]
