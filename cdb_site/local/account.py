"""The unix account PostgreSQL runs under: its server refuses to run as root.

Started by an ordinary user it is that user. Started by root it is `postgres` or `nobody`, taken on in the child
process alone: no user is created and no folder of others changes its mode.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdb_site.local.problems import LocalProblem

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class ServerAccount:
    """Whom the child process becomes; `name` None: whoever started us."""

    name: str | None = None
    uid: int = -1
    gid: int = -1

    def popen_options(self) -> dict[str, Any]:
        """Arguments for subprocess that change the account in the child only."""
        if self.name is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def owns(self, path: Path) -> None:
        """Hand a file or folder that we made to the account."""
        if self.name is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account can enter (a folder) or execute (a file) this path."""
        if self.name is None:
            return os.access(path, os.X_OK)
        probe = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(probe, cwd="/", check=False, **self.popen_options()).returncode == 0  # noqa: S603


def server_account() -> ServerAccount:
    """The account for this start. Raises LocalProblem when root finds neither candidate."""
    if os.geteuid() != 0:
        return ServerAccount()
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise LocalProblem(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`. "
        "Start as an ordinary user, or set POSTGRES_HOST to a server of yours."
    )
