"""The API described in OpenAPI 3.1: what the generator cannot see by itself. The file is `api/openapi.yaml`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from api.problems import MEDIA_TYPE

PROBLEM = {
    "type": "object",
    "description": "Why a request was not carried out (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string", "description": "urn:cdb:problem: and the code"},
        "title": {"type": "string", "description": "kind of the problem, in words"},
        "status": {"type": "integer", "description": "status of the answer"},
        "detail": {"type": "string", "description": "what is wrong and what would be right, in words"},
        "code": {"type": "string", "description": "kind of the problem, for programs"},
        "errors": {
            "type": "array",
            "description": "field by field",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "name of the field, parameter or header"},
                    "detail": {"type": "string", "description": "what is wrong with it and what would be right"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "urn:cdb:problem:bad-value",
            "title": "A value is wrong",
            "status": 400,
            "detail": "limit: a whole number from 1 to 1000",
            "code": "bad-value",
            "errors": [{"field": "limit", "detail": "a whole number from 1 to 1000"}],
        }
    ],
}
REFUSALS = {
    "400": "A value is wrong, or a field or parameter is not known.",
    "401": "No token, or one that is unknown, expired or revoked.",
    "403": "It needs another role, or the page's CSRF token.",
    "404": "Nothing has this name.",
    "406": "Not in this format.",
    "409": "Refused: the answer says why.",
    "415": "The body is no JSON.",
    "422": "The Idempotency-Key belongs to another wish.",
    "429": "Too many requests; `Retry-After` has the seconds to wait.",
    "503": "PostgreSQL or Redis does not answer; try again.",
}

# OpenAPI knows requests alone; `x-sockets` says the same of the one address that is none.
SOCKETS = {
    "/ws/overview/": {
        "description": "Live rows. The token as the header `Authorization: Bearer …`, or as the subprotocol `bearer.…` "
        "beside `cdb.v1`. Texts are JSON. The server says `hello`; the client answers with `begin`; a `snapshot` "
        "comes, then `batch` after `batch`, and a `tick` every two seconds. Closed with 4401: log in again; "
        "4403: other rights; 4408: `acknowledge` was not sent.",
        "security": [{"bearer": []}],
        "client": {
            "begin": {"version": 1, "resume": None, "want": ["trading"]},
            "acknowledge": {"ack": 20},
            "acknowledge_description": "How many texts were received since the socket opened; every four seconds.",
        },
        "server": {
            "batch": {
                "type": "object",
                "properties": {
                    "type": {"const": "batch"},
                    "changes": {
                        "type": "object",
                        "description": "rows by kind; a kind without changes is missing",
                        "properties": {
                            "orders": {"type": "array", "items": {"$ref": "#/components/schemas/LiveOrder"}}
                        },
                    },
                },
            }
        },
    }
}
LIVE_ORDER = {
    "type": "object",
    "description": "An order as it stands after a result. A lower version of the same id is ignored.",
    "required": ["id", "version", "symbol", "side", "status", "quantity", "filled"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "order_id of /api/v1/orders/"},
        "version": {"type": "integer", "description": "rises with every change"},
        "symbol": {"type": "string", "description": "instrument"},
        "side": {"type": "string", "description": "BUY or SELL"},
        "status": {"type": "string", "description": "as `status` of /api/v1/orders/"},
        "quantity": {"type": "string", "description": "in base units"},
        "filled": {"type": "string", "description": "of the quantity, so far"},
        "avg_price": {"type": ["string", "null"], "description": "mean price of the fills; null: none yet"},
    },
}


class ApiSchema(AutoSchema):
    """Adds the refusals every address may answer with; lists are offered as CSV too."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for status in REFUSALS:
            responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
        return dict(sorted(responses.items()))

    def _get_response_for_code(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        response: dict[str, Any] = super()._get_response_for_code(*arguments, **options)
        if "text/csv" in response.get("content", {}):
            response["content"]["text/csv"] = {"schema": {"type": "string", "description": "one line a row"}}
        return response


def register() -> None:
    """The way in by a token, for the generator."""

    class BearerScheme(OpenApiAuthenticationExtension):
        target_class = "api.tokens.BearerToken"
        name = "bearer"

        def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
            words = "Token of /api/v1/auth/login/, as `Authorization: Bearer …`."
            return {"type": "http", "scheme": "bearer", "description": words}


def only_the_api(endpoints: list[Any], **_: Any) -> list[Any]:
    """Not what answers for addresses that do not exist."""
    return [row for row in endpoints if row[0].startswith("/api/v1/") and "{" not in row[0].partition("/api/v1/")[0]]


def with_problem(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The shape of a refusal among the components, and an answer for each status of one."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    result["components"]["responses"] = {
        f"Problem{status}": {"description": words, "content": content} for status, words in REFUSALS.items()
    }
    result["components"]["schemas"]["Problem"] = PROBLEM
    return result


def with_sockets(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The live socket, for whoever has nothing but the description."""
    result["components"]["schemas"]["LiveOrder"] = LIVE_ORDER
    return result | {"x-sockets": SOCKETS}
