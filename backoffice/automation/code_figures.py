"""How large the code is, in figures: `python3 backoffice/automation/code_figures.py`, shown by `make lint`.

Files and functions of Python that people wrote: no migrations, nothing generated, nothing vendored. A function's length
is the number of its lines from `def` to its last statement. The limits are tested (tests/unit/house/test_habits.py);
what is longer than the habit is listed, so that the next change makes it shorter rather than longer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("cdb_site", "marketdata", "mexc_sim", "signals_app", "execution", "risk", "people", "replay"),
    *("notifications", "dashboard", "api", "proofs", "benchmarks", "tests", "backoffice"),
)
FILE_LINES_MAX, FUNCTION_LINES_MAX = 400, 50
FUNCTION_LINES_HABIT = 30
SHOWN = 10
GENERATED = ("_pb2.py", "cdb_site/bus/payloads.py")
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function or method: where it begins, and how many lines it has."""

    path: str
    line: int
    name: str
    lines: int

    def __str__(self) -> str:
        return f"{self.lines:4d}  {self.path}:{self.line} {self.name}"


def modules(root: Path = ROOT) -> Iterator[Path]:
    """Every Python file that people wrote, in order of path."""
    files = [root / name for name in ("manage.py", "celery_app.py")]
    for room in ROOMS:
        files += sorted((root / room).rglob("*.py"))
    for path in files:
        place = path.relative_to(root).as_posix()
        if path.exists() and "/migrations/" not in place and not place.endswith(GENERATED):
            yield path


def functions(root: Path = ROOT) -> list[Function]:
    """All functions, the longest first."""
    found = []
    for path in modules(root):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Definition):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                place = path.relative_to(root).as_posix()
                found.append(Function(path=place, line=node.lineno, name=node.name, lines=lines))
    return sorted(found, key=lambda item: (-item.lines, item.path, item.line))


def file_lines(root: Path = ROOT) -> dict[str, int]:
    """Path → number of lines."""
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in modules(root)}


def report(root: Path = ROOT) -> list[str]:
    """The figures as lines of text."""
    sizes, found = file_lines(root), functions(root)
    lengths = sorted(item.lines for item in found)
    p95 = lengths[int(len(lengths) * 0.95)]
    over = [item for item in found if item.lines > FUNCTION_LINES_HABIT]
    return [
        f"{len(sizes)} files of at most {FILE_LINES_MAX} lines: median {median(sizes.values()):.0f}, "
        f"longest {max(sizes.values())} ({max(sizes, key=lambda path: sizes[path])})",
        f"{len(found)} functions of at most {FUNCTION_LINES_MAX} lines: median {median(lengths):.0f}, p95 {p95}, "
        f"longest {lengths[-1]}; {len(over)} above the habit of {FUNCTION_LINES_HABIT}",
        f"the longest {SHOWN}:",
        *map(str, found[:SHOWN]),
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(report()) + "\n")
