"""Secrets of the containers: made where missing, from .env where it names them, never changed and never shown."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from backoffice.automation.code_figures import ROOT
from backoffice.automation.compose_secrets import NEVER_MADE, VARIABLES
from cdb_site.redis_users import ROLES, acl_file, password_of

GRAFANAS = "a-Grafana-word-of-32-characters-"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def run(folder: Path, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = folder.parent / ".env"
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, str(ROOT / "backoffice/automation/compose_secrets.py")]
    return subprocess.run(
        [*command, "--folder", str(folder), "--env-file", str(settings)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8").strip() for path in folder.iterdir()}


def test_every_secret_of_the_compose_file_is_made_strong_and_different_in_a_folder_nobody_else_enters(
    folder: Path,
) -> None:
    done = run(folder)

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert done.returncode == 0, done.stdout + done.stderr
    users = {f"redis_{user}" for user in ROLES}
    wanted = set(compose["secrets"]) - {"certificates"} | {"redis_lane"}
    assert set(held(folder)) == wanted == set(VARIABLES) | users | {"redis_acl"}
    made = [value for name, value in held(folder).items() if name not in NEVER_MADE]
    assert len(set(made)) == len(made) == len(held(folder)) - len(NEVER_MADE)
    assert min(map(len, made)) >= 50
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_redis_is_told_hashes_alone_of_passwords_that_follow_from_one_secret(folder: Path) -> None:
    run(folder, "REDIS_PASSWORD=four-and-twenty-blackbirds-0123456789")

    secret = held(folder)["redis_password"]
    assert held(folder)["redis_acl"] + "\n" == acl_file(secret)
    assert {user: held(folder)[f"redis_{user}"] for user in ROLES} == {
        user: password_of(user, secret) for user in ROLES
    }
    assert not any(held(folder)[f"redis_{user}"] in held(folder)["redis_acl"] for user in ROLES)


def test_a_folder_from_before_there_were_users_gets_them_and_keeps_its_secrets(folder: Path) -> None:
    run(folder)
    before = held(folder)
    for path in folder.iterdir():
        if path.name.startswith("redis_") and path.name != "redis_password":
            path.unlink()
    (folder / "redis_acl").write_text("user default on nopass ~* &* +@all\n")

    done = run(folder)

    assert held(folder) == before
    assert "redis_acl: made of redis_password; start cdb_redis and its services anew" in done.stdout


def test_a_folder_that_is_there_and_open_to_others_is_closed(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)

    done = run(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_grafanas_password_is_that_of_the_settings_and_the_environment_goes_first(folder: Path) -> None:
    done = run(folder, f"GRAFANA_PASSWORD={GRAFANAS}", REDIS_PASSWORD="the-environment-says-this-one")

    assert "grafana_password: taken from GRAFANA_PASSWORD" in done.stdout
    assert held(folder)["grafana_password"] == GRAFANAS
    assert held(folder)["redis_password"] == "the-environment-says-this-one"
    assert not any(value in done.stdout + done.stderr for value in held(folder).values() if value)


def test_a_setting_may_name_a_file_that_holds_the_value(folder: Path) -> None:
    kept = folder.parent / "grafana"
    kept.write_text(GRAFANAS + "\n", encoding="utf-8")

    done = run(folder, f"GRAFANA_PASSWORD_FILE={kept}")

    assert "grafana_password: taken from GRAFANA_PASSWORD" in done.stdout
    assert held(folder)["grafana_password"] == GRAFANAS


def test_a_file_that_a_setting_names_and_that_is_not_there_is_told(folder: Path) -> None:
    done = run(folder, f"REDIS_PASSWORD_FILE={folder.parent / 'absent'}")

    assert done.returncode == 1
    assert "REDIS_PASSWORD_FILE: cannot read the file it names" in done.stdout
    assert not folder.exists()


def test_a_token_that_others_give_is_never_made_and_is_taken_when_it_is_there(folder: Path) -> None:
    first = run(folder)
    nothing = held(folder)["telegram_token"]

    second = run(folder, "TELEGRAM_TOKEN=12345678:the-bots-own-token")

    assert "telegram_token: empty; TELEGRAM_TOKEN is not set" in first.stdout
    assert nothing == ""
    assert second.stdout == "telegram_token: taken from TELEGRAM_TOKEN\n"
    assert held(folder)["telegram_token"] == "12345678:the-bots-own-token"


def test_a_second_run_changes_nothing(folder: Path) -> None:
    run(folder, f"GRAFANA_PASSWORD={GRAFANAS}")
    before = held(folder)

    done = run(folder, f"GRAFANA_PASSWORD={GRAFANAS}")

    assert (done.returncode, done.stdout) == (0, "all there\n")
    assert held(folder) == before


def test_settings_that_say_otherwise_than_a_file_are_refused_with_the_remedy(folder: Path) -> None:
    run(folder)
    before = held(folder)

    done = run(folder, f"GRAFANA_PASSWORD={GRAFANAS}")

    assert done.returncode == 1
    assert "GRAFANA_PASSWORD: is not what secrets/grafana_password holds; grafana cli" in done.stdout
    assert held(folder) == before


@pytest.mark.parametrize("line", ["GRAFANA_PASSWORD=hunter2", "GRAFANA_PASSWORD=changeme-changeme-changeme"])
def test_a_weak_password_is_refused_before_anything_is_written(folder: Path, line: str) -> None:
    done = run(folder, line)

    assert done.returncode == 1
    assert "error: GRAFANA_PASSWORD: shorter than 16 characters or a placeholder." in done.stdout
    assert line.partition("=")[2] not in done.stdout
    assert not folder.exists()


def test_settings_that_cannot_be_read_are_named(folder: Path) -> None:
    done = run(folder, "GRAFANA_PASSWORT=x")

    assert done.returncode == 1
    assert "did you mean GRAFANA_PASSWORD" in done.stdout
