"""A program that knows the description alone: it logs in, lists decisions, proposes a limit, halts and resumes."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from tests.builders import open_paper_account, plant_instrument
from tests.integration.api.api_house import PASSWORD, decision, description, person
from tests.integration.risk.acts_house import state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@dataclass
class DescribedApi:
    """Calls operations by their names, as the description has them, and holds every answer against it."""

    address: str
    description: dict[str, Any]
    token: str = ""
    operations: dict[str, tuple[str, str, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path, methods in self.description["paths"].items():
            for method, operation in methods.items():
                self.operations[operation["operationId"]] = (path, method.upper(), operation)

    def call(self, name: str, body: Any = None, **values: Any) -> Any:
        path, method, operation = self.operations[name]
        headers = {"Content-Type": "application/json"}
        if {"bearer": []} in operation.get("security", []):
            headers["Authorization"] = f"Bearer {self.token}"
        query = {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":
                headers[parameter["name"]] = str(uuid4())
            elif parameter["name"] in values:
                path = path.replace(f"{{{parameter['name']}}}", str(values[parameter["name"]]))
                query |= {parameter["name"]: values[parameter["name"]]} if parameter["in"] == "query" else {}
        address = f"{self.address}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(  # noqa: S310
            address, None if body is None else json.dumps(body).encode(), headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            told = json.loads(answer.read())
        shape = operation["responses"][str(answer.status)]["content"]["application/json"]["schema"]
        Draft202012Validator(shape | {"components": self.description["components"]}).validate(told)
        return told


def test_from_the_description_alone_a_program_does_an_operators_work(live_server: Any, tmp_path: Path) -> None:
    plant_instrument()
    open_paper_account()
    planted = [str(decision(number).decision_id) for number in range(5)]
    person("operator")
    api = DescribedApi(live_server.url, description())

    api.token = api.call("log_in", {"username": "operator-anna", "password": PASSWORD})["token"]
    page = api.call("list_decisions", limit=4, outcome="REJECTED")
    (rest,) = api.call("list_decisions", limit=4, outcome="REJECTED", cursor=cursor(page["next"]))["results"]
    limits = api.call("read_limits")
    proposed = api.call(
        "propose_limits", {"based_on": limits["version"], "reason": "calmer", "max_exposure_pct": "0.4"}
    )
    halted = api.call("halt", {"reason": "a look at the books"})
    held = state()
    resumed = api.call("resume", {"reason": "nothing found"})

    assert {row["decision_id"] for row in [*page["results"], rest]} == set(planted)
    assert api.call("read_decision", decision_id=rest["decision_id"]) == rest
    assert (proposed["answer"], halted["answer"], held, resumed["answer"]) == (
        "LIMITS_IN_FORCE", "HALTED", "HALTED", "RESUMED",
    )  # fmt: skip
    assert state() == "ACTIVE"


def cursor(address: str) -> str:
    return urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["cursor"][0]
