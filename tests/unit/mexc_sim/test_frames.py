"""The frames the simulated exchange sends are spelled as the captured ones: same fields, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marketdata.mexc import wire
from marketdata.mexc.proto import cdb_mexc_pb2 as pb
from mexc_sim.market.exchange import Deal
from mexc_sim.server import frames

# Captured from the exchange: a kline, a book ticker, two deals.
CAPTURED = [
    "0a2873706f74407075626c69632e6b6c696e652e76332e6170692e70624042544355534454404d696e311a0742544355534454222032666239"
    "343231353465663434613461623265663938633861666236613461"
    "3728f0e1cfa88d34a2134b0a044d696e3110f08bd6d5061a0838343330302e3134220538343237302a0838343330302e313532053834323730"
    "3a0a322e383430343432303342093233393339332e363948ac8cd6d506",
    "0a3473706f74407075626c69632e61676772652e626f6f6b5469636b65722e76332e6170692e7062403130306d7340425443555344541a0742"
    "54435553445430bab6cfa88d34da133b0a0538343237301208302e3030363338371a0838343237302e3031220a352e34323136393936392a0b"
    "383231363431353334333630979fcfa88d34",
    "0a2f73706f74407075626c69632e61676772652e6465616c732e76332e6170692e7062403130306d7340425443555344541a07425443555344"
    "5430aacccfa88d34d213bb010a470a053834323730120a302e3030303939383239180220e0cbcfa88d342a2937333139303138393639383533"
    "393932393658305f37333139303138393639383533393932393758300a470a053834323730120a302e3030303139313639180120e1cbcfa88d"
    "342a2937333139303138393639383533393932393858305f3733313930313839363938353339393239395830122773706f74407075626c6963"
    "2e61676772652e6465616c732e76332e6170692e7062403130306d73",
]
FOLDER = Path(__file__).parents[4] / "shared" / "data" / "mexc_frames.json"


def captured() -> list[tuple[str, dict[str, Any] | None]]:
    """Hex and, where the folder of captured frames lies beside the project, what each decodes to."""
    known: list[tuple[str, dict[str, Any] | None]] = [(text, None) for text in CAPTURED]
    if FOLDER.exists():
        known += [(item["hex"], item["decoded"]) for item in json.loads(FOLDER.read_text())]
    return known


@pytest.mark.parametrize(("text", "decoded"), captured())
def test_a_captured_frame_is_encoded_again_byte_for_byte_from_its_values(
    text: str, decoded: dict[str, Any] | None
) -> None:
    wrapper = pb.PushDataV3ApiWrapper.FromString(bytes.fromhex(text))

    assert wrapper.SerializeToString().hex() == text
    assert _encoded(wrapper, wrapper.symbolId).hex() == text
    if decoded is not None:
        assert _plain(wrapper) == decoded


def _encoded(wrapper: pb.PushDataV3ApiWrapper, symbol_id: str) -> bytes:
    """The same frame from our encoders; the exchange's id of the symbol and the book's times are taken over."""
    if wrapper.HasField("publicSpotKline"):
        body = wrapper.publicSpotKline
        texts = (body.openingPrice, body.highestPrice, body.lowestPrice, body.closingPrice, body.volume, body.amount)
        frame = frames.encode_candle(
            wrapper.symbol, body.interval, body.windowStart, body.windowEnd, texts, wrapper.createTime
        )
        return frame.replace(frames.symbol_id(wrapper.symbol).encode(), symbol_id.encode())
    if wrapper.HasField("publicAggreDeals"):
        deals = [
            Deal(item.price, item.quantity, item.time, item.tradeType == frames.BUY, item.tradeId)
            for item in wrapper.publicAggreDeals.deals
        ]
        return frames.encode_deals(wrapper.symbol, wrapper.channel, deals, wrapper.sendTime)
    book = wrapper.publicAggreBookTicker
    sides = (book.bidPrice, book.bidQuantity, book.askPrice, book.askQuantity)
    again = pb.PushDataV3ApiWrapper.FromString(
        frames.encode_book(wrapper.symbol, wrapper.channel, sides, int(book.version), wrapper.sendTime)
    )
    again.publicAggreBookTicker.lastOrderCreateTime = book.lastOrderCreateTime
    return again.SerializeToString()


def _plain(message: Any) -> Any:
    """A message as JSON would tell it: 64-bit numbers as texts."""
    told: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.message_type is None:
            told[field.name] = str(value) if field.cpp_type == field.CPPTYPE_INT64 else value
        else:
            told[field.name] = [_plain(item) for item in value] if field.is_repeated else _plain(value)
    return told


def test_depth_frames_carry_both_versions_as_texts() -> None:
    channel = "spot@public.aggre.depth.v3.api.pb@100ms@SOLUSDT"

    body = pb.PushDataV3ApiWrapper.FromString(
        frames.encode_depth("SOLUSDT", channel, [("1.5", "2")], [("1.6", "0")], (8, 9), 1000)
    )

    assert body.publicAggreDepths.eventType == "spot@public.aggre.depth.v3.api.pb@100ms"
    assert (body.publicAggreDepths.fromVersion, body.publicAggreDepths.toVersion) == ("8", "9")
    assert [(level.price, level.quantity) for level in body.publicAggreDepths.asks] == [("1.6", "0")]
    assert [(level.price, level.quantity) for level in body.publicAggreDepths.bids] == [("1.5", "2")]


def test_frames_of_unused_channels_are_no_trouble_for_our_client() -> None:
    row = {"symbol": "SOLUSDT", "price": "148", "rate": "0.01", "volume": "12", "quantity": "3"}
    sent = [
        frames.encode_deals("SOLUSDT", "spot@public.aggre.deals.v3.api.pb@10ms@SOLUSDT", [], 1),
        frames.encode_mini_ticker("spot@public.miniTicker.v3.api.pb@SOLUSDT@24H", row, 1),
    ]

    assert [wire.decode(frame) for frame in sent] == [None, None]
