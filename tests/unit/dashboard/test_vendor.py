"""The committed browser libraries are what `vendor.json` says, and each has its licence beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
VENDOR = ROOT / "dashboard" / "vendor"
ENTRIES = json.loads((VENDOR / "vendor.json").read_text())["files"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["file"]))
def test_a_vendored_file_is_unchanged(entry: dict[str, str]) -> None:
    content = (ROOT / entry["file"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_every_vendored_file_is_listed() -> None:
    folders = ("dashboard/static/dashboard/vendor", "dashboard/static/dashboard/fonts", "tests/ui/vendor")
    present = {path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).iterdir()}

    assert present == {entry["file"] for entry in ENTRIES}


def test_versions_are_those_of_the_lock_file() -> None:
    locked = json.loads((VENDOR / "package-lock.json").read_text())["packages"]

    for entry in ENTRIES:
        for source in entry["sources"]:
            assert locked[f"node_modules/{source['package']}"]["version"] == source["version"]


def test_the_lock_file_names_no_host() -> None:
    assert "://" not in "".join(
        line for line in (VENDOR / "package-lock.json").read_text().splitlines() if '"resolved"' in line
    )
