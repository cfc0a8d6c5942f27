"""The example that docs/api.md names: a program that has the OpenAPI file alone does an operator's work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from tests.ui.planting import PASSWORD
from tests.ui.site import ROOT, Site, order
from tests.ui.test_acts import ACTIVE, OPERATOR

PROGRAM = ROOT / "docs" / "examples" / "operator_program.py"
# Who waits for more than comes waits for ever.
PATIENCE_S = 120


def program(site: Site, *more: str, password: str = PASSWORD, cwd: Path) -> subprocess.Popen[str]:
    """Elsewhere and with nothing of the project's on its path, as whoever copied it would run it."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), site.url, "olga", *more],
        cwd=cwd, env={"PATH": os.defpath, "CDB_PASSWORD": password}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def operated(marked_site: Site) -> Site:
    marked_site.hand.run(OPERATOR + "user.set_password(words[0]); user.save()", PASSWORD)
    marked_site.hand.run(ACTIVE)
    return marked_site


def test_it_lists_proposes_halts_resumes_and_follows_order_results(operated: Site, tmp_path: Path) -> None:
    told = []
    identity = str(uuid.uuid4())
    with program(operated, "--results", "2", cwd=tmp_path) as running:
        assert running.stdout and running.stderr
        running_out = threading.Timer(PATIENCE_S, running.kill)
        running_out.start()
        for line in running.stdout:
            told.append(line.rstrip())
            if line.startswith("following"):
                operated.say("order_results", order(identity, status="NEW", version=1))
            # Two changes of one order that come at once are told as one.
            if line.startswith("result") and "NEW" in line.split():
                operated.say("order_results", order(identity, status="FILLED", version=2))
        ended, complaint = running.wait(timeout=60), running.stderr.read()
        running_out.cancel()

    assert (ended, complaint) == (0, "")
    heads = [line.split()[0] for line in told]
    assert heads[-7:] == ["limits", "halt", "resume", "following", "result", "result", "logged"]
    assert set(heads[:-7]) <= {"decision"}
    assert [line.split()[1] for line in told if line.startswith("result")] == [identity] * 2
    assert told[-2].split()[-2] == "FILLED"


def test_a_wrong_password_is_said_in_one_line(operated: Site, tmp_path: Path) -> None:
    done = program(operated, password="none of hers", cwd=tmp_path)
    _, complaint = done.communicate(timeout=60)

    assert done.returncode == 1
    assert complaint.startswith("error: log_in: 401 ") and complaint.count("\n") == 1
