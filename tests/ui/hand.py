"""Python that runs beside a tested server, in its environment: Django is made ready once, not for every act of a test.

    hand.run("from execution.models import Order; say(Order.objects.filter(symbol=words[0]).count())", "AAAUSDT")

As a program it reads a line of JSON for each act, {"code": ..., "words": [...]}, and answers {"said": ...}, or
{"failed": ...} with what Python says. Names of one act are unknown to the next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

from django.db import connections

ROOT = Path(__file__).resolve().parents[2]


class Hand:
    """Starts with its first act, ends with `end`."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self._program: subprocess.Popen[str] | None = None

    def run(self, code: str, *words: str) -> Any:
        """Do it with these `words`; what the code handed to `say` last."""
        program = self._program = self._program or self._started()
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write(json.dumps({"code": code, "words": words}) + "\n")
        program.stdin.flush()
        line = program.stdout.readline()
        assert line, f"the hand ended with {program.wait()}"
        answer = json.loads(line)
        assert "said" in answer, answer["failed"]
        return answer["said"]

    def _started(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.ui.hand"]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def end(self) -> None:
        if self._program is not None:
            self._program.communicate()


def act(asked: dict[str, Any]) -> dict[str, Any]:
    said: list[Any] = [None]
    try:
        exec(asked["code"], {"words": asked["words"], "say": said.append})  # noqa: S102  (what a test wrote)
    except Exception:
        return {"failed": traceback.format_exc()}
    finally:
        connections.close_all()
    return {"said": said[-1]}


def serve(answers: TextIO) -> None:
    for line in sys.stdin:
        print(json.dumps(act(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    import django

    # Whatever else is printed or logged is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    django.setup()
    serve(answers)
