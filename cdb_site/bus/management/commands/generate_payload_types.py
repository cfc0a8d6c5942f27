"""`manage.py generate_payload_types`: write `cdb_site/bus/payloads.py` from EVENT_SCHEMA.json: types follow fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cdb_site.bus import schema

TARGET = Path(__file__).resolve().parents[2] / "payloads.py"
HEADER = '''\
"""The payload of every topic as a TypedDict, generated from backoffice/docs/EVENT_SCHEMA.json.

Written by `manage.py generate_payload_types`; change the schema and run it again. Decimals and times travel as
text: `DecimalText` is plain digits, `TimeText` ISO-8601 UTC, `UuidText` a hyphenated UUID.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

DecimalText = str
TimeText = str
UuidText = str
SymbolText = str
'''
TEXTS = {"decimal": "DecimalText", "time": "TimeText", "uuid": "UuidText", "symbol": "SymbolText"}
PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "null": "None", "object": "dict[str, Any]"}


class Command(BaseCommand):
    help = "Generate the payload types from EVENT_SCHEMA.json. --check writes nothing and fails when they are stale."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only; exit 1 when the file is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = source(schema.document())
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
            self.stdout.write(f"{TARGET.name} is up to date")
        elif options["check"]:
            raise CommandError(f"{TARGET.name} does not fit the schema; run `manage.py generate_payload_types`")
        else:
            TARGET.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"{TARGET.name} written")


def source(document: dict[str, Any]) -> str:
    """The module's text for a schema document."""
    shared = [
        f"{camel(name)} = {type_of(rule, '', [])}" for name, rule in document["$defs"].items() if name not in TEXTS
    ]
    classes: list[str] = []
    for topic, definition in document["topics"].items():
        classes += typed_dict(camel(topic), definition)
    return "\n\n\n".join([HEADER + "\n".join(shared), *classes]) + "\n"


def typed_dict(name: str, definition: dict[str, Any]) -> list[str]:
    """The class of an object and, before it, those of the objects inside it."""
    inner: list[str] = []
    body = list(_body(name, definition, inner))
    return [*inner, "\n".join([f"class {name}(TypedDict):", *body])]


def _body(name: str, definition: dict[str, Any], inner: list[str]) -> Iterator[str]:
    yield f'    """{definition["description"]}"""'
    yield ""
    required = set(definition.get("required", ()))
    for field, rule in definition["properties"].items():
        kind = type_of(rule, name + camel(field).removesuffix("s"), inner)
        yield f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"


def type_of(rule: dict[str, Any], name: str, inner: list[str]) -> str:
    """The annotation of one field; objects with fields become classes called `name`, added to `inner`."""
    if "$ref" in rule:
        shared = rule["$ref"].rpartition("/")[2]
        return TEXTS.get(shared, camel(shared))
    if "enum" in rule:
        return f"Literal[{', '.join(_quoted(value) for value in rule['enum'])}]"
    if "anyOf" in rule:
        return " | ".join(type_of(option, name, inner) for option in rule["anyOf"])
    if rule["type"] == "array":
        return f"list[{type_of(rule['items'], name, inner)}]"
    if rule["type"] == "object" and "properties" in rule:
        inner.extend(typed_dict(name, rule))
        return name
    return PLAIN[rule["type"]]


def _quoted(value: str) -> str:
    return f'"{value}"'


def camel(name: str) -> str:
    """market_data.quotes → MarketDataQuotes."""
    return "".join(part.capitalize() for part in name.replace(".", "_").split("_"))
