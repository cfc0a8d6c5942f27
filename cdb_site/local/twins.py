"""A further worker of a service, or of a lane: the same work and command, a consumer and ports of its own.

Two workers of one service share its work by the consumer groups. Proofs run two of each; in containers the profile
`scale` does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdb_site.services import Lane, Service


@dataclass(frozen=True)
class TwinMember:
    """One service in a twin."""

    name: str
    port: int | None


class Twin:
    """The second, third, … worker of a row of the service table, or of several in one lane."""

    def __init__(self, original: Service | Lane, number: int = 2) -> None:
        self.original, self.number = original, number
        self.name = f"{original.name}_{number}"
        self.port, self.stop_grace_s, self.modes = original.port, original.stop_grace_s, original.modes
        self.members = [TwinMember(f"{member.name}_{number}", member.port) for member in original.members]

    def command(self, python: str, port: int | None) -> list[str]:
        """The original's, with a node name of its own for Celery."""
        node = f"{self.original.name}@%h"
        return [self.name + "@%h" if word == node else word for word in self.original.command(python, port)]

    def variables(self, ports: Mapping[str, int]) -> dict[str, str]:
        """What its environment says besides the original's; `ports` are those of its members, by name."""
        pairs = zip(self.original.members, self.members, strict=True)
        own = [f"{member.name}={ports[twin.name]}" for member, twin in pairs if twin.name in ports]
        return {"INSTANCE": str(self.number), **({"PORTS": ",".join(own)} if own else {})}
