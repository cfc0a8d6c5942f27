"""Where a profile keeps what it needs between starts: `<checkout>/.cdb/<profile>`.

The folder holds the lock, the credentials, the state of what runs, both servers' data, logs and collected static
files. PostgreSQL's data and binaries move to `/var/lib/claire-de-binaire` when root starts the system from a place
its server account cannot reach, such as a closed /root; the folder's identity, kept with the credentials, says
which data belongs to it, so a folder made anew never meets the database of its predecessor.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdb_site.local.account import ServerAccount
from cdb_site.local.credentials import Credentials, load_or_create
from cdb_site.local.locks import FolderLock
from cdb_site.local.problems import LocalProblem
from cdb_site.local.signals import undisturbed

DELETE_TRIES, DELETE_AGAIN_S = 10, 0.1

CHECKOUT = Path(__file__).resolve().parent.parent.parent
HOME = CHECKOUT / ".cdb"
RELOCATED = Path("/var/lib/claire-de-binaire")
TEMPORARY_PREFIX = "tmp-"


@dataclass(frozen=True)
class Folder:
    """One profile's data folder. `path` is absolute; nothing exists before `create()`."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_temporary(self) -> bool:
        return self.path.parent == HOME and self.name.startswith(TEMPORARY_PREFIX)

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def env_file(self) -> Path:
        return self.path / "env.json"

    @property
    def stamp_file(self) -> Path:
        return self.path / "prepared"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    def create(self) -> Folder:
        """Make the folder and what is in it; raises LocalProblem when the place is not writable."""
        # As root the server account must pass through; names inside stay unreadable for it.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        inside = self.path.is_relative_to(HOME)
        try:
            for folder in ([HOME] if inside else []) + [self.path, self.logs, self.valkey]:
                if not folder.exists():
                    folder.mkdir(parents=True)
                    folder.chmod(mode)
        except OSError as problem:
            raise LocalProblem(
                f"cannot create {problem.filename} ({problem.strerror}). Make the folder writable, or name another "
                "with --data-dir."
            ) from problem
        return self

    def credentials(self) -> Credentials:
        """The folder's generated passwords; made once, file mode 0600."""
        return load_or_create(self.path / "secrets.json")

    def lock(self) -> FolderLock:
        return FolderLock(self.path / "lock")

    def postgres_home(self, account: ServerAccount) -> Path:
        """The folder in which `postgres` (data) lies: here, or where the server account can reach it."""
        return self.path if account.reaches(self.path) else self._relocated(create=True)

    def _relocated(self, *, create: bool = False) -> Path:
        identity = f"{self.path}:{self.credentials().identity}"
        place = RELOCATED / ("data-" + hashlib.sha256(identity.encode()).hexdigest()[:16])
        if create:
            make_reachable(place)
        return place

    def postgres_places(self) -> list[Path]:
        """Every place this folder's PostgreSQL data can be, whether or not it exists."""
        places = [self.path / "postgres"]
        if os.geteuid() == 0 and (self.path / "secrets.json").exists():
            places.append(self._relocated() / "postgres")
        return places

    def remove(self) -> None:
        """Delete the folder and its relocated data. Nothing of it may be running."""
        for place in self.postgres_places():
            if place.parent != self.path:
                _delete(place.parent)
        _delete(self.path)


def _delete(place: Path) -> None:
    """Delete a folder also when a process that ends writes its last file into it meanwhile."""
    for _ in range(DELETE_TRIES):
        shutil.rmtree(place, ignore_errors=True)
        if not place.exists():
            return
        time.sleep(DELETE_AGAIN_S)


def make_reachable(place: Path) -> None:
    """Create a folder below /var/lib/claire-de-binaire that other accounts may pass through."""
    try:
        for folder in (RELOCATED, place):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
    except OSError as problem:
        raise LocalProblem(
            f"PostgreSQL's account cannot reach the checkout, and {place} cannot be created ({problem.strerror}). "
            "Move the checkout to a folder others may pass through, or set POSTGRES_HOST to a server of yours."
        ) from problem


def profile_folder(profile: str) -> Folder:
    return Folder(HOME / profile)


def known_folders() -> list[Folder]:
    """All data folders of this checkout, oldest name order."""
    if not HOME.is_dir():
        return []
    return [Folder(path) for path in sorted(HOME.iterdir()) if path.is_dir()]


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Folder]:
    """A locked folder that lives as long as the block, for tests and measurements."""
    HOME.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        HOME.chmod(0o711)
    path = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{purpose}-", dir=HOME))
    if os.geteuid() == 0:
        path.chmod(0o711)
    folder = Folder(path).create()
    try:
        yield folder
    finally:
        with undisturbed():
            folder.remove()
