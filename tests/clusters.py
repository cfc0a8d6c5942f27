"""PostgreSQL's data with every table in it, made once and copied for every session of tests.

initdb and a hundred migrations cost ten seconds of processor, a copy a fifth of one. What was made is kept in the
machine's folder of temporary files, under a digest of everything that has a say in it; whoever changes a migration
gets another digest, and so does another release of PostgreSQL. Of those unused for an hour the newest `KEPT` stay.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cdb_site.local.account import server_account
from cdb_site.local.binaries import find_postgres
from cdb_site.local.folders import Folder, temporary_folder
from cdb_site.local.postgres import SETTINGS
from cdb_site.local.servers import running_servers

ROOT = Path(__file__).resolve().parents[1]
MIGRATED = "migrated"
# The variable of a run that reads no database: of a tree that no other run has, a cluster is made for nothing.
WITHOUT_TABLES = "TESTS_WITHOUT_TABLES"
KEPT = 3
COPIED_WITHIN_S = 3600
# Migrations, what they import, and what acts after each of them: models' permissions, groups and their rights.
HAVE_A_SAY = ("migrations/*.py", "models.py", "models/**/*.py", "apps.py", "roles.py", "append_only.py", "settings.py")
OTHERS = ("uv.lock", "tests/clusters.py", "cdb_site/local/postgres.py", "cdb_site/local/database.py")


def copy_into(folder: Folder) -> None:
    """The folder's servers will start on a copy, which its own secrets open; nothing of them may exist before."""
    made = _made()
    shutil.copy2(made / "secrets.json", folder.path / "secrets.json")
    home = folder.postgres_home(server_account())
    # Not Python's own way: a thousand files are copied here, and their owner is to stay whose they are.
    subprocess.run(["cp", "-Rp", str(made / "postgres"), str(home / "postgres")], check=True)


def hand_over(giver: Folder, taker: Folder) -> None:
    """A stopped server's data, and the secrets that open it, where the giver has any."""
    if not (giver.path / "secrets.json").exists():
        return
    shutil.copy2(giver.path / "secrets.json", taker.path / "secrets.json")
    data, place = (folder.postgres_home(server_account()) / "postgres" for folder in (giver, taker))
    if data.exists():
        data.rename(place)


@cache
def _made() -> Path:
    """Where it is kept; made first by whoever comes first, while all others wait."""
    place = _place()
    with _alone(place):
        if not place.exists():
            _make(place)
        place.touch()
        _drop_the_oldest(place.parent)
    return place


def _place() -> Path:
    home = Path(tempfile.gettempdir()) / f"claire-de-binaire-clusters-{os.geteuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    return home / digest()


def digest() -> str:
    """Of everything that has a say in the data; it names no folder, so copies of a tree share theirs."""
    programs = find_postgres(server_account())
    said = hashlib.sha256(repr((programs.version, sys.version_info[:2], SETTINGS)).encode())
    # Of the rooms alone: beside them lie packages by the ten thousand, and folders that come and go.
    rooms = [place.parent for place in ROOT.glob("[!.]*/__init__.py")]
    files = {path for room in rooms for pattern in HAVE_A_SAY for path in room.glob(f"**/{pattern}")}
    for path in sorted(files | {ROOT / name for name in OTHERS}):
        said.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return said.hexdigest()[:24]


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(place: Path) -> None:
    """Complete or not at all: a draft gets the name."""
    with temporary_folder("cluster") as folder:
        with running_servers(folder.path) as servers:
            assert servers.postgres is not None
            with servers.postgres.connect() as owner:
                owner.execute(f"CREATE DATABASE {MIGRATED}")
            env = {**os.environ, **servers.owner_env, "POSTGRES_DB": MIGRATED, "DATA_DIR": str(folder.path)}
            command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity", "0"]
            said = {"ENV": "demo", "SECRET_KEY": servers.credentials.secret_key}
            subprocess.run(command, cwd=ROOT, env=env | said, check=True)
        draft = place.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        shutil.copy2(folder.path / "secrets.json", draft / "secrets.json")
        data = folder.postgres_home(server_account()) / "postgres"
        subprocess.run(["cp", "-Rp", str(data), str(draft / "postgres")], check=True)
        draft.rename(place)


def _drop_the_oldest(home: Path) -> None:
    """Beyond those kept, what nobody can be copying any more."""
    used_s = {path: path.stat().st_mtime for path in home.iterdir() if path.is_dir()}
    for path in sorted(used_s, key=used_s.__getitem__)[:-KEPT]:
        if time.time() - used_s[path] > COPIED_WITHIN_S:
            shutil.rmtree(path, ignore_errors=True)
