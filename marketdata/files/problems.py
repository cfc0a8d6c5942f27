"""A file that cannot be read, or not any further. The text names it and says what to do."""

from __future__ import annotations


class FileProblem(Exception):
    """Ends the reading of one file; the rows before it count."""
