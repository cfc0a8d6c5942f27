"""The exchange's frames: captured ones decode to their known content and encode back byte for byte."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from grpc_tools import protoc

from marketdata.mexc import wire
from marketdata.mexc.errors import BadFrame
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.server import frames

KLINE = bytes.fromhex(
    "0a2873706f74407075626c69632e6b6c696e652e76332e6170692e7062404254435553445440"
    "4d696e311a07425443555344542220326662393432313534656634346134616232656639386338616662366134613728f0e1cfa88d34a2134b"
    "0a044d696e3110f08bd6d5061a0838343330302e3134220538343237302a0838343330302e3135320538343237303a0a322e3834303434323033"
    "42093233393339332e363948ac8cd6d506"
)
CAPTURED = Path(__file__).parents[4] / "shared" / "data" / "mexc_frames.json"
PROTO = Path(pb.__file__).with_name("cdb_mexc.proto")


def test_a_captured_kline_decodes_to_what_the_exchange_showed() -> None:
    push = wire.decode(KLINE)

    assert push == wire.CandlePush(
        "BTCUSDT",
        "1m",
        1790281200,
        1790281260,
        Decimal("84300.14"),
        Decimal("84300.15"),
        Decimal("84270"),
        Decimal("84270"),
        Decimal("2.84044203"),
        Decimal("239393.69"),
        1790281249008,
    )


def test_a_captured_kline_encodes_back_byte_for_byte() -> None:
    message = pb.PushDataV3ApiWrapper.FromString(KLINE)

    assert message.SerializeToString() == KLINE


@pytest.mark.skipif(not CAPTURED.exists(), reason="the captured frames lie outside the project")
def test_all_captured_frames_encode_back_byte_for_byte() -> None:
    frames = [bytes.fromhex(item["hex"]) for item in json.loads(CAPTURED.read_text())]

    again = [pb.PushDataV3ApiWrapper.FromString(frame).SerializeToString() for frame in frames]

    assert again == frames


def test_a_book_ticker_survives_the_round_trip() -> None:
    frame = frames.encode_book("ETHUSDT", wire.book_channel("ETHUSDT"), ("2400.1", "3", "2400.2", "4"), 7, 1000)

    assert wire.decode(frame) == wire.BookTicker(
        "ETHUSDT", Decimal("2400.1"), Decimal(3), Decimal("2400.2"), Decimal(4), 1000, 7
    )


def test_mini_tickers_name_turnover_and_change() -> None:
    row = {"symbol": "SOLUSDT", "price": "148", "rate": "-0.0436", "volume": "791368922.93", "quantity": "5319285"}

    tickers = wire.decode(frames.encode_mini_tickers(wire.MINI_TICKERS, [row], 5))

    assert tickers == [wire.MiniTicker("SOLUSDT", Decimal(148), Decimal("-0.0436"), Decimal("791368922.93"), 5)]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("NaN", "11", "9", "10", "1", "10"), "number"),
        (("Infinity", "11", "9", "10", "1", "10"), "number"),
        (("-10", "11", "9", "10", "1", "10"), "number"),
        (("10", "11", "9", "10", "1", "1e99"), "number"),
        (("ten", "11", "9", "10", "1", "10"), "number"),
        (("10", "9", "8", "10", "1", "10"), "candle_shape"),
        (("10", "11", "10.5", "10", "1", "10"), "candle_shape"),
    ],
)
def test_an_impossible_candle_is_refused_with_a_reason(texts: tuple[str, ...], reason: str) -> None:
    frame = frames.encode_candle("BTCUSDT", "Min1", 60, 120, texts, 1)

    with pytest.raises(BadFrame) as refused:
        wire.decode(frame)

    assert refused.value.reason == reason


def test_a_crossed_book_is_refused() -> None:
    frame = frames.encode_book("BTCUSDT", wire.book_channel("BTCUSDT"), ("101", "1", "100", "1"), 1, 1)

    with pytest.raises(BadFrame, match="crossed_book"):
        wire.decode(frame)


@pytest.mark.parametrize("body", [b"\xff\xff\xff", KLINE[:-3], b"garbage"])
def test_broken_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(BadFrame):
        wire.decode(body)


def test_the_committed_message_classes_are_what_the_definition_generates(tmp_path: Path) -> None:
    arguments = ["protoc", f"-I{PROTO.parent}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", PROTO.name]

    assert protoc.main(arguments) == 0

    for name in ("cdb_mexc_pb2.py", "cdb_mexc_pb2.pyi"):
        assert (tmp_path / name).read_text() == PROTO.with_name(name).read_text(), f"generate {name} again"
