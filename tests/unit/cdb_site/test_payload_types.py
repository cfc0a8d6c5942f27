"""The payload types follow EVENT_SCHEMA.json: same topics, same fields, same ones required."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cdb_site.bus import payloads, schema
from cdb_site.bus.management.commands import generate_payload_types as generator


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("generate_payload_types", *arguments, stdout=said)
    return said.getvalue()


def test_the_generated_file_is_up_to_date() -> None:
    assert run("--check") == "payloads.py is up to date\n"


@pytest.mark.parametrize("topic", sorted(schema.document()["topics"]))
def test_a_topics_type_has_exactly_the_schemas_fields(topic: str) -> None:
    definition = schema.document()["topics"][topic]

    payload = getattr(payloads, generator.camel(topic))

    assert set(payload.__annotations__) == set(definition["properties"])
    assert payload.__doc__ == definition["description"]


def test_a_stale_file_fails_the_check_and_is_left_alone(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / "payloads.py"
    stale.write_text("old\n")
    monkeypatch.setattr(generator, "TARGET", stale)

    with pytest.raises(CommandError, match="run `manage.py generate_payload_types`"):
        run("--check")

    assert stale.read_text() == "old\n"


def test_generating_writes_what_the_check_accepts(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "TARGET", tmp_path / "payloads.py")

    assert run() == "payloads.py written\n"
    assert run("--check") == "payloads.py is up to date\n"


def test_a_new_field_changes_the_source() -> None:
    document = {
        "$defs": {"side": {"enum": ["BUY", "SELL"]}, "decimal": {"type": "string"}},
        "topics": {
            "gossip.heard": {
                "description": "What was heard.",
                "properties": {
                    "side": {"$ref": "#/$defs/side"},
                    "price": {"anyOf": [{"$ref": "#/$defs/decimal"}, {"type": "null"}]},
                    "words": {
                        "type": "array",
                        "items": {"type": "object", "description": "One.", "properties": {"n": {"type": "integer"}}},
                    },
                },
                "required": ["side", "words"],
            }
        },
    }

    text = generator.source(document)

    assert 'Side = Literal["BUY", "SELL"]' in text
    assert "class GossipHeardWord(TypedDict):" in text
    assert "    side: Side\n    price: NotRequired[DecimalText | None]\n    words: list[GossipHeardWord]" in text
