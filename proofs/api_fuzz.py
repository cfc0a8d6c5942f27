"""The API's part of `make proofs`: requests made from its description, as every role, on a running demo.

Asked of every answer: no 5xx, a status, a media type and a shape that the description has; of a viewer besides that
nothing was done. What is right and what is wrong by the description is tried, each as often. One JSON line last.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cdb_site.local import state
from cdb_site.local.folders import CHECKOUT
from proofs.restarts.demo import Demo
from proofs.rig.program import ProgramResult, run_program
from proofs.rig.waiting import expect, say

DESCRIPTION = CHECKOUT / "api" / "openapi.yaml"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = ("viewer", "operator", "admin")
# It would end the token with which all others are asked.
NOT_ASKED = {"log_out", "log_out_everywhere"}
PASSWORD = "a long password of the proofs"  # noqa: S105
PEOPLE = """
from django.contrib.auth.models import User
from risk.roles import give_role
for role in ("viewer", "operator", "admin"):
    give_role(User.objects.create_user(f"fuzz-{role}", password="%s"), role)
"""


@dataclass(slots=True, kw_only=True)
class Attacked:
    """What came of the requests of one role: how many had which status, and each way in which an answer was wrong."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def attack(address: str, token: str, *, examples: int, number: int = 1, only: Sequence[str] = ()) -> Attacked:
    """Every operation of the description, `examples` requests of each kind; `only` names some of them."""
    found = Attacked()
    description = schemathesis.openapi.from_dict(yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8")))
    for result in description.get_all_operations():
        operation = result.ok()
        name = operation.definition.raw["operationId"]
        if name in NOT_ASKED or (only and name not in only):
            continue
        for mode in GenerationMode:
            try:
                _ask(operation, mode, address, token, examples, number, found)
            except (Exception, BaseExceptionGroup) as problem:
                found.failures.append(f"{name} ({mode.value}): {problem}"[:2000])
    return found


def _ask(
    operation: Any, mode: GenerationMode, address: str, token: str, examples: int, number: int, found: Attacked
) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(base_url=address, headers={"Authorization": f"Bearer {token}"})
        found.requests += 1
        found.statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()


def _done_by(address: str, token: str) -> Counter[str]:
    """How many acts are stored, by who asked for them."""
    done: Counter[str] = Counter()
    page: str | None = f"{address}/api/v1/acts/?limit=1000"
    while page:
        asked = urllib.request.Request(page, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            told = json.load(answer)
        done.update(row["by"] for row in told["results"])
        page = told["next"]
    return done


def log_in(address: str, username: str, password: str) -> str:
    """A token."""
    body = json.dumps({"username": username, "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{address}/api/v1/auth/login/", body, headers)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
        return str(json.load(answer)["token"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m proofs.api_fuzz", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--examples", type=int, default=40, help="of each kind and address (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random requests (default %(default)s)")
    options = parser.parse_args(arguments)
    os.environ |= {"API_REQUESTS_PER_MINUTE": "1000000", "API_LOGINS_PER_MINUTE": "100000"}

    def work(told: ProgramResult) -> None:
        with tempfile.TemporaryDirectory(prefix="cdb-api-") as folder:
            demo = Demo(Path(folder) / "data", "--fresh")
            try:
                demo.start()
                _attack_all(demo, options, told)
            finally:
                demo.stop()

    return run_program("API", work)


def _attack_all(demo: Demo, options: argparse.Namespace, told: ProgramResult) -> None:
    said = demo.manage("shell", "-c", PEOPLE % PASSWORD)
    address = state.read(demo.folder).url.rstrip("/")
    figures: dict[str, Any] = {}
    for place, role in enumerate(ROLES):
        found = attack(
            address, log_in(address, f"fuzz-{role}", PASSWORD), examples=options.examples, number=options.seed + place
        )
        say(f"API as {role}: {found.requests} requests, {len(found.failures)} failures; {said[:80]}")
        told.failures += found.failures
        figures[role] = {
            "requests": found.requests,
            "failures": len(found.failures),
            "statuses": {str(status): count for status, count in sorted(found.statuses.items())},
        }
    done = _done_by(address, log_in(address, "fuzz-viewer", PASSWORD))
    told.failures += [f"{by} did {count} things" for by, count in done.items() if by == "fuzz-viewer"]
    told.figures |= figures | {"acts": dict(done)}
    expect(figures["operator"]["statuses"].get("200"), "no request was carried out: nothing was proven")


if __name__ == "__main__":
    sys.exit(main())
