"""Candles and signals as files that several processes map into memory: none of them holds a copy of its own.

A folder takes its name when it is whole, so one that is found can be used; what a search left that was killed serves
the next. Signals of a strategy are found once, by whoever needs them first.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import astuple
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from replay.rules.candidates import Candidates, candidates
from replay.rules.data_hash import FIELDS, shape_of
from replay.rules.grid import CandleGrid
from signals_app.rules.momentum import Bools
from signals_app.rules.strategy import Strategy

SHAPE, UNIVERSE = "shape.json", "universe.npy"
KEPT_STRATEGIES = 64


class SharedMarket:
    """A grid with the universe it was traded in, read from a folder that `shared` made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grid = _read_grid(folder)
        known = (folder / UNIVERSE).exists()
        self.universe: Bools | None = np.load(folder / UNIVERSE, mmap_mode="r") if known else None
        self.candidates = lru_cache(KEPT_STRATEGIES)(self._candidates)

    def _candidates(self, strategy: Strategy) -> Candidates:
        """The signals of a strategy: those that somebody found already, or found now and kept."""
        path = self.folder / f"{_name_of(strategy)}.npz"
        if path.exists():
            return _read_candidates(path)
        found = candidates(self.grid, strategy, self.universe)
        _write_candidates(path, found)
        return found


def shared(grid: CandleGrid, universe: Bools | None, folder: Path) -> SharedMarket:
    """The grid in a folder, which is written unless it is there. The caller names it after what is in it."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write_grid(grid, universe, part)
            _take_name(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return SharedMarket(folder)


def _take_name(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError:
        # Another process was first; what it wrote is the same.
        if not folder.exists():
            raise


def _write_grid(grid: CandleGrid, universe: Bools | None, folder: Path) -> None:
    for field in FIELDS:
        np.save(folder / f"{field}.npy", getattr(grid, field))
    if universe is not None:
        np.save(folder / UNIVERSE, universe)
    (folder / SHAPE).write_text(json.dumps(shape_of(grid)), encoding="utf-8")


def _read_grid(folder: Path) -> CandleGrid:
    shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in shape.items()}
    return CandleGrid(**told, **{field: np.load(folder / f"{field}.npy", mmap_mode="r") for field in FIELDS})


def _name_of(strategy: Strategy) -> str:
    return blake2b(repr(astuple(strategy)).encode(), digest_size=16).hexdigest()


def _write_candidates(path: Path, found: Candidates) -> None:
    number, part = tempfile.mkstemp(prefix=f".{path.stem}.", dir=path.parent)
    with os.fdopen(number, "wb") as output:
        lengths = np.array([len(one) for one in found.sells], np.int64)
        sells = np.concatenate([np.zeros(0, np.int32), *found.sells])
        np.savez(
            output, column=found.column, row=found.row, buy=found.buy, rank=found.rank, sells=sells, lengths=lengths
        )
    Path(part).replace(path)


def _read_candidates(path: Path) -> Candidates:
    with np.load(path, allow_pickle=False) as kept:
        ends = np.cumsum(kept["lengths"])[:-1]
        sells = tuple(np.split(kept["sells"], ends)) if len(kept["lengths"]) else ()
        return Candidates(kept["column"], kept["row"], kept["buy"], kept["rank"], sells)
