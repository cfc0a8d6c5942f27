"""`make ps`: every process of this checkout that runs, by data folder."""

from __future__ import annotations

from collections.abc import Sequence

from cdb_site.clock import SYSTEM
from cdb_site.local import processes, state
from cdb_site.local.folders import Folder
from cdb_site.local.state import ProcessEntry

NOTHING = "nothing running"
HEADINGS = ("PROFILE", "SERVICE", "PID", "PORT", "UPTIME", "RESTARTS")
Row = tuple[str, str, str, str, str, str]


def table(folders: Sequence[Folder]) -> str:
    """The table as text, or exactly `nothing running`."""
    rows = [row for folder in folders for row in rows_of(folder)]
    if not rows:
        return NOTHING
    widths = [max(len(row[column]) for row in [HEADINGS, *rows]) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [HEADINGS, *rows]]
    return "\n".join(line.rstrip() for line in [*lines, *_shared(rows)])


def _shared(rows: Sequence[Row]) -> list[str]:
    """A line for each process that several rows name."""
    services: dict[str, list[str]] = {}
    for row in rows:
        services.setdefault(row[2], []).append(row[1])
    return [
        f"{', '.join(names[:-1])} and {names[-1]} live in one process, {pid}"
        for pid, names in services.items()
        if len(names) > 1
    ]


def rows_of(folder: Folder) -> list[Row]:
    """Recorded processes that still run, then any the record does not know (left by a killed starter)."""
    recorded = state.read(folder)
    entries = [entry for entry in [recorded.supervisor, *recorded.entries] if entry is not None and entry.runs()]
    rows = [_row(folder, entry) for entry in entries]
    known = {entry.pid for entry in entries}
    others = processes.servers_of(folder.valkey)
    for place in folder.postgres_places():
        others += processes.servers_of(place)
    for process in others:
        entry = state.entry(process.name(), process.pid) if process.pid not in known else None
        if entry is not None:
            rows.append(_row(folder, entry))
    return rows


def _row(folder: Folder, entry: ProcessEntry) -> Row:
    port = str(entry.port) if entry.port else "-"
    uptime = duration(SYSTEM.wall_s() - entry.started_s)
    return (folder.name, entry.name, str(entry.pid), port, uptime, str(entry.restarts))


def duration(seconds: float) -> str:
    """Such as 42s, 3m05s, 2h07m."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
