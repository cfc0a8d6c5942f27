"""How houses of two checkouts take turns, and what is told of their batches."""

from __future__ import annotations

from benchmarks import batches


def test_checkouts_take_turns_in_being_first_and_the_warm_up_counts_for_nothing() -> None:
    asked: list[str] = []

    def house(name: str, spent_ns: int) -> list[int]:
        asked.append(name)
        return [spent_ns if asked.count(name) > batches.WARM_UP else 10**9] * 4

    taken = batches._in_turns({"ours": lambda _: house("ours", 1), "base": lambda _: house("base", 2)}, 3)

    assert asked[:4] == ["base", "ours", "ours", "base"]
    assert taken == {"ours": [[1] * 4] * 3, "base": [[2] * 4] * 3}


def test_a_signal_costs_its_share_of_the_median_batch() -> None:
    # 60 signals: 6 ms on the clock, 3 of Python, 1.2 of PostgreSQL, 0.6 of Valkey
    usual, slow = [6_000_000, 3_000_000, 1_200_000, 600_000], [90_000_000] * 4

    each = batches._each([usual, slow, usual], 60)

    assert each == {"clock": 100.0, "python": 50.0, "postgresql": 20.0, "valkey": 10.0}
