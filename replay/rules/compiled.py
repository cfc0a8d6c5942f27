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
from typing import ParamSpec, TypeVar

try:
    import numba
except ImportError:
    numba = None

Given = ParamSpec("Given")
Result = TypeVar("Result")
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
    if numba is None:
        return function
    made: Callable[Given, Result]
    try:
        made = numba.njit(cache=True)(function)
    except RuntimeError:  # no folder to keep the compiled code in
        made = numba.njit(function)
    return made


def inlined(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same of a small function that compiled ones call: it becomes a part of each of them, so that what it is
    handed is not copied."""
    if numba is None:
        return function
    made: Callable[Given, Result] = numba.njit(inline="always")(function)
    return made


def plain(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same as Python runs it, of a compiled function and of one that is not."""
    python: Callable[Given, Result] = getattr(function, "py_func", function)
    return python
