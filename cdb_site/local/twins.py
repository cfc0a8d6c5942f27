"""A further worker of a service: the same work and command, a consumer and a port of its own.

Two workers of one service share its work by the consumer groups. Proofs run two of each; in containers the profile
`scale` does the same.
"""

from __future__ import annotations

from cdb_site.services import Service


class Twin:
    """The second, third, … worker of a row of the service table."""

    def __init__(self, service: Service, number: int = 2) -> None:
        self.service, self.number = service, number
        self.name = f"{service.name}_{number}"
        self.port, self.stop_grace_s, self.modes = service.port, service.stop_grace_s, service.modes

    def command(self, python: str, port: int | None) -> list[str]:
        """The service's own, with a node name of its own for Celery."""
        node = f"{self.service.name}@%h"
        return [self.name + "@%h" if word == node else word for word in self.service.command(python, port)]

    def variables(self, port: int | None) -> dict[str, str]:
        """What its environment says besides the service's."""
        shifted = {"PORTS": f"{self.service.name}={port}"} if port is not None else {}
        return {"INSTANCE": str(self.number), **shifted}
