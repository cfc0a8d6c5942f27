"""What /metrics of one service tells. Where a process hosts several, each figure is told once: by the service whose
package counts it, and by the first of them where no other does, so that a sum over all ports counts nothing twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from prometheus_client import REGISTRY, Metric, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from cdb_site.bus import registry
from cdb_site.bus.runtime import Runtime


def exposition(runtime: Runtime) -> bytes:
    """The page in Prometheus' text form."""
    if len(runtime.together) < 2:
        return generate_latest()
    return generate_latest(_Part(runtime))


class _Part:
    """The families of one service of several."""

    def __init__(self, runtime: Runtime) -> None:
        self.own = counted_by(runtime.service.name)
        others = [name for name in runtime.together if name != runtime.service.name]
        self.not_own = {family for name in others for family in counted_by(name)} - self.own
        self.first = runtime.service.name == runtime.together[0]

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            if family.name in self.own or (self.first and family.name not in self.not_own):
                yield family


def counted_by(service: str) -> set[str]:
    """Names of the metric families of the package whose tasks are this service's."""
    packages = {consumer.handler.__module__.partition(".")[0] for consumer in registry.consumers_of(service)}
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in packages]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, MetricWrapperBase)]
    return {family.name for metric in found for family in metric.describe()}
