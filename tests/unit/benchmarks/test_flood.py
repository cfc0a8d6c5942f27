"""The bench's flood is one that the screener has to take whole: nothing in it is malformed, late or the same again."""

from __future__ import annotations

import pytest

from benchmarks.bench import PARTS, main
from benchmarks.flood import run
from benchmarks.flood.clients import screener_intake
from benchmarks.flood.frames import KINDS, SYMBOLS, blobs, channels, message
from benchmarks.flood.frames import flood as flood_of
from mexc_sim.server.channels import parse

FRAMES = 200


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_the_flood_is_news_of_a_watched_symbol(kind: str) -> None:
    intake = screener_intake()

    for body in flood_of(kind, FRAMES):
        intake.frame(body)

    assert intake.counted == {kind: FRAMES}
    assert not intake.stale


@pytest.mark.parametrize("kind", KINDS)
def test_the_flood_comes_on_channels_that_the_exchange_has(kind: str) -> None:
    assert {parse(channel).symbol for channel in channels(kind)} == set(SYMBOLS)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_blobs_are_the_messages_in_order(kind: str) -> None:
    bodies = flood_of(kind, FRAMES)

    assert b"".join(blobs(bodies)) == b"".join(map(message, bodies))


def test_ratios_are_taken_within_pairs_and_told_as_medians() -> None:
    pairs = [_pair(ours=5, ccxt=50), _pair(ours=10, ccxt=90), _pair(ours=4, ccxt=44)]

    told = run.summary({"book": pairs, "kline": [_pair(ours=5, ccxt=20)] * 3})

    assert told["ws_ratio_to_ccxt_by_kind"] == {"book": 10.0, "kline": 4.0}
    assert told["ws_decode_ratio_to_ccxt"] == 7.1  # of 70/10, 110/15 and 64/9
    assert told["ws_cpu_us_per_message"] == {"book": 5, "kline": 5}


def test_an_unknown_part_of_the_bench_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "ws,page,coffee"])

    told = capsys.readouterr().err
    assert "'coffee' is no part" in told
    assert all(part in told for part in PARTS)


def _pair(*, ours: float, ccxt: float) -> run.Pair:
    alone = {"per_s": 1e6 / ours, "decode_us": ours / 2, "intake_us": ours / 1.5}
    return {"ours": {"cpu_us": ours, **alone}, "ccxt": {"cpu_us": ccxt}}
