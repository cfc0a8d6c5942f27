"""Who runs which tests when processes share a run: whole systems one after another on one, the rest on the others.

A running system, its exchange and a browser keep a core busy by themselves, and two of them at once would wait for each
other. So the first process takes the queue from its front, where the systems are, the others from its end; they meet
among the small files, and none is idle before. Tests that share one running system stay together. `make test` has
one process more than the cores it is made for: half of what a test does is waiting, for a server or for a second.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler.loadfile import LoadFileScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).resolve().parents[1]
# Whose tests share one running system. Pages that show chains have a site of their own; so have, on the other
# process, some of those that do not.
CHAINS = tuple(
    f"tests/ui/test_{name}"
    for name in ("admin_pages", "alerts_page", "decisions_page", "notifications", "risk_page", "why_page")
)
ELSEWHERE = tuple(f"tests/ui/test_{name}" for name in ("overview_page", "reports_page", "se", "so", "status_bar", "t"))
SHARE_A_SYSTEM = {
    "tests/flow/": "flow",
    **dict.fromkeys(CHAINS, "chains"),
    **dict.fromkeys(ELSEWHERE, "pages elsewhere"),
    "tests/ui/": "pages",
}
# From the front: whole systems, then servers of a test's own, then the small files, where the two meet.
FRONT = ("tests/flow/", *CHAINS, "tests/ui/", "tests/faults", "tests/integration/cdb_site/test_local_")
# From the end, the last of all first: what takes longest of the rest.
END = ("tests/integration/house", "tests/unit/replay", "tests/unit/house/test_recipes.py", *ELSEWHERE)


def in_running_order(items: list[pytest.Item]) -> None:
    """Sort the collected tests by their place in the queue; those of one place stay as they are."""
    items.sort(key=lambda item: place_in_queue(item.path.relative_to(ROOT).as_posix()))


def place_in_queue(file: str) -> int:
    """Below 0 at the front, above 0 at the end, 0 between them."""
    at_the_end = next((place for place, beginning in enumerate(END, 1) if file.startswith(beginning)), 0)
    at_the_front = next((place for place, beginning in enumerate(FRONT, -len(FRONT)) if file.startswith(beginning)), 0)
    return at_the_end or at_the_front


class SystemsOnOneWorker(LoadFileScheduling):
    """File by file, those that share a system together; the first worker from the front, others from the end."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((system for beginning, system in SHARE_A_SYSTEM.items() if file.startswith(beginning)), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is not self.nodes[0]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
