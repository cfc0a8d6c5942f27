"""Validation of every event against `backoffice/docs/EVENT_SCHEMA.json`, the only definition of its fields.

Validators are compiled once per process (about 3 µs a message). A message that does not fit raises `InvalidEvent`
naming topic, field and rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from cdb_site.bus import quick

SCHEMA_PATH = Path(__file__).resolve().parents[2] / "backoffice" / "docs" / "EVENT_SCHEMA.json"

_defined: dict[str, dict[str, Any]] = {}


class InvalidEvent(ValueError):
    """A message that breaks the schema. `field` is the path of the first offending field."""

    def __init__(self, topic: str, field: str, rule: str) -> None:
        super().__init__(f"{topic}: {field} {rule}")
        self.topic, self.field, self.rule = topic, field, rule


@cache
def document() -> dict[str, Any]:
    """The whole schema document."""
    loaded: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return loaded


def version() -> str:
    return str(document()["schema_version"])


def define(topic: str, payload_schema: dict[str, Any]) -> None:
    """Give a topic that is not in the document its payload schema."""
    _defined[topic] = payload_schema
    payload_validator.cache_clear()


def _compile(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """The validator: quickly yes where it surely fits, else the full one, which raises and names the field."""
    whole = _inlined(schema)
    full: Callable[[Any], Any] = fastjsonschema.compile(whole, use_default=False)
    fits = quick.compiled(whole)
    return lambda value: fits(value) or full(value)


def _inlined(schema: Any) -> Any:
    """The schema with every reference replaced by what it names."""
    if isinstance(schema, list):
        return [_inlined(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(document()["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    return {name: _inlined(value) for name, value in schema.items()}


@cache
def payload_validator(topic: str) -> Callable[[Any], Any]:
    schema = _defined.get(topic) or document()["topics"].get(topic)
    if schema is None:
        raise InvalidEvent(topic, "topic", "has no definition in EVENT_SCHEMA.json")
    return _compile(schema)


@cache
def _envelope_validator() -> Callable[[Any], Any]:
    return _compile(document()["envelope"])


def _run(validator: Callable[[Any], Any], value: Any, topic: str) -> None:
    try:
        validator(value)
    except fastjsonschema.JsonSchemaValueException as problem:
        field = ".".join(str(part) for part in problem.path[1:]) or "payload"
        raise InvalidEvent(topic, field, problem.message.removeprefix(problem.name or "").strip()) from problem


def validate_payload(topic: str, payload: Any) -> None:
    """Raise InvalidEvent unless `payload` fits the topic's definition."""
    _run(payload_validator(topic), payload, topic)


def validate_envelope(envelope: Any) -> None:
    """Raise InvalidEvent unless `envelope` has every common field in the right form."""
    _run(_envelope_validator(), envelope, "envelope")


def compile_all() -> None:
    """Every validator now, instead of each at its first message."""
    _envelope_validator()
    for topic in document()["topics"]:
        payload_validator(topic)
