"""Which services this process hosts. What one of them says, the next one takes in line, before the commit.

Between processes nothing changes: the stream carries the event, and a consumer group takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_hosted: frozenset[str] = frozenset()


def host(services: Sequence[str]) -> None:
    """Say once, at the start of a worker, what it hosts."""
    global _hosted
    _hosted = frozenset(services)


def hosts(service: str) -> bool:
    return service in _hosted


@contextmanager
def hosting(*services: str) -> Iterator[None]:
    """For the length of the block this process hosts these services: for tests."""
    before = _hosted
    host(services)
    try:
        yield
    finally:
        host(tuple(before))
