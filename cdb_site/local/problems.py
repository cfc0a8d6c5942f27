"""What can go wrong when the system is started on a machine; the text says what to do about it."""

from __future__ import annotations


class LocalProblem(Exception):
    """A start that cannot go on. The message names the cause and the remedy, for the person at the terminal."""
