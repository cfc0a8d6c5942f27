"""A file of the tape as bytes: a line that says what it is, then blocks, each sealed with a digest. Pure.

    line    JSON: format, worker, number in the worker's chain, hour, digest of the file before; and its own digest
    block   mark, length and counts, content, digest

A digest is the SHA-256 of the digest before it and of all that it seals, so that the last one of a file stands for
every byte of it and of all files before. A block's own digest lies directly before the next block: one that is damaged
is named, and those behind it are read on. What ends within a block is torn: a process died while it wrote.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

FORMAT = "cdb-tape-1"
MARK = b"\x93TPE"
DIGEST = 32
# Mark, length of the content, events, quotes, looks, ms of the first and of the last entry.
FRAME = struct.Struct("<4sIIIIQQ")
BEGINNING = bytes(DIGEST)


class FileHead(NamedTuple):
    """What a file says of itself. `before`: the digest of the file before it, as hex."""

    worker: str
    number: int
    hour: str
    before: str


class BlockCounts(NamedTuple):
    """What a block holds, and the milliseconds of its first and last entry."""

    events: int
    quotes: int
    looks: int
    first_ms: int
    last_ms: int


class SealedBlock(NamedTuple):
    """One block as it was found: where it ends in the file, and the digest that seals it."""

    number: int
    counts: BlockCounts
    content: bytes
    end: int
    digest: bytes


class Damage(NamedTuple):
    """Block `number`, which begins at byte `at`, cannot be believed. `torn`: the file ends within it."""

    number: int
    at: int
    what: str
    torn: bool = False


class HeadDamaged(ValueError):
    """The first line is not what was written."""


def opening(head: FileHead) -> tuple[bytes, bytes]:
    """The first line of a file, and the digest that its first block goes on from."""
    said = orjson.dumps({"format": FORMAT, **head._asdict()})
    digest = hashlib.sha256(said).digest()
    return said + b" " + digest.hex().encode() + b"\n", digest


def opened(data: bytes) -> tuple[FileHead, int, bytes]:
    """What a file says of itself, where its blocks begin, and the digest they go on from. Raises HeadDamaged."""
    line, newline, _ = data.partition(b"\n")
    said, _, written = line.rpartition(b" ")
    digest = hashlib.sha256(said).digest()
    if not newline or written != digest.hex().encode():
        raise HeadDamaged("the first line is damaged")
    fields: dict[str, Any] = orjson.loads(said)
    if fields.pop("format") != FORMAT:
        raise HeadDamaged(f"this is no {FORMAT}")
    return FileHead(**fields), len(line) + 1, digest


def sealed(before: bytes, counts: BlockCounts, content: bytes) -> tuple[bytes, bytes]:
    """The bytes of one block, and its digest."""
    framed = FRAME.pack(MARK, len(content), *counts) + content
    digest = hashlib.sha256(before + framed).digest()
    return framed + digest, digest


def blocks(data: bytes, at: int, before: bytes) -> Iterator[SealedBlock | Damage]:
    """All blocks from byte `at` on, in order. Behind a damaged one reading goes on where the next one begins."""
    possible, number = {before}, 0
    while at < len(data):
        end = _end(data, at)
        framed = data[at : end - DIGEST] if end else b""
        fitting = {hashlib.sha256(one + framed).digest() for one in possible} if end else set()
        if end and data[end - DIGEST : end] in fitting:
            _, _, *counts = FRAME.unpack_from(framed)
            yield SealedBlock(number, BlockCounts(*counts), framed[FRAME.size :], end, data[end - DIGEST : end])
        else:
            if end is None or data[end : end + len(MARK)] not in (MARK, b""):
                end = _next(data, at)
            end = _sound(data, at, end)
            torn = not fitting and end == len(data)
            yield Damage(number, at, "the file ends within it" if torn else "it is not what was written", torn)
        possible = {data[end - DIGEST : end], *fitting}
        at, number = end, number + 1


def _end(data: bytes, at: int) -> int | None:
    """Where the block at this byte ends; None where none begins, or the file ends before."""
    if len(data) - at < FRAME.size or data[at : at + len(MARK)] != MARK:
        return None
    end = at + FRAME.size + int(FRAME.unpack_from(data, at)[1]) + DIGEST
    return end if end <= len(data) else None


def _sound(data: bytes, at: int, end: int) -> int:
    """Where before `end` a block begins that is as it was written: then the length of the damaged one is not. Else
    `end`."""
    begins = at
    while (begins := data.find(MARK, begins + 1, end)) >= 0:
        behind = _end(data, begins)
        before = data[begins - DIGEST : behind - DIGEST] if behind else b""
        if behind and hashlib.sha256(before).digest() == data[behind - DIGEST : behind]:
            return begins
    return end


def _next(data: bytes, at: int) -> int:
    """Where the next block begins, or the file ends."""
    found = data.find(MARK, at + 1)
    return found if found >= 0 else len(data)
