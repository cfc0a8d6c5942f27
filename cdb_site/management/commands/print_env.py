"""`manage.py print_env`: the configuration reference, written from the one list of variables.

`--format env` is the text of `.env.example`; `--format markdown` are the tables of `docs/configuration.md`. A test
says when either is out of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cdb_site import env

RECIPE = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
HEAD = f"""\
# Every setting of Claire de Binaire with its default. Copy this file to .env and uncomment what you change.
# The process environment goes before .env. Instead of NAME, NAME_FILE may name a file that holds the value.
# Fractions are fractions: 0.02 means 2 %. Secrets have no default; a good one comes from:
#   {RECIPE}
# `make demo` and `make run` generate the secrets that are not set."""

Row = tuple[str, str, env.Rule]


class Command(BaseCommand):
    help = "Print the configuration reference: as .env.example, or as the tables of docs/configuration.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--format",
            choices=("env", "markdown"),
            default="env",
            help="env: the text of .env.example; markdown: the tables of docs/configuration.md (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(env_example() if options["format"] == "env" else markdown(), ending="")


def sections() -> Iterator[tuple[str, list[Row]]]:
    """(section, its variables), in order of declaration."""
    for section, rows in groupby(env.rows(), key=lambda row: row[2].section):
        yield section, list(rows)


def env_example() -> str:
    """The text of `.env.example`: every variable commented out, at its default."""
    lines = [HEAD]
    for section, rows in sections():
        lines += ["", f"# {section}", ""]
        for name, default, rule in rows:
            lines += [f"# {meaning(rule)}", f"#{name}={default}"]
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """The tables of docs/configuration.md: what ENV changes, then one table per section."""
    lines = effects_table()
    for section, rows in sections():
        lines += ["", f"### {section}", "", "| Variable | Default | Meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {_code(default)} | {meaning(rule)} |" for name, default, rule in rows]
    return "\n".join(lines) + "\n"


def effects_table() -> list[str]:
    """What each value of ENV turns on, and nothing else."""
    names = [item.name for item in fields(env.Effects)]
    heads = [name.replace("_", " ") for name in names]
    lines = [f"| ENV | {' | '.join(heads)} |", "|---" * (len(names) + 1) + "|"]
    for value, effects in env.EFFECTS.items():
        cells = ["yes" if getattr(effects, name) else "no" for name in names]
        lines.append(f"| `{value}` | {' | '.join(cells)} |")
    return lines


def meaning(rule: env.Rule) -> str:
    """The line of help, with what the value may be."""
    return rule.help + "".join(f"; {part}" for part in _bounds(rule))


def _bounds(rule: env.Rule) -> Iterator[str]:
    if rule.choices and not all(choice in rule.help for choice in rule.choices):
        yield "one of " + ", ".join(rule.choices)
    if rule.low is not None and rule.high is not None:
        yield f"{_plain(rule.low)} to {_plain(rule.high)}"
    elif rule.low is not None:
        yield f"at least {_plain(rule.low)}"
    if rule.secret:
        bad = "a placeholder or" if rule.optional else "empty, a placeholder or"
        yield f"secret: {bad} below {env.SECRET_MIN_LENGTH} characters is refused unless ENV=demo"


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _code(default: str) -> str:
    return f"`{default}`" if default else "empty"
