"""The OpenAPI file: it says what the code says, and it describes everything in words."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.utils import translation

from api.urls import urlpatterns
from api.views.description import FILE
from tests.integration.api.api_house import API, description, person, program

DESCRIPTION = description()
OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for path in DESCRIPTION["paths"].values()
    for operation in path.values()
]
# Described by themselves, or not at all.
UNDESCRIBED = {"api-openapi", "api-docs", "api-docs-file", "api-nothing"}


def test_the_committed_description_is_the_one_that_is_generated() -> None:
    written = io.StringIO()
    with translation.override("en"):
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)

    assert written.getvalue() == FILE.read_text(encoding="utf-8"), (
        "write it anew: manage.py spectacular --file api/openapi.yaml"
    )


def test_every_address_is_described() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1")
    assert len(DESCRIPTION["paths"]) == len([row for row in urlpatterns if row.name not in UNDESCRIBED])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_does_and_every_act_has_its_key(operation: dict[str, Any]) -> None:
    assert operation["description"].endswith(".")
    assert operation["tags"] and "429" in operation["responses"]
    if "ActRow" in str(operation["responses"].get("202", "")):
        (key,) = [item for item in operation["parameters"] if item["name"] == "Idempotency-Key"]
        assert key["required"]


def test_every_field_is_described_with_its_unit() -> None:
    silent = [
        f"{name}.{field}"
        for name, shape in DESCRIPTION["components"]["schemas"].items()
        for field, said in shape.get("properties", {}).items()
        if not said.get("description")
    ]

    assert silent == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_the_file_and_its_page_are_for_who_is_logged_in(client: Any) -> None:
    assert client.get(API + "docs/").status_code == 302
    client.force_login(person("viewer"))

    page = client.get(API + "docs/")

    assert page.status_code == 200 and "<script>" not in page.content.decode()
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert yaml.safe_load(client.get(API + "openapi.yaml").content) == DESCRIPTION


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_the_description_is_read_with_a_token_too() -> None:
    assert program().get("openapi.yaml").status_code == 200
