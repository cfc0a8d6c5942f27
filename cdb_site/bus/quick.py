"""The quick half of validation: a payload definition compiled to msgspec types, checked in C.

It only ever says "surely fits": what it refuses is judged by the full validator, whose word counts and which names the
field. Understands the parts of JSON Schema that EVENT_SCHEMA.json uses; anything else is left to the full validator.

The numbers of many rows, as of 400 candles, are matched by one expression over all of them together: one by one the
matching was nine tenths of the work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any, Literal, Union

import msgspec

Schema = dict[str, Any]
Check = Callable[[dict[str, Any]], bool]


def compiled(schema: Schema) -> Callable[[Any], bool]:
    """Whether a payload surely fits `schema` (references already replaced)."""
    rows, rest = _rows_apart(schema)
    kind = _type(rest, "payload")
    # msgspec completes a type when it is first used, and two threads that do so at once end the process (0.22.0): the
    # first use is here, before anybody else has it.
    with suppress(msgspec.ValidationError):
        msgspec.convert({}, kind)

    def fits(payload: Any) -> bool:
        try:
            msgspec.convert(payload, kind)
        except msgspec.ValidationError:
            return False
        return all(check(payload) for check in rows)

    return fits


def _rows_apart(schema: Schema) -> tuple[list[Check], Schema]:
    """Checks of the patterns that required fields of a payload's rows have, and the schema without those patterns."""
    checks: list[Check] = []
    properties = dict(schema.get("properties", {}))
    for field, part in properties.items():
        items = part.get("items", {})
        by_pattern: dict[str, list[str]] = {}
        for name in items.get("required", ()) if field in schema.get("required", ()) else ():
            if items["properties"][name].keys() == {"type", "pattern"}:
                by_pattern.setdefault(items["properties"][name]["pattern"], []).append(name)
        for pattern, names in by_pattern.items():
            checks.append(_all_match(pattern, field, names))
            bare = {name: {"type": "string"} for name in names}
            items = {**items, "properties": {**items["properties"], **bare}}
        properties[field] = {**part, "items": items} if by_pattern else part
    return checks, {**schema, "properties": properties} if checks else schema


def _all_match(pattern: str, rows: str, names: list[str]) -> Check:
    """Whether these fields of every row match the pattern; none may hold a line break, which parts the values."""
    one = pattern.removeprefix("^").removesuffix("$")
    whole = re.compile(rf"(?:(?:{one})\n)*")
    pick = itemgetter(*names)
    values_of = (
        (lambda found: chain.from_iterable(map(pick, found))) if len(names) > 1 else lambda found: map(pick, found)
    )

    def check(payload: dict[str, Any]) -> bool:
        values = [*values_of(payload[rows]), ""]
        text = "\n".join(values)
        return text.count("\n") == len(values) - 1 and whole.fullmatch(text) is not None

    return check


def _type(schema: Schema, name: str) -> Any:
    if "anyOf" in schema:
        return Union[tuple(_type(choice, name) for choice in schema["anyOf"])]  # noqa: UP007 - made at run time
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    makers: dict[str, Callable[[Schema, str], Any]] = {
        "object": _object,
        "array": lambda part, inner: Annotated[
            list[_type(part["items"], inner)],  # type: ignore[misc]
            msgspec.Meta(min_length=part.get("minItems")),
        ],
        "string": lambda part, _: _bounded(
            str, pattern=_whole(part.get("pattern")), min_length=part.get("minLength"), max_length=part.get("maxLength")
        ),
        "integer": lambda part, _: _bounded(int, ge=part.get("minimum"), le=part.get("maximum")),
        "boolean": lambda part, _: bool,
        "null": lambda part, _: type(None),
    }
    return makers[schema["type"]](schema, name)


def _object(schema: Schema, name: str) -> Any:
    if "properties" not in schema:
        return dict[str, Any]
    required = set(schema.get("required", ()))
    fields: list[Any] = []
    for field, part in schema["properties"].items():
        kind = _type(part, f"{name}_{field}")
        fields.append((field, kind) if field in required else (field, kind | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, kw_only=True, gc=False)


def _bounded(kind: type, **bounds: Any) -> Any:
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return Annotated[kind, msgspec.Meta(**given)] if given else kind


def _whole(pattern: str | None) -> str | None:
    """`$` would also match before a final line break."""
    return None if pattern is None else pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
