"""The first admin of a system that nobody can enter yet."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from risk.roles import role_of
from tests.integration.people.house import PASSWORD, person

pytestmark = pytest.mark.django_db


def create(tmp_path: Path, *words: str, password: str = PASSWORD) -> str:
    file = tmp_path / "password"
    file.write_text(f"{password}\n", encoding="utf-8")
    said = io.StringIO()
    call_command("create_admin", *words, "--password-file", str(file), stdout=said)
    return said.getvalue()


def test_it_makes_an_admin_who_is_no_superuser(tmp_path: Path) -> None:
    said = create(tmp_path, "anna")

    anna = User.objects.get()
    assert "anna is an admin" in said and PASSWORD not in said
    assert (role_of(anna), anna.is_staff, anna.is_superuser) == ("admin", True, False)
    assert anna.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "password1234", "anna-anna-anna"])
def test_a_weak_password_makes_nobody(tmp_path: Path, password: str) -> None:
    with pytest.raises(CommandError, match=r"password"):
        create(tmp_path, "anna-anna-anna", password=password)

    assert User.objects.count() == 0


@pytest.mark.parametrize("role", ["admin", "superuser"])
def test_where_an_admin_is_there_is_no_second_one_by_accident(tmp_path: Path, role: str) -> None:
    there = person(role)

    with pytest.raises(CommandError, match=f"an admin already: {there.username}"):
        create(tmp_path, "bert")
    create(tmp_path, "bert", "--force")

    assert role_of(User.objects.get(username="bert")) == "admin"


def test_a_person_who_exists_keeps_the_password(tmp_path: Path) -> None:
    there = person("viewer", "anna")

    with pytest.raises(CommandError, match="changepassword anna"):
        create(tmp_path, "anna", "--force", password="quite-another-one-7")

    there.refresh_from_db()
    assert there.check_password(PASSWORD)


def test_the_password_is_read_from_the_standard_input(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

    call_command("create_admin", "anna", "--password-file", "-", stdout=io.StringIO())

    assert User.objects.get().check_password(PASSWORD)


def test_two_answers_that_differ_make_nobody(monkeypatch: Any) -> None:
    answers = iter([PASSWORD, PASSWORD + "x"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))

    with pytest.raises(CommandError, match="differ"):
        call_command("create_admin", "anna")

    assert User.objects.count() == 0


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="cannot read /nowhere/at/all"):
        call_command("create_admin", "anna", "--password-file", "/nowhere/at/all")


@pytest.mark.parametrize("name", ["", "an na", "a" * 200])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError):
        create(tmp_path, name)
