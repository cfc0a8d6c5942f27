"""The table of faults, how a request is read, and what each fault does to the frames of a stream."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import DecodeError

from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.faults.catalog import KINDS, FaultProblem, read_fault
from mexc_sim.faults.relisting import relisted
from mexc_sim.faults.spoiling import MIB, SPOILERS, Acting, Frame, Sent, spoiled
from mexc_sim.faults.table import markdown

LISTED = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulator.md"


def make_acting(kind: str, **values: Any) -> Acting:
    return Acting(fault_id=1, fault=read_fault({"kind": kind, **values}, LISTED), ends_s=1e9)


def make_frame(*, number: int = 1, symbol: str = "SOLUSDT", closing: bool = False, now_s: float = 0.0) -> Frame:
    body = pb.PushDataV3ApiWrapper(channel=f"c@{symbol}", symbol=symbol, sendTime=number).SerializeToString()
    return Frame(f"c@{symbol}", symbol, body, closing, now_s)


def sent(acting: Acting, frames: list[Frame]) -> list[list[Sent]]:
    return [spoiled([acting], frame) for frame in frames]


def many(count: int = 400, **common: Any) -> list[Frame]:
    return [make_frame(number=number, now_s=number / 10, **common) for number in range(1, count + 1)]


def untouched(frames: list[Frame]) -> list[list[Sent]]:
    return [[(0.0, frame.body)] for frame in frames]


def readable(body: bytes | str) -> bool:
    try:
        pb.PushDataV3ApiWrapper.FromString(body if isinstance(body, bytes) else body.encode())
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize("name", KINDS)
def test_every_default_lies_within_its_bounds_and_makes_a_fault(name: str) -> None:
    fault = read_fault({"kind": name}, LISTED)

    assert fault.kind == name
    assert all(item.low <= fault.values[item.name] <= item.high for item in KINDS[name].fields)
    assert KINDS[name].help and KINDS[name].seen


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "kind: there is no fault ''"),
        ({"kind": "silense"}, "Did you mean silence"),
        ({"kind": "silence", "share": 0.5}, "share: silence has no such field. It takes seconds, seed, symbols"),
        ({"kind": "gaps", "share": 1.5}, "share: must be between 0 and 1, got 1.5. It is: fraction of frames"),
        ({"kind": "silence", "seconds": "20"}, "seconds: expected a number, got '20'. It is: wall seconds"),
        ({"kind": "silence", "seconds": float("nan")}, "seconds: expected a number"),
        ({"kind": "silence", "seconds": True}, "seconds: expected a number"),
        ({"kind": "silence", "seed": 1.5}, "seed: expected a whole number"),
        ({"kind": "silence", "symbols": "SOLUSDT"}, "symbols: expected a list of symbols"),
        ({"kind": "silence", "symbols": ["SOLUSD"]}, "Did you mean SOLUSDT"),
        ({"kind": "disconnect", "symbols": ["SOLUSDT"]}, "symbols: disconnect has no such field"),
        ({"kind": "crash", "seconds": 5}, "seconds: crash has no such field"),
    ],
)
def test_a_request_that_cannot_be_used_names_the_field_and_the_remedy(body: dict[str, Any], told: str) -> None:
    with pytest.raises(FaultProblem) as problem:
        read_fault(body, LISTED)

    assert told in str(problem.value)


@pytest.mark.parametrize("kind", sorted({name for name in SPOILERS if KINDS[name].by_symbol}))
def test_a_fault_of_one_symbol_leaves_the_others_alone(kind: str) -> None:
    frames = many(symbol="BTCUSDT", closing=True)

    assert sent(make_acting(kind, symbols=["SOLUSDT"]), frames) == untouched(frames)


@pytest.mark.parametrize("kind", sorted(SPOILERS))
def test_the_same_fault_over_the_same_frames_does_the_same(kind: str) -> None:
    frames = many(60, closing=True)

    assert sent(make_acting(kind, seed=7), frames) == sent(make_acting(kind, seed=7), frames)


def test_silence_sends_nothing() -> None:
    acting = make_acting("silence")

    assert sent(acting, many(20)) == [[]] * 20
    assert acting.done == {"frames lost": 20}


def test_garbage_is_neither_text_nor_binary_that_can_be_read() -> None:
    frames = many()
    bodies = [item[0][1] for item in sent(make_acting("garbage"), frames)]
    rubbish = [body for body, frame in zip(bodies, frames, strict=True) if body != frame.body]

    assert 150 < len(rubbish) < 250
    assert sum(isinstance(body, str) for body in rubbish) == len(rubbish) // 2
    assert not any(readable(body) for body in rubbish if isinstance(body, bytes))


def test_corrupt_frames_differ_and_many_cannot_be_read() -> None:
    acting, frames = make_acting("corrupt", share=1), many()
    bodies = [item[0][1] for item in sent(acting, frames)]

    assert acting.done["frames corrupted"] == len(frames)
    assert sum(body == frame.body for body, frame in zip(bodies, frames, strict=True)) < 0.02 * len(frames)
    assert sum(not readable(body) for body in bodies) > 0.3 * len(frames)


def test_an_oversized_frame_is_a_right_message_but_for_its_size_and_comes_once() -> None:
    frames = many(3)

    first, *rest = sent(make_acting("oversized", mb=2), frames)

    body = first[0][1]
    assert isinstance(body, bytes)
    assert 2 * MIB < len(body) < 2 * MIB + 200
    assert pb.PushDataV3ApiWrapper.FromString(body).symbol == "SOLUSDT"
    assert rest == untouched(frames[1:])


def test_oversized_frames_repeat_when_asked_to() -> None:
    acting = make_acting("oversized", mb=1, every_s=5)

    sent(acting, many(120))

    assert acting.done["frames blown up"] == 3


def test_gaps_lose_the_share_asked_for() -> None:
    acting = make_acting("gaps", share=0.25)

    lost = sent(acting, many()).count([])

    assert 70 < lost < 130
    assert acting.done["frames lost"] == lost


def test_a_duplicate_follows_its_frame() -> None:
    frame = make_frame()

    assert sent(make_acting("duplicates", share=1, ms=300), [frame]) == [[(0.0, frame.body), (0.3, frame.body)]]


def test_reordered_frames_overtake_each_other() -> None:
    frames = many()
    delays = [item[0][0] for item in sent(make_acting("reordering"), frames)]
    arrivals = [frame.now_s + delay for frame, delay in zip(frames, delays, strict=True)]

    assert sum(later < earlier for earlier, later in pairwise(arrivals)) > 30


def test_delayed_frames_keep_their_order_whatever_the_jitter() -> None:
    frames = many()
    delays = [item[0][0] for item in sent(make_acting("delay", ms=400, jitter_ms=400), frames)]
    arrivals = [frame.now_s + delay for frame, delay in zip(frames, delays, strict=True)]

    assert arrivals == sorted(arrivals)
    assert 0 <= min(delays) < 0.2 and 0.6 < max(delays) <= 0.8 + 1e-9


def test_only_the_closed_state_of_a_candle_is_lost_or_late() -> None:
    forming, closed = make_frame(number=1), make_frame(number=2, closing=True)

    assert sent(make_acting("lost_last_push"), [forming, closed]) == [[(0.0, forming.body)], []]
    assert sent(make_acting("late_last_push", late_s=2), [closed]) == [[(2.0, closed.body)]]


def test_several_faults_act_on_what_the_former_let_through() -> None:
    frame = make_frame(closing=True)
    doubled, late = make_acting("duplicates", share=1, ms=100), make_acting("late_last_push", late_s=2)

    assert spoiled([doubled, late], frame) == [(2.0, frame.body), (2.1, frame.body)]
    assert spoiled([doubled, make_acting("silence")], frame) == []


def test_the_page_shows_the_table_of_faults_as_it_is() -> None:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- faults -->\n")

    assert rest.partition("<!-- /faults -->")[0].strip() == markdown().strip()


# The list of pairs.


PAIR = {
    "symbol": "SOLUSDT",
    "status": "1",
    "baseAssetPrecision": 3,
    "quoteAssetPrecision": 2,
    "quotePrecision": 2,
    "baseSizePrecision": "0.001",
    "tradeSideType": 1,
}


def test_a_pair_is_sold_only_while_the_fault_holds_and_others_are_not() -> None:
    acting = make_acting("sell_only", symbols=["SOLUSDT"])

    assert relisted([acting], PAIR) == PAIR | {"tradeSideType": 3}
    assert relisted([acting], PAIR | {"symbol": "ETHUSDT"}) == PAIR | {"symbol": "ETHUSDT"}
    assert acting.done == {"pairs told otherwise": 1}


def test_a_delisted_pair_is_off_the_list_and_its_frames_are_lost() -> None:
    acting = make_acting("delisted", symbols=["SOLUSDT"])

    assert relisted([acting], PAIR) is None
    assert sent(acting, [make_frame()]) == [[]]


@pytest.mark.parametrize(
    ("options", "places", "smallest"),
    [
        ({}, (2, 2), "0.01"),
        ({"quantity_places": 2, "price_places": 1}, (1, 1), "0.1"),
        ({"quantity_places": 12, "price_places": 12}, (0, 0), "1"),
        ({"quantity_places": 0, "price_places": 1}, (3, 1), "0.001"),
    ],
)
def test_a_coarser_step_takes_decimals_away_and_keeps_the_smallest_quantity_a_step(
    options: dict[str, int], places: tuple[int, int], smallest: str
) -> None:
    told = relisted([make_acting("coarser_step", **options)], PAIR)

    assert told is not None
    assert (told["baseAssetPrecision"], told["quoteAssetPrecision"]) == places
    assert told["baseSizePrecision"] == smallest


def test_several_faults_of_the_list_hold_at_once() -> None:
    told = relisted([make_acting("sell_only"), make_acting("coarser_step")], PAIR)

    assert told is not None
    assert (told["tradeSideType"], told["baseAssetPrecision"]) == (3, 2)
