"""Loops over events, compiled to machine code where numba is installed, and plain Python where it is not.

Both say the same; what is compiled may therefore use only what numba knows: numbers, arrays of numpy, loops over them.
`uv sync --group search` installs it. The code is kept beside the module, or compiled by each process where that place
cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

try:
    import numba
except ImportError:
    numba = None

Given = ParamSpec("Given")
Result = TypeVar("Result")
COMPILES = numba is not None


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


def plain(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same as Python runs it, of a compiled function and of one that is not."""
    python: Callable[Given, Result] = getattr(function, "py_func", function)
    return python
