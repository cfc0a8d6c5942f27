"""The envelope: deterministic ids, causes, and what happens to messages that cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdb_site.bus import schema
from cdb_site.bus.events import (
    NAMESPACE,
    BusEvent,
    NewerMajorVersion,
    decode,
    deterministic_id,
    encode,
    id_text,
    make,
)
from cdb_site.bus.schema import InvalidEvent
from tests.unit.cdb_site.test_schema import EXAMPLES

SIGNAL = EXAMPLES["signals"]["valid"][0]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def make_event(*, key: str = "one", cause: BusEvent | None = None, **options: Any) -> BusEvent:
    return make("signals", SIGNAL, key=key, producer="signal", occurred_at=NOON, cause=cause, **options)


def envelope(**changes: Any) -> dict[str, Any]:
    return json.loads(encode(make_event())) | changes


def test_saying_the_same_thing_twice_is_the_same_event() -> None:
    assert make_event(key="one").event_id == make_event(key="one").event_id
    assert make_event(key="one").event_id != make_event(key="two").event_id


def test_the_same_key_on_another_topic_is_another_event() -> None:
    quote = make("market_data.quotes", {"quotes": []}, key="one", producer="ws", occurred_at=NOON)

    assert quote.event_id != make_event(key="one").event_id


def test_ids_do_not_depend_on_where_their_parts_are_cut() -> None:
    assert deterministic_id("ab", "c") != deterministic_id("a", "bc")


def test_ids_are_the_same_on_every_machine_and_in_every_year() -> None:
    assert deterministic_id("signals", "one") == UUID("f7f2c9d2-dd9a-5fc6-b3a8-051229bd17cb")


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=3))
def test_an_id_is_the_uuid5_of_its_parts(parts: list[str]) -> None:
    assert deterministic_id(*parts) == uuid5(UUID(bytes=NAMESPACE), "\x1f".join(parts))
    assert id_text(*parts) == str(deterministic_id(*parts))


def test_what_begins_a_chain_of_its_own_still_names_its_cause() -> None:
    first = make_event(key="one")

    second = make_event(key="two", cause=first, begins_chain=True)

    assert (second.correlation_id, second.causation_id) == (second.event_id, first.event_id)


def test_an_event_without_a_cause_begins_its_own_chain() -> None:
    event = make_event()

    assert (event.correlation_id, event.causation_id) == (event.event_id, None)


def test_an_event_with_a_cause_continues_its_chain() -> None:
    first = make_event(key="one")
    second = make_event(key="two", cause=first)
    third = make_event(key="three", cause=second)

    assert (third.correlation_id, third.causation_id) == (first.event_id, second.event_id)


def test_times_travel_as_utc_whatever_the_zone_they_were_given_in() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))

    event = make("signals", SIGNAL, key="one", producer="signal", occurred_at=berlin)

    assert event.occurred_at == "2026-01-02T12:00:00.000000Z"


def test_an_event_survives_the_wire() -> None:
    event = make_event(cause=make_event(key="zero"))

    assert decode(encode(event)) == event


def test_an_invalid_payload_is_refused_before_it_is_an_event() -> None:
    with pytest.raises(InvalidEvent, match="side"):
        make("signals", SIGNAL | {"side": "HOLD"}, key="one", producer="signal", occurred_at=NOON)


@pytest.mark.parametrize("name", BusEvent.__slots__)
def test_an_envelope_without_one_of_its_fields_is_refused_by_name(name: str) -> None:
    body = envelope()
    del body[name]

    with pytest.raises(InvalidEvent, match=name):
        decode(json.dumps(body).encode())


@pytest.mark.parametrize(("name", "value"), [
    ("event_id", "1"), ("schema_version", "one"), ("schema_version", "1"), ("occurred_at", "2026-01-02"),
    ("producer", ""), ("correlation_id", None), ("causation_id", "x"), ("payload", []), ("topic", ""),
    ("schema_version", "9" * 5000 + ".0"),
])  # fmt: skip
def test_a_malformed_envelope_field_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidEvent, match=name):
        decode(json.dumps(envelope(**{name: value})).encode())


@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b"7", b'"text"', b"\xff\xfe", b"\x00", b"[" * 5000, b'{"payload": "\\ud800"}',
    b'{"a": NaN}', "{'a': 1}".encode("utf-16"),
])  # fmt: skip
def test_what_is_no_event_at_all_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="envelope"):
        decode(body)


def test_an_unknown_topic_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidEvent, match="gossip: topic has no definition"):
        decode(json.dumps(envelope(topic="gossip")).encode())


def test_an_unknown_optional_field_of_the_envelope_is_ignored() -> None:
    assert decode(json.dumps(envelope(added_later=1)).encode()) == make_event()


def test_a_newer_minor_version_is_read() -> None:
    assert decode(json.dumps(envelope(schema_version="1.99")).encode()).schema_version == "1.99"


@pytest.mark.parametrize("version", ["2.0", "10.3"])
def test_a_newer_major_version_is_not_guessed_at(version: str) -> None:
    with pytest.raises(NewerMajorVersion, match=version):
        decode(json.dumps(envelope(schema_version=version, payload={"quite": "different"})).encode())


def test_the_current_version_is_the_documents() -> None:
    assert make_event().schema_version == schema.version()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_either_an_event_or_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(body)


@given(st.sampled_from(BusEvent.__slots__), json_values)
def test_any_value_in_any_field_is_read_or_refused_and_nothing_else(name: str, value: Any) -> None:
    body = json.dumps(envelope(**{name: value})).encode()

    try:
        decode(body)
    except (InvalidEvent, NewerMajorVersion) as refusal:
        assert str(refusal)


@given(st.sampled_from(sorted(SIGNAL)), json_values)
def test_any_value_in_any_field_of_a_payload_is_read_or_refused(name: str, value: Any) -> None:
    body = json.dumps(envelope(payload=SIGNAL | {name: value})).encode()

    try:
        assert decode(body).payload[name] == value
    except InvalidEvent as refusal:
        assert name in str(refusal)
