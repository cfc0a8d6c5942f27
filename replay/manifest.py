"""What it takes to bring a replay again, and what it brought: enough to say whether a second one is the same.

    data      a hash of the candles and of who could be bought when
    settings  strategy, limits, model, costs and the instruments' rules, as they were played
    code      the git revision, whether files of it were changed, and the versions of what it runs on
    brought   a hash of every decision with its fills and of every trip, how many there were, and the equity at the end

`differences` names what is not the same in two of them. The seed is that of --check-lookahead: a replay has no chance.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings as site

from cdb_site.clock import iso
from cdb_site.units import plain
from marketdata.intervals import moment
from replay.asked import as_json, from_json
from replay.rules.data_hash import data_hash
from replay.rules.outcome import ReplayOutcome
from replay.rules.settings import ReplaySettings
from replay.source import ReplayCandles, ReplaySource

FORM = 1
PACKAGES = ("claire-de-binaire", "numpy", "msgspec", "numba", "django")
UNKNOWN = "unknown"
GIT_S = 10
Manifest = dict[str, Any]


def manifest(
    source: ReplaySource, settings: ReplaySettings, recording: ReplayCandles, outcome: ReplayOutcome
) -> Manifest:
    """Plain JSON. The source has the bounds of what was played: a repetition does not go on with later candles."""
    grid = recording.grid
    first_s, after_s = grid.opens_s(recording.warm_up), grid.closes_s(grid.periods - 1)
    return {
        "form": FORM,
        "source": told_source(replace(source, since_s=first_s, until_s=after_s)),
        "played": {
            "from": iso(moment(first_s)),
            "to": iso(moment(after_s)),
            "symbols": list(grid.symbols),
            "chosen_by": recording.chosen_by,
        },
        "settings": as_json(settings),
        "data_hash": data_hash(grid, recording.universe),
        "code": code(),
        "seed": 0,
        "brought": brought(outcome),
    }


def brought(outcome: ReplayOutcome) -> dict[str, Any]:
    """What a replay came to, in numbers that are the same only if it was."""
    return {
        "trade_hash": trade_hash(outcome),
        "decisions": len(outcome.decisions),
        "trips": len(outcome.trips),
        "equity": plain(outcome.equity),
    }


def trade_hash(outcome: ReplayOutcome) -> str:
    """Of every decision, what it was made from and what it got, and of every trip."""
    found = blake2b(digest_size=16)
    encode = msgspec.json.Encoder().encode
    for record in (*outcome.decisions, *outcome.trips):
        found.update(encode(record))
    return found.hexdigest()


def told_source(source: ReplaySource) -> dict[str, Any]:
    """What was asked for; the folder of files as a text."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(source, enc_hook=str))
    return told


def source_of(told: Mapping[str, Any]) -> ReplaySource:
    """Raises ValueError for anything else than `told_source` gave."""
    folder = told.get("folder")
    try:
        bare = msgspec.convert(dict(told) | {"folder": None}, ReplaySource)
    except msgspec.ValidationError as problem:
        raise ValueError(f"source: {problem}") from problem
    return bare if folder is None else msgspec.convert(dict(told) | {"folder": Path(folder)}, ReplaySource)


def code() -> dict[str, Any]:
    """What runs: the revision of the checkout (None where it is none), and the versions of what it stands on."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "revision": _git("rev-parse", "HEAD"),
        "changed": None if changed is None else bool(changed),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    """What git says of the checkout; None where it says nothing."""
    program = shutil.which("git")
    if program is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603 - constants
            [program, "-C", str(site.BASE_DIR), *words], capture_output=True, text=True, timeout=GIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() if said.returncode == 0 else None


def opened(path: Path) -> Manifest:
    """A manifest that was written. Raises ValueError, naming what is wrong with it."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ValueError(f"{path}: cannot be read ({problem.strerror or problem})") from problem
    except ValueError as problem:
        raise ValueError(f"{path}: is no JSON ({problem})") from problem
    if not isinstance(told, dict) or told.get("form") != FORM:
        raise ValueError(f"{path}: is no manifest of this form; `replay --export DIR` writes one")
    missing = [name for name in ("source", "settings", "data_hash", "brought", "code") if name not in told]
    if missing:
        raise ValueError(f"{path}: {', '.join(missing)} is missing")
    source_of(told["source"])
    from_json(told["settings"])
    return told


def is_repeated(before: Manifest, after: Manifest) -> bool:
    """Whether the same candles brought the same decisions, fills and trips."""
    return all(before[name] == after[name] for name in ("data_hash", "brought"))


def differences(before: Any, after: Any, name: str = "") -> Iterator[str]:
    """What is not the same in two manifests, each by its place: `settings.limits.stop_loss_pct: 0.02, now 0.03`."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key), after.get(key), f"{name}.{key}" if name else str(key))
    elif before != after:
        yield f"{name}: {_short(before)}, now {_short(after)}"


def _short(value: Any) -> str:
    text = UNKNOWN if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "…"
