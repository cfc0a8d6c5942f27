"""Columns of whole numbers and of texts as few bytes. Pure.

    numbers   differences to the row before where that is shorter, less their smallest, divided by what divides all of
              them; the lowest bytes of all rows, then the next ones, as raw deflate
    texts     of decimals: whole numbers at so many places; any other spelling goes as it is

What went in comes out, digit by digit: a column that does not hold to a rule is kept in the plain form.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
LEVEL = 6
RAW = -15
# Rows, differences or not, bytes a row, bytes as deflated, smallest, divisor.
BYTES = 8
LENGTH = struct.Struct("<I")
HEAD = struct.Struct("<IBBIqQ")
DIGITS_MAX = 18
CANONICAL = re.compile(r"(?:(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])\n)*")


class ColumnProblem(ValueError):
    """These bytes are no column."""


class Reader(NamedTuple):
    """Bytes and how far they are read. `take` gives what is next, and the reader behind it."""

    body: bytes
    at: int = 0

    def take(self, length: int) -> tuple[bytes, Reader]:
        piece = self.body[self.at : self.at + length]
        if len(piece) < length:
            raise ColumnProblem(f"{length} bytes wanted at {self.at}, {len(piece)} are there")
        return piece, Reader(self.body, self.at + length)


def packed(columns: Sequence[Whole]) -> bytes:
    """Columns of int64, one after the other. Differences wrap around as int64 do, and so come back."""
    heads, bodies = zip(*map(_shortest, columns), strict=True)
    head = zlib.compress(b"".join(HEAD.pack(*one) for one in heads))
    return LENGTH.pack(len(head)) + head + b"".join(bodies)


def unpacked(packet: bytes) -> list[Whole]:
    """The columns that these bytes were made of. Raises ColumnProblem."""
    try:
        length, reader = Reader(packet).take(LENGTH.size)
        head, reader = reader.take(LENGTH.unpack(length)[0])
        columns = []
        for one in HEAD.iter_unpack(zlib.decompress(head)):
            body, reader = reader.take(one[3])
            columns.append(_column(one, body))
    except (zlib.error, struct.error) as problem:
        raise ColumnProblem(str(problem)) from problem
    return columns


def _column(head: tuple[int, ...], body: bytes) -> Whole:
    rows, differences, width, _, smallest, divisor = head
    planes = zlib.decompress(body, RAW) if width else b""
    if len(planes) != rows * width or width > BYTES:
        raise ColumnProblem(f"{len(planes)} bytes for {rows} rows of {width}")
    wide = np.zeros((rows, BYTES), dtype=np.uint8)
    wide[:, :width] = np.frombuffer(planes, dtype=np.uint8).reshape(width, rows).T
    above = wide.view("<u8").ravel().astype(np.uint64)
    numbers = (above * np.uint64(divisor) + np.uint64(smallest % 2**64)).view(np.int64)
    return np.cumsum(numbers, dtype=np.int64) if differences else numbers


def _shortest(numbers: Whole) -> tuple[tuple[int, ...], bytes]:
    steps = np.diff(numbers, prepend=np.int64(0))
    return min(_deflated(numbers, differences=0), _deflated(steps, differences=1), key=lambda made: len(made[1]))


def _deflated(numbers: Whole, *, differences: int) -> tuple[tuple[int, ...], bytes]:
    smallest = int(numbers.min()) if numbers.size else 0
    above = numbers.view(np.uint64) - np.uint64(smallest % 2**64)
    divisor = _divisor(above)
    units = above // np.uint64(divisor)
    width = (int(units.max(initial=0)).bit_length() + 7) // 8
    planes = units.astype("<u8").view(np.uint8).reshape(numbers.size, BYTES)[:, :width].T.tobytes()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    body = packer.compress(planes) + packer.flush() if width else b""
    return (numbers.size, differences, width, len(body), smallest, divisor), body


def _divisor(above: npt.NDArray[np.uint64]) -> int:
    """What divides all of them; 1 where all are 0."""
    divisor = int(np.gcd.reduce(above)) if above.size else 1
    return divisor if divisor else 1


def units_of(texts: Sequence[str]) -> tuple[int, list[int]] | None:
    """(places, whole numbers) of some decimals as they are spelled on the bus; None where another spelling is among
    them, or a number that is too long."""
    if not all_match(CANONICAL, texts):
        return None
    parts = [text.partition(".") for text in texts]
    places = max(len(fraction) for _, _, fraction in parts)
    numbers = [int(whole + fraction.ljust(places, "0")) for whole, _, fraction in parts]
    return (places, numbers) if max(map(abs, numbers)) < 10**DIGITS_MAX else None


def all_match(lines: re.Pattern[str], texts: Sequence[str]) -> bool:
    """Whether every text is one of these lines, which end with a line break; all are tried at once."""
    joined = "\n".join([*texts, ""])
    return joined.count("\n") == len(texts) and lines.fullmatch(joined) is not None


def text_of(units: int, places: int) -> str:
    """The decimal as it is spelled on the bus: without trailing zeros."""
    digits = str(abs(units)).rjust(places + 1, "0")
    text = digits if not places else f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text
