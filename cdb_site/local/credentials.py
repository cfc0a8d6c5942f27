"""The generated passwords of one data folder: made once, kept in `secrets.json`, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cdb_site.local.problems import LocalProblem


def _token() -> str:
    """48 hex digits: quoting-free in URLs, configuration files and connection strings."""
    return secrets.token_hex(24)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Everything secret about one folder; `identity` ties data placed elsewhere to it."""

    identity: str = field(default_factory=_token)
    postgres_owner: str = field(default_factory=_token, repr=False)
    postgres_app: str = field(default_factory=_token, repr=False)
    redis: str = field(default_factory=_token, repr=False)
    secret_key: str = field(default_factory=lambda: secrets.token_hex(40), repr=False)
    operator: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)


def load_or_create(path: Path) -> Credentials:
    """Read the file, or write a new one first. Raises LocalProblem when it cannot be understood."""
    if not path.exists():
        _write(path, Credentials())
    try:
        return Credentials(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as problem:
        raise LocalProblem(
            f"{path} cannot be read ({problem}). Without it the database beside it cannot be opened: "
            "restore it, or remove the folder it lies in and start anew."
        ) from problem


def _write(path: Path, credentials: Credentials) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
