"""In how many looks a page is tried: in one of each list by `make test`, in every one of them by `make looks`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from proofs.looks import EVERY


def tried(looks: Sequence[Any]) -> Sequence[Any]:
    """The last look of the list alone, or all of them."""
    return looks if os.environ.get(EVERY) else looks[-1:]
