"""Loops over events, compiled to machine code where numba is installed, and plain Python where it is not.

Both say the same; what is compiled may therefore use only what numba knows: numbers, arrays of numpy, loops over them.
`uv sync --group search` installs it. The code is kept beside the modules, by the text of all of them, because numba
itself looks only at the one a function stands in and not at those it calls; where that place cannot be written each
process compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np

try:
    import numba
except ImportError:
    numba = None

Given = ParamSpec("Given")
Result = TypeVar("Result")
Group = TypeVar("Group", bound=tuple[Any, ...])
COMPILES = numba is not None


def _kept_in(folder: Path) -> Path:
    """Where the code of these modules is kept: another place for any other text of them."""
    texts = blake2b(digest_size=8)
    for path in sorted(folder.glob("*.py")):
        texts.update(path.read_bytes())
    return folder / "__pycache__" / f"compiled-{texts.hexdigest()}"


if numba is not None:
    numba.config.CACHE_DIR = str(_kept_in(Path(__file__).parent))


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, compiled at its first call if that is possible."""
    return _compiled(function)


def by_element(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same of a function that only reads and writes elements and makes no array: then nobody counts who holds
    which, and that is half of the time where arrays come out of tuples."""
    return _compiled(function, _nrt=False)


def _compiled(function: Callable[Given, Result], **how: bool) -> Callable[Given, Result]:
    if numba is None:
        return function
    made: Callable[Given, Result]
    try:
        made = numba.njit(cache=True, **how)(function)
    except RuntimeError:  # no folder to keep the compiled code in
        made = numba.njit(**how)(function)
    return made


def inlined(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same of a small function that `by_element` ones call: it becomes a part of each of them, so that what it is
    handed is not copied."""
    if numba is None:
        return function
    made: Callable[Given, Result] = numba.njit(inline="always", _nrt=False)(function)
    return made


def elements(group: Group) -> Group:
    """A tuple of arrays as functions by element read it fastest: compiled as it is, in plain Python through views,
    whose elements are numbers of Python. Tuples within it alike."""
    if numba is not None:
        return group
    return type(group)(*map(_viewed, group))


def _viewed(one: Any) -> Any:
    if isinstance(one, tuple):
        return elements(one)
    return one.data if isinstance(one, np.ndarray) else one


def plain(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same as Python runs it, of a compiled function and of one that is not."""
    python: Callable[Given, Result] = getattr(function, "py_func", function)
    return python
