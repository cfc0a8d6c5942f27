"""Files with candles, opened as streams of text: plain, .gz, or every .csv and .json inside a .zip.

What a file is follows from its first bytes, not from its name. Nothing is read ahead or held as a whole. `share` is how
much of the file has been read, for a progress bar.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, TextIO, cast

from marketdata.files.problems import FileProblem

GZIP, ZIP = b"\x1f\x8b", b"PK"
INSIDE = (".csv", ".json")
# What packers of one desktop leave beside every file, for their own use.
SIDE_FOLDER, SIDE_FILE = "__MACOSX", "._"


class Part(NamedTuple):
    """One table of candles; `name` is the file's, or the member's of a .zip."""

    name: str
    text: TextIO


class OpenFile:
    """`parts` one after the other: the next one is opened when the one before is read.

    `passed_over`: a packer's side files, which look like tables by their names.
    """

    def __init__(self, path: Path, stream: IO[bytes], size: int) -> None:
        self.path, self.size = path, size
        self.passed_over: list[str] = []
        self._stream = stream

    def share(self) -> float:
        return min(1.0, self._stream.tell() / self.size)

    def parts(self) -> Iterator[Part]:
        """Raises FileProblem."""
        start = self._stream.read(2)
        self._stream.seek(0)
        if start == ZIP:
            yield from self._members()
        elif start == GZIP:
            with gzip.GzipFile(fileobj=self._stream) as unpacked, _text(cast(IO[bytes], unpacked)) as text:
                yield Part(self.path.name.removesuffix(".gz"), text)
        else:
            with _text(self._stream) as text:
                yield Part(self.path.name, text)

    def _members(self) -> Iterator[Part]:
        with zipfile.ZipFile(self._stream) as archive:
            found = [item for item in archive.infolist() if item.filename.lower().endswith(INSIDE)]
            members = [item for item in found if not _beside(item.filename)]
            self.passed_over += [item.filename for item in found if _beside(item.filename)]
            if not members:
                raise FileProblem(f"{self.path}: no .csv or .json inside. Name a .zip that holds candles.")
            for item in members:
                try:
                    unpacked = archive.open(item)
                except (RuntimeError, NotImplementedError) as problem:
                    raise FileProblem(f"{self.path}: {problem}. Unpack it and import what was inside.") from problem
                with unpacked, _text(unpacked) as text:
                    yield Part(Path(item.filename).name, text)


def _beside(member: str) -> bool:
    *folders, name = member.split("/")
    return SIDE_FOLDER in folders or name.startswith(SIDE_FILE)


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Raises FileProblem, also for what goes wrong while the file is read."""
    try:
        if path.is_dir():
            raise FileProblem(f"{path}: is a folder. Name its files, such as {path}/*.csv")
        size = path.stat().st_size
        if size == 0 and path.is_file():
            raise FileProblem(f"{path}: is empty. Export it again.")
        with path.open("rb") as stream:
            yield OpenFile(path, stream, max(1, size))
    except FileNotFoundError as problem:
        raise FileProblem(f"{path}: there is no such file. Look at the path.") from problem
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as problem:
        raise FileProblem(f"{path}: damaged or cut off ({problem}). Download or pack it again.") from problem
    except UnicodeDecodeError as problem:
        raise FileProblem(
            f"{path}: not UTF-8 text (byte 0x{problem.object[problem.start]:02x}). Save it as UTF-8."
        ) from problem
    except OSError as problem:
        raise FileProblem(f"{path}: cannot be read ({problem.strerror or problem}).") from problem


@contextmanager
def _text(stream: IO[bytes]) -> Iterator[TextIO]:
    """Text on a stream that is closed by who opened it."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig")
    try:
        yield text
    finally:
        with suppress(ValueError):
            text.detach()
