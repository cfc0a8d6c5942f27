"""Promises, one after another: each is a sentence and a question to the running system that answers with a fact."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from proofs.rig.waiting import Unmet, say

ASK_S = 6.0


@dataclass(slots=True)
class Kept:
    """What held and what did not."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def judge(self, sentence: str, question: Callable[[], str | None]) -> bool:
        """Ask; an error is a promise that was not kept."""
        sentence, started = sentence.rstrip("."), time.monotonic()
        try:
            fact, holds = question(), True
        except Exception as problem:
            fact, holds = str(problem) or type(problem).__name__, False
        took = f"({time.monotonic() - started:.1f} s)"
        say(" ".join(filter(None, ("ok   " if holds else "FAIL ", sentence + (":" if fact else ""), fact, took))))
        (self.passed if holds else self.failed).append(sentence if holds else f"{sentence}: {fact}")
        return holds

    @property
    def words(self) -> str:
        return f"{len(self.passed)} passed, {len(self.failed)} failed"


def every(items: Iterable[str], question: Callable[[str], str | None]) -> None:
    """Raises Unmet with what `question` complains of, for all items at once."""
    found = [f"{item}: {complaint}" for item in items if (complaint := question(item))]
    if found:
        raise Unmet("; ".join(found))


def get(port: int, path: str) -> tuple[int, str]:
    """(status, text); an answer of 400 or more raises HTTPError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=ASK_S) as answer:  # noqa: S310
        return answer.status, answer.read().decode()
