"""Programs that this proof runs: what they say, and a sentence when they fail."""

from __future__ import annotations

import subprocess
from pathlib import Path

from proofs.rig.waiting import Unmet, say

TIMEOUT_S = 600


def run(
    *words: str, check: bool = True, cwd: Path | None = None, stdin: str = "", timeout_s: float = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run it to its end. Raises Unmet with its last line when it fails, unless `check` is off."""
    try:
        done = subprocess.run(
            words, cwd=cwd, input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        raise Unmet(f"`{' '.join(words[:4])} …` did not end within {timeout_s:g} s") from None
    except FileNotFoundError:
        raise Unmet(f"`{words[0]}` is not installed") from None
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1][:400]
        raise Unmet(f"`{' '.join(words[:4])} …` ended with {done.returncode}: {said}")
    return done


def stream(*words: str, cwd: Path, log: Path) -> str:
    """Run it, saying each line of its standard output as it comes; the other goes to `log`. Raises Unmet as `run`."""
    lines: list[str] = []
    with log.open("a") as errors:
        nothing, pipe = subprocess.DEVNULL, subprocess.PIPE
        process = subprocess.Popen(words, cwd=cwd, stdin=nothing, stdout=pipe, stderr=errors, text=True)
        try:
            for line in process.stdout or ():
                lines.append(line)
                say(f"        {line.rstrip()}")
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if code:
        said = " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
        raise Unmet(f"`{' '.join(words[1:4])} …` ended with {code}: {said[:600]}; see {log}")
    return "".join(lines)


def output(*words: str, check: bool = True, cwd: Path | None = None) -> str:
    """What it says on its standard output."""
    return run(*words, check=check, cwd=cwd).stdout.strip()
