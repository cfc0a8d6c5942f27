"""The proof of the containers where it decides itself: which images it needs, which rules it removes, what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backoffice.automation.code_figures import ROOT
from proofs.containers import checks, images, network
from proofs.containers.engine import available_bytes, what_is_missing
from proofs.containers.https import SETTINGS
from proofs.containers.promises import Kept, every
from proofs.rig.waiting import Unmet

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILES = [(ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "backoffice/tls/Dockerfile")]


def test_the_images_of_others_are_those_that_the_files_name_and_none_that_they_build() -> None:
    found = images.named(COMPOSE, *DOCKERFILES)

    assert {name.partition(":")[0] for name in found} == {
        "caddy", "grafana/grafana", "postgres", "prom/prometheus", "python", "redis",
    }  # fmt: skip
    assert all(re.search(r":v?\d", name) for name in found)


def test_every_image_has_a_stand_in_but_the_one_that_is_said_to_have_none() -> None:
    needed = {name.partition(":")[0] for name in images.named(COMPOSE, *DOCKERFILES)} - {images.NONE_FOR}

    made = {path.parent.name for path in images.STANDINS.glob("*/Dockerfile")}
    assert {name.rpartition("/")[2] for name in needed} == made
    assert images.services_of(COMPOSE, images.NONE_FOR) == ("cdb_grafana",)


def test_a_stage_of_a_dockerfile_is_no_image_of_others() -> None:
    compose = "services: {a: {image: 'mine:1', build: .}, b: {image: 'theirs:2'}}"

    assert images.named(compose, "FROM base:3 AS one\nFROM one AS two\nFROM two\n") == ["base:3", "theirs:2"]


def test_postgresqls_version_is_its_tags() -> None:
    assert images.postgres_major("postgres:18-bookworm") == "18"
    with pytest.raises(Unmet, match="names no version"):
        images.postgres_major("postgres:latest")


def test_only_the_proofs_own_rule_of_the_firewall_is_deleted() -> None:
    ours = f"-A POSTROUTING -s {network.THERE}/32 -o eth0 -j MASQUERADE"
    listed = f"-P POSTROUTING ACCEPT\n-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE\n{ours}\n"

    assert network.rules_of(listed) == [["-D", *ours.split()[1:]]]
    assert network.rules_of("") == []


def test_a_promise_that_raises_is_not_kept_and_the_next_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = Kept()

    def broken() -> str:
        raise Unmet("it leaks")

    kept.judge("It is tight", broken)
    kept.judge("It floats", lambda: "12 days")

    assert (kept.passed, kept.failed) == (["It floats"], ["It is tight: it leaks"])
    assert kept.words == "1 passed, 1 failed"
    said = capsys.readouterr().err
    assert "FAIL  It is tight: it leaks" in said and "ok    It floats: 12 days" in said


def test_a_question_to_all_names_each_that_complains() -> None:
    every(["a", "b"], lambda name: None)
    with pytest.raises(Unmet, match="^a: a is ill; b: b is ill$"):
        every(["a", "b"], lambda name: f"{name} is ill")


def test_every_check_is_a_sentence() -> None:
    for check in (*checks.CHECKS, checks.grafana):
        assert re.match(r"[A-Z/].+\.$", (check.__doc__ or "").strip()), check.__name__


def test_memory_that_can_be_had_is_read_and_what_is_not_told_is_none() -> None:
    assert available_bytes("MemTotal: 9 kB\nMemAvailable:    2048 kB\n") == 2 * 2**20
    assert available_bytes("MemTotal: 9 kB\n") == 0


def test_what_is_missing_for_an_engine_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert re.search(r"without .*root.* Start Docker, or run this as root on Debian", what_is_missing() or "")


def test_the_production_of_the_proof_is_one_that_the_settings_take(tmp_path: Path) -> None:
    from cdb_site import env

    (tmp_path / ".env").write_text(SETTINGS)
    secret = "k4Vt8Zq1xW7mB3nR9sL2cY6dJ5fH0gPaEuT4iO8vK1wQ7zX3yN9"
    given = dict.fromkeys(("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"), secret)

    environment, problems = env.survey(tmp_path / ".env", given)

    assert problems == []
    assert environment and (environment.ENV, environment.MARKET) == ("prod", "SIMULATED")
