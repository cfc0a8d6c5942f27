"""The quick half of validation: a payload definition compiled to msgspec types, checked in C.

It only ever says "surely fits": what it refuses is judged by the full validator, whose word counts and which names the
field. Understands the parts of JSON Schema that EVENT_SCHEMA.json uses; anything else is left to the full validator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

import msgspec

Schema = dict[str, Any]


def compiled(schema: Schema) -> Callable[[Any], bool]:
    """Whether a payload surely fits `schema` (references already replaced)."""
    kind = _type(schema, "payload")

    def fits(payload: Any) -> bool:
        try:
            msgspec.convert(payload, kind)
        except msgspec.ValidationError:
            return False
        return True

    return fits


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
