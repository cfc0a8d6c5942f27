"""An operator's program, written from `api/openapi.yaml` alone: addresses, methods, headers, socket are read there.

    export CDB_PASSWORD=…
    .venv/bin/python docs/examples/operator_program.py http://127.0.0.1:8004 operator

It logs in, lists the newest decisions, tightens the exposure limit by a hundredth, halts, resumes, then follows three
order results as they come. Every answer is one line. It needs PyYAML and websockets, nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from websockets.sync.client import connect

DESCRIPTION = Path(__file__).resolve().parents[2] / "api" / "openapi.yaml"
SOCKET = "/ws/overview/"
ACKNOWLEDGED_EVERY_S = 4.0


class Api:
    """Operations by the names that the description gives them."""

    def __init__(self, site: str, described: dict[str, Any]) -> None:
        self.site, self.described, self.token = site.rstrip("/"), described, ""
        self.operations = {
            operation["operationId"]: (path, method.upper(), operation)
            for path, methods in described["paths"].items()
            for method, operation in methods.items()
        }

    def call(self, name: str, body: Any = None, **query: Any) -> Any:
        path, method, operation = self.operations[name]
        headers = {"Content-Type": "application/json"}
        if {"bearer": []} in operation.get("security", []):
            headers["Authorization"] = f"Bearer {self.token}"
        for parameter in operation.get("parameters", []):
            if parameter["name"] == "Idempotency-Key":
                headers["Idempotency-Key"] = str(uuid.uuid4())
        address = f"{self.site}{path}?{urllib.parse.urlencode(query)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            sys.exit(f"error: {name}: {refused.code} {json.loads(refused.read())['detail']}")
        except urllib.error.URLError as problem:
            sys.exit(f"error: {self.site} does not answer: {problem.reason}. `make ps` names its address.")

    def order_results(self, wanted: int) -> None:
        """Print so many order results; one that is an old version of its order is passed over."""
        talk, versions = self.described["x-sockets"][SOCKET]["client"], {}
        address = f"{self.site.replace('http', 'ws', 1)}{SOCKET}"
        headers = {"Authorization": f"Bearer {self.token}"}
        with connect(address, additional_headers=headers, proxy=None) as socket:
            socket.recv()
            socket.send(json.dumps(talk["begin"]))
            socket.recv()  # the snapshot: what comes from now on is a change
            print("following order results", flush=True)
            acknowledged_s = time.monotonic()
            for heard, text in enumerate(socket, 3):
                for row in json.loads(text).get("changes", {}).get("orders", []):
                    if row["version"] > versions.get(row["id"], -1):
                        versions[row["id"]] = row["version"]
                        print(
                            "result  ", row["id"], row["symbol"], row["side"], row["status"], row["filled"], flush=True
                        )
                        wanted -= 1
                if wanted <= 0:
                    return
                if time.monotonic() - acknowledged_s > ACKNOWLEDGED_EVERY_S:
                    socket.send(json.dumps(talk["acknowledge"] | {"ack": heard}))
                    acknowledged_s = time.monotonic()


def main() -> None:
    options = _options()
    api = Api(options.site, yaml.safe_load(options.description.read_text(encoding="utf-8")))
    login = {"username": options.user, "password": os.environ["CDB_PASSWORD"]}
    api.token = api.call("log_in", login | ({"code": options.code} if options.code else {}))["token"]
    for row in api.call("list_decisions", limit=5)["results"]:
        print("decision", row["decision_id"], row["symbol"], row["side"], row["outcome"], row["sentence"])
    limits = api.call("read_limits")
    exposure = next(Decimal(row["value"]) for row in limits["limits"] if row["name"] == "max_exposure_pct")
    tighter = str((exposure * Decimal("0.99")).quantize(Decimal("0.0001")))
    wish = {"based_on": limits["version"], "max_exposure_pct": tighter, "reason": "the example of docs/api.md"}
    print("limits  ", api.call("propose_limits", wish)["sentence"])
    print("halt    ", api.call("halt", {"reason": "the example of docs/api.md"})["sentence"])
    print("resume  ", api.call("resume", {"reason": "the example of docs/api.md"})["sentence"])
    api.order_results(options.results)
    api.call("log_out")
    print("logged out")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An operator's work over the API and its socket.")
    parser.add_argument("site", help="address of the dashboard, such as http://127.0.0.1:8004")
    parser.add_argument("user", help="who asks; the password stands in CDB_PASSWORD")
    parser.add_argument("--code", help="of the authenticator, where the user has a second factor")
    parser.add_argument("--results", type=int, default=3, metavar="N", help="order results to wait for (default 3)")
    parser.add_argument("--description", type=Path, default=DESCRIPTION, metavar="FILE", help="the OpenAPI file")
    options = parser.parse_args()
    if not os.environ.get("CDB_PASSWORD"):
        parser.error("CDB_PASSWORD is empty. Set it to the user's password: export CDB_PASSWORD=…")
    return options


if __name__ == "__main__":
    main()
