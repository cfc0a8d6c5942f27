"""Whether the tape is what was written: each file beside its row, each block beside its digest, row after row.

What a row knows must be there to the byte. Behind it may lie blocks that are not told yet, and one that is torn: a
process died while it wrote, and the next one has read those quotes again from the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from risk.models import TapeFile
from risk.tape import files
from risk.tape.chain import BEGINNING, Damage, HeadDamaged, blocks, opened


class TapeFault(NamedTuple):
    """Something is not as it was written. `block` counts from 0; None: the file as a whole."""

    file: str
    block: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.block is None else f', block {self.block}'}: {self.what}"


@dataclass(kw_only=True)
class TapeCheck:
    """What a look through the tape has found."""

    files: int = 0
    dropped: int = 0
    blocks: int = 0
    quotes: int = 0
    torn: int = 0
    faults: list[TapeFault] = field(default_factory=list)


def check(since: datetime | None = None) -> TapeCheck:
    """Look at all files, or read those alone that were written since; rows and names are looked at in any case."""
    found = TapeCheck()
    rows = list(TapeFile.objects.order_by("worker", "number"))
    for _, of_worker in groupby(rows, key=lambda row: row.worker):
        chain = list(of_worker)
        found.faults += _chain_faults(chain)
        for row in chain:
            _look_at(row, found, read=since is None or row.written_at >= since)
    found.faults += _strangers(rows)
    return found


def check_files(rows: Sequence[TapeFile]) -> TapeCheck:
    """Look at these files alone, and at how they go on from one another; each worker's by their numbers."""
    found = TapeCheck()
    for _, of_worker in groupby(rows, key=lambda row: row.worker):
        chain = list(of_worker)
        for row in chain:
            _look_at(row, found, read=True)
        for former, row in pairwise(chain):
            if row.number != former.number + 1:
                found.faults.append(TapeFault(row.name, None, f"number {former.number + 1} has no row"))
            elif row.before != former.digest:
                found.faults.append(TapeFault(row.name, None, "it does not go on from the file before it"))
    return found


def _chain_faults(chain: Sequence[TapeFile]) -> list[TapeFault]:
    """Numbers without a gap, each file going on from the one before."""
    faults, digest = [], BEGINNING.hex()
    for number, row in enumerate(chain, start=1):
        if row.number != number:
            faults.append(TapeFault(row.name, None, f"its number is {row.number}, number {number} has no row"))
            break
        if row.before != digest:
            faults.append(TapeFault(row.name, None, "it does not go on from the file before it"))
        digest = row.digest
    return faults


def _look_at(row: TapeFile, found: TapeCheck, *, read: bool) -> None:
    path = files.root() / row.name
    if row.dropped_at is not None:
        found.dropped += 1
        return
    found.files += 1
    if not path.exists():
        found.faults.append(TapeFault(row.name, None, "the file is gone"))
    elif read:
        _read(row, path.read_bytes(), found)


def _read(row: TapeFile, data: bytes, found: TapeCheck) -> None:
    try:
        head, at, digest = opened(data)
    except HeadDamaged as problem:
        found.faults.append(TapeFault(row.name, None, str(problem)))
        return
    if (head.worker, head.number, head.before) != (row.worker, row.number, row.before):
        found.faults.append(TapeFault(row.name, None, "it says to be another file than its row says"))
        return
    ends = {at: digest.hex()}
    for block in blocks(data, at, digest):
        if not isinstance(block, Damage):
            found.blocks, found.quotes = found.blocks + 1, found.quotes + block.counts.quotes
            ends[block.end] = block.digest.hex()
        elif block.at < row.bytes:
            found.faults.append(TapeFault(row.name, block.number, block.what))
            ends[row.bytes] = row.digest  # named once
        else:
            found.torn += 1
    if ends.get(row.bytes) != row.digest:
        found.faults.append(TapeFault(row.name, None, f"it does not hold the {row.bytes} bytes that its row knows"))


def _strangers(rows: Sequence[TapeFile]) -> list[TapeFault]:
    """Files in the folders that no row knows, but one that a writer has begun behind its newest row."""
    known = {row.name for row in rows if row.dropped_at is None}
    following = {files.folder_of(row.worker): row.number + 1 for row in rows}
    faults = []
    for path in sorted(files.root().glob(f"*/*{files.ENDING}")):
        name = f"{path.parent.name}/{path.name}"
        number = path.name.partition("-")[0]
        begun = number.isdecimal() and int(number) == following.get(path.parent.name, 1)
        if name not in known and not begun:
            faults.append(TapeFault(name, None, "no row knows it"))
    return faults
