"""Where a worker's tape goes on after a start: its last file and row, brought to the same end.

A process that died between writing and saying so has left whole blocks, or whole files, that no row knows: they are
taken into rows. What it left half written is cut off. Both lie within what the stream still keeps.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.utils import timezone

from cdb_site.clock import SYSTEM
from risk.models import TapeFile
from risk.tape import files
from risk.tape.block import unpack
from risk.tape.chain import BEGINNING, HeadDamaged, SealedBlock, blocks, opened
from risk.tape.stream import BEGINNING as STREAM_BEGINNING


def last_of(worker: str) -> TapeFile | None:
    """The newest file's row, saved, with its file cut to whole blocks; None for a worker that never wrote.

    Raises OSError, or what PostgreSQL raises."""
    row = TapeFile.objects.filter(worker=worker).order_by("-number").first()
    if row is not None and row.dropped_at is None:
        _brought_to_end(row, files.root() / row.name)
    while (path := files.numbered(worker, row.number + 1 if row else 1)) is not None:
        found = _unknown(worker, path, row)
        if found is None:
            path.unlink()
            break
        _brought_to_end(found, path)
        row = found
    return row


def _unknown(worker: str, path: Path, former: TapeFile | None) -> TapeFile | None:
    """The row of a file that has none; None where not even its first line is whole."""
    try:
        head, begins, digest = opened(path.read_bytes())
    except HeadDamaged:
        return None
    now = SYSTEM.wall_now()
    return TapeFile(
        worker=worker, number=head.number, name=f"{files.folder_of(worker)}/{path.name}", before=head.before,
        digest=digest.hex(), bytes=begins, begun_at=now, written_at=now,
        last_place=former.last_place if former else STREAM_BEGINNING,
    )  # fmt: skip


def _brought_to_end(row: TapeFile, path: Path) -> None:
    """A file that is gone or damaged where its row knows it is left as it is: `manage.py tape verify` says so."""
    if not path.exists():
        return
    data = path.read_bytes()
    for block in blocks(data, row.bytes, bytes.fromhex(row.digest)):
        if not isinstance(block, SealedBlock):
            break
        add(row, block.digest, block.end, block.counts.quotes, *_span(block))
    if len(data) > row.bytes:
        os.truncate(path, row.bytes)
    row.save()


def _span(block: SealedBlock) -> tuple[str, str]:
    events, _ = unpack(block.content)
    return (events[0].place, events[-1].place) if events else ("", "")


def add(row: TapeFile, digest: bytes, length: int, quotes: int, first: str, last: str) -> None:
    """One more block is in the file."""
    row.digest, row.bytes, row.blocks, row.quotes = digest.hex(), length, row.blocks + 1, row.quotes + quotes
    row.first_place = row.first_place or first
    row.last_place = last or row.last_place
    row.written_at = max(timezone.now(), row.begun_at)


def before(row: TapeFile | None) -> str:
    """The digest that a file behind this one begins with."""
    return row.digest if row else BEGINNING.hex()
