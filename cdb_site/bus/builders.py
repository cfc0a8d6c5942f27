"""Payloads that are right by construction: made by a builder that is proven to make nothing its topic refuses.

Every event is validated when it is said and when it is heard. What comes from outside of a process is validated in
full, always; what a builder below has made is not looked at again before it is said: that all it can make fits the
schema is proven once, by `tests/unit/house/test_builders.py`, which knows every builder that is registered here. A
payload that is changed into another one after it was built is an ordinary one again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

P = ParamSpec("P")
BUILDERS: dict[str, str] = {}


class BuiltPayload(dict[str, Any]):
    """A payload of the topic it was built for."""

    __slots__ = ("topic",)
    topic: str


def builds(topic: str) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, BuiltPayload]]:
    """What the decorated function makes fits `topic`."""

    def register(builder: Callable[P, dict[str, Any]]) -> Callable[P, BuiltPayload]:
        BUILDERS[f"{builder.__module__}.{builder.__name__}"] = topic

        @wraps(builder)
        def build(*args: P.args, **kwargs: P.kwargs) -> BuiltPayload:
            built = BuiltPayload(builder(*args, **kwargs))
            built.topic = topic
            return built

        return build

    return register


def fits_by_construction(topic: str, payload: dict[str, Any]) -> bool:
    return isinstance(payload, BuiltPayload) and payload.topic == topic
