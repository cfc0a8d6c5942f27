"""EVENT_SCHEMA.json: every topic's valid examples pass, every invalid one is refused by the name of its field."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cdb_site.bus import quick, schema
from cdb_site.bus.schema import InvalidEvent
from cdb_site.bus.topics import TOPICS
from cdb_site.local.folders import CHECKOUT

EXAMPLES: dict[str, dict[str, list[Any]]] = json.loads((Path(__file__).parent / "event_examples.json").read_text())
VALID = [(topic, payload) for topic, kinds in EXAMPLES.items() for payload in kinds["valid"]]
INVALID = [(topic, item["field"], item["payload"]) for topic, kinds in EXAMPLES.items() for item in kinds["invalid"]]


def independent(topic: str) -> jsonschema.Draft7Validator:
    """The same definition, read by the reference implementation."""
    document = schema.document()
    return jsonschema.Draft7Validator({**document["topics"][topic], "$defs": document["$defs"]})


@pytest.mark.parametrize(("topic", "payload"), VALID)
def test_a_valid_example_is_accepted(topic: str, payload: dict[str, Any]) -> None:
    schema.validate_payload(topic, payload)

    independent(topic).validate(payload)


@pytest.mark.parametrize(("topic", "field", "payload"), INVALID)
def test_an_invalid_example_is_refused_naming_topic_and_field(topic: str, field: str, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        schema.validate_payload(topic, payload)

    assert str(refusal.value).startswith(f"{topic}: ")
    assert field in str(refusal.value)
    assert list(independent(topic).iter_errors(payload))


def test_every_topic_has_a_definition_and_examples_of_both_kinds() -> None:
    assert set(TOPICS) == set(schema.document()["topics"]) == set(EXAMPLES)
    assert all(len(kinds["valid"]) >= 1 and len(kinds["invalid"]) >= 2 for kinds in EXAMPLES.values())


def test_the_document_itself_is_a_valid_schema() -> None:
    for topic in schema.document()["topics"]:
        independent(topic).check_schema(independent(topic).schema)


def test_unknown_fields_are_ignored() -> None:
    payload = VALID[0][1] | {"added_by_a_later_version": {"anything": 1}}

    schema.validate_payload(VALID[0][0], payload)


@pytest.mark.parametrize("payload", [None, [], 1, "text", True])
def test_a_payload_that_is_no_object_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidEvent, match="signals: payload must be object"):
        schema.validate_payload("signals", payload)


def test_a_topic_without_a_definition_is_refused_by_name() -> None:
    with pytest.raises(InvalidEvent, match=r"gossip: topic has no definition in EVENT_SCHEMA\.json"):
        schema.validate_payload("gossip", {})


def test_validating_does_not_change_the_payload() -> None:
    for topic, payload in VALID:
        before = json.dumps(payload)

        schema.validate_payload(topic, payload)

        assert json.dumps(payload) == before


NUMBERS = ("open", "high", "low", "close", "volume", "quote_volume")
CANDLE = {"symbol": "AAAUSDT", **dict.fromkeys(NUMBERS, "1.5")}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["", "1.", "-", "x", "1\n", "1\n2", "\n", "1 ", "٣"])
def test_one_bad_number_among_many_rows_is_refused_by_its_place(name: str, text: str) -> None:
    candles = [CANDLE] * 3 + [{**CANDLE, name: text}] + [CANDLE] * 3

    with pytest.raises(schema.InvalidEvent, match=rf"candles\.3\.{name} must match"):
        schema.validate_payload(
            "market_data", {"interval": "1m", "open_time": "2026-03-02T12:00:00Z", "candles": candles}
        )


def test_two_values_with_a_line_break_between_them_are_not_one_with_it() -> None:
    """Numbers of all rows are matched as lines of one text: a value with a break in it must not pass as two."""
    fits = quick.compiled(
        {
            "type": "object",
            "required": ["rows"],
            "properties": {
                "rows": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["number"],
                        "properties": {"number": {"type": "string", "pattern": "^[0-9]+$"}},
                    },
                }
            },
        }
    )

    assert [fits({"rows": [{"number": text}]}) for text in ("12", "1\n2", "")] == [True, False, False]


FIRST_USE = """
import sys, threading
from cdb_site.bus import quick, schema
sys.setswitchinterval(1e-6)
definition = schema._inlined(schema.document()["topics"]["decisions"])
for _ in range(150):
    fits, together = quick.compiled(definition), threading.Barrier(6)
    threads = [threading.Thread(target=lambda: (together.wait(), fits({"decision_id": "x"}))) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def test_threads_that_validate_for_the_first_time_together_do_not_end_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_USE], cwd=CHECKOUT, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
