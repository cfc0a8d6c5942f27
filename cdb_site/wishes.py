"""What a service may ask of the local supervisor that started it: to kill a service, or to stop it for a while.

The two share the data folder and nothing else. The supervisor of a simulated market keeps a folder in it and says every
second that it is there; a wish is one small file, written whole, read once, and forgotten when it was not read in time.
Containers have no such supervisor: then nothing is offered.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

FOLDER = "wishes"
PRESENT = "present"
PRESENT_WITHIN_S = 10.0
FORGOTTEN_AFTER_S = 10.0
DEEDS = ("kill", "stop")
STOP_S = (1, 120)
STOP_USUAL_S = 15
LONGEST = 500


@dataclass(frozen=True, kw_only=True)
class ServiceWish:
    """`deed`: kill, as a crash would, or stop, in order and for `seconds`."""

    deed: str
    service: str
    seconds: int = 0


def offered(data_dir: Path, now_s: float) -> bool:
    """Whether a supervisor reads wishes in this folder now."""
    with suppress(OSError):
        return abs(now_s - (data_dir / FOLDER / PRESENT).stat().st_mtime) < PRESENT_WITHIN_S
    return False


def ask(data_dir: Path, wish: ServiceWish) -> None:
    """Leave a wish. Raises OSError when the folder takes none."""
    place = data_dir / FOLDER / f"{uuid4().hex}.json"
    draft = place.with_suffix(".new")
    draft.write_text(json.dumps(asdict(wish)), encoding="utf-8")
    draft.replace(place)


def begin(data_dir: Path) -> None:
    """The supervisor is there; what an earlier one left is forgotten."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.iterdir():
        left.unlink(missing_ok=True)
    still_there(data_dir)


def still_there(data_dir: Path) -> None:
    (data_dir / FOLDER / PRESENT).touch()


def end(data_dir: Path) -> None:
    (data_dir / FOLDER / PRESENT).unlink(missing_ok=True)


def taken(data_dir: Path, now_s: float) -> list[ServiceWish]:
    """The wishes left since the last look, oldest first; each is read once. What is no wish, or is old, is dropped."""
    found = []
    for place in sorted((data_dir / FOLDER).glob("*.json"), key=lambda path: path.stat().st_mtime):
        age_s = now_s - place.stat().st_mtime
        wish = _read(place) if place.stat().st_size <= LONGEST else None
        place.unlink()
        if wish is not None and age_s < FORGOTTEN_AFTER_S:
            found.append(wish)
    return found


def _read(place: Path) -> ServiceWish | None:
    with suppress(OSError, ValueError, TypeError):
        wish = ServiceWish(**json.loads(place.read_text(encoding="utf-8")))
        low, high = STOP_S
        within = isinstance(wish.seconds, int) and (wish.deed == "kill" or low <= wish.seconds <= high)
        if wish.deed in DEEDS and isinstance(wish.service, str) and within:
            return wish
    return None
