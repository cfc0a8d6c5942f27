"""The one place that reads the process environment, and the `.env` file under it.

A value comes from, in this order: the variable, the file named by `<NAME>_FILE` (container secrets), the same two in
`.env`, the default. What cannot be used is refused: `EnvironmentProblem` lists every such variable with its remedy and
never a value; nothing falls back silently. Starting and `check_env.py` read by the same functions. What may be set is
declared in `cdb_site.env_variables`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import quote

from cdb_site.env_effects import EFFECTS, Effects
from cdb_site.env_file import EnvFile, Problem, Unusable, read_env_file, shown
from cdb_site.env_together import whole_problems
from cdb_site.env_variables import KNOWN, SCREENER_PORTS, SEEDS, Environment, Rule, rows
from cdb_site.limit_table import FRACTION_HINT

__all__ = [
    "EFFECTS", "SCREENER_PORTS", "SECRET_MIN_LENGTH", "SEEDS", "Effects", "Environment", "EnvironmentProblem", "Rule",
    "ambient", "given", "read", "read_file", "read_with_file", "redis_url", "rows", "survey",
    "unfinished_keys", "value_of", "weak",
]  # fmt: skip

PLACEHOLDERS = ("changeme", "change-me", "placeholder", "secret", "password", "example", "insecure")
SECRET_MIN_LENGTH = 16
SIGNING_KEY_MIN_LENGTH = 50
SECRET_MIN_DIFFERENT = 5
HINTS = get_type_hints(Environment)


class EnvironmentProblem(Exception):
    """Variables that are missing or unusable, one a line: each named, with what to do."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def read(environ: Mapping[str, str] | None = None) -> Environment:
    """Read and check all variables. Raises EnvironmentProblem naming all that cannot be used."""
    environment, problems = _checked(os.environ if environ is None else environ)
    if environment is None:
        raise EnvironmentProblem(problems)
    return environment


def read_with_file(path: Path) -> Environment:
    """The process environment over a `.env` file, which fills in what is not set. Raises EnvironmentProblem."""
    environment, problems = survey(path)
    if environment is None or problems:
        raise EnvironmentProblem(problems)
    return environment


def survey(
    path: Path, environ: Mapping[str, str] | None = None, filled_in: Mapping[str, str] | None = None
) -> tuple[Environment | None, list[Problem]]:
    """What a start with this file would read, and everything it would refuse, in the file's order.

    `filled_in` is what that start sets itself where nobody else does.
    """
    environ = os.environ if environ is None else environ
    found = read_file(path)
    told = {item.name.removesuffix("_FILE") for item in found.problems}
    if "" in told:
        return None, list(found.problems)
    environment, problems = _checked({**(filled_in or {}), **found.values, **environ})
    ours = [item for item in problems if item.name in environ]
    others = [item for item in problems if item.name not in environ and item.name.removesuffix("_FILE") not in told]
    return environment, [*found.problems, *ours, *(_placed(item, found, path) for item in others)]


def read_file(path: Path) -> EnvFile:
    """A `.env` file with all that is wrong with it alone: lines that cannot be read, values that cannot be used."""
    found = read_env_file(path, KNOWN)
    _, problems = _typed(found.values)
    placed = [_placed(item, found, path) for item in problems]
    return replace(found, problems=tuple(sorted([*found.problems, *placed], key=lambda item: item.line)))


def _placed(problem: Problem, found: EnvFile, path: Path) -> Problem:
    return replace(problem, line=found.lines.get(problem.name, 0), source=shown(path) if path.exists() else "")


def given(path: Path) -> dict[str, str]:
    """Our variables as the user set them, unread: by name (or `<NAME>_FILE`), `.env` under the process environment.

    Raises EnvironmentProblem for what is wrong with the file.
    """
    found = read_file(path)
    if found.problems:
        raise EnvironmentProblem(found.problems)
    return {name: value for name, value in {**found.values, **os.environ}.items() if name in KNOWN}


def _checked(environ: Mapping[str, str]) -> tuple[Environment | None, list[Problem]]:
    """(all settings, none) or (None, every problem)."""
    values, problems = _typed(environ)
    bad = {item.name.removesuffix("_FILE") for item in problems}
    environment = Environment(**values)
    if "ENV" not in bad:
        problems += _secret_problems(environment, bad)
    problems += [item for item, needs in whole_problems(environment) if not bad & needs]
    return (None, problems) if problems else (environment, [])


def _typed(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The values that were set and can be used, and what is wrong with the others."""
    values: dict[str, Any] = {}
    problems = []
    for item in fields(Environment):
        name = item.name if item.name in environ else f"{item.name}_FILE"
        try:
            text = environ.get(item.name)
            text = _from_file(item.name, environ[name]) if text is None and name in environ else text
            if text is not None and (text != "" or HINTS[item.name] is str):
                values[item.name] = _parse(item.name, text, HINTS[item.name], item.metadata["rule"])
        except Unusable as problem:
            problems.append(Problem(name, str(problem)))
    return values, problems


def value_of(name: str, text: str) -> Any:
    """The value that one variable would have with this text. Raises Unusable, a ValueError, with the remedy."""
    return _parse(name, text, HINTS[name], next(rule for known, _, rule in rows() if known == name))


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise Unusable(
            f"cannot read the file it names ({why}). Point it at a readable file or set {name}."
        ) from problem


def _parse(name: str, text: str, kind: Any, rule: Rule) -> Any:
    text = text.strip()
    if kind in (int, Decimal):
        return _number(name, text, kind, rule)
    if kind is Path:
        return Path(text)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if rule.choices and text not in rule.choices:
        raise Unusable(f"must be one of {', '.join(rule.choices)}. {rule.help}.")
    remedy = rule.check(text) if rule.check else None
    if remedy:
        raise Unusable(f"cannot be used; {remedy}.")
    return text


def _number(name: str, text: str, kind: type, rule: Rule) -> Any:
    try:
        value = int(text) if kind is int else Decimal(text)
    except (ValueError, InvalidOperation) as problem:
        raise Unusable(f"expected {'a whole number' if kind is int else 'a number'}. {rule.help}.") from problem
    if not Decimal(value).is_finite():
        raise Unusable("must be a finite number.")
    if name.endswith("_PCT") and rule.high is not None and value > rule.high:
        raise Unusable(f"is a fraction and may not exceed {rule.high}; {FRACTION_HINT}. {rule.help}.")
    if (rule.low is not None and value < rule.low) or (rule.high is not None and value > rule.high):
        raise Unusable(f"{_bounds(rule)}. {rule.help}.")
    if rule.places is not None and round(Decimal(value), rule.places) != value:
        raise Unusable(f"may not have more than {rule.places} decimal places.")
    return value


def _bounds(rule: Rule) -> str:
    return f"must be at least {rule.low}" if rule.high is None else f"must be between {rule.low} and {rule.high}"


def _secret_problems(environment: Environment, bad: set[str]) -> list[Problem]:
    if not EFFECTS[environment.ENV].secrets_required:
        return []
    rules = {item.name: item.metadata["rule"] for item in fields(Environment) if item.name not in bad}
    asked = [name for name, rule in rules.items() if rule.secret and (getattr(environment, name) or not rule.optional)]
    return [_secret_problem(name, environment.ENV) for name in asked if weak(name, getattr(environment, name))]


def weak(name: str, value: str) -> bool:
    """Whether a secret of this name is too short, too even, or a placeholder."""
    alike = len(set(value)) < SECRET_MIN_DIFFERENT
    return len(value) < _length_of(name) or alike or any(word in value.lower() for word in PLACEHOLDERS)


def _length_of(name: str) -> int:
    return SIGNING_KEY_MIN_LENGTH if name == "SECRET_KEY" else SECRET_MIN_LENGTH


def _secret_problem(name: str, env: str) -> Problem:
    return Problem(
        name,
        f"empty, shorter than {_length_of(name)} characters, of too few different ones or a placeholder, which "
        f"ENV={env} refuses. "
        f"Set {name} or {name}_FILE, for example from: "
        'python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
    )


AMBIENT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


def ambient() -> dict[str, str]:
    """What a child process needs of its surroundings and is no setting of ours: search path, locale, proxies."""
    return {name: os.environ[name] for name in AMBIENT if name in os.environ}


def redis_url(environment: Environment) -> str:
    """The Redis address, password included: for libraries that only take a URL. Never log it."""
    host = environment.REDIS_HOST or "127.0.0.1"
    who = f"{quote(environment.REDIS_USER, safe='')}:{quote(environment.REDIS_PASSWORD, safe='')}"
    return f"redis://{who}@{host}:{environment.REDIS_PORT}/{environment.REDIS_DB}"


def unfinished_keys(environment: Environment) -> dict[str, str]:
    """Where a Celery worker keeps the jobs it has begun: those of its Redis user (`cdb_site.redis_users`)."""
    place = f"unacked.{environment.REDIS_USER or 'all'}"
    return {"unacked_key": place, "unacked_index_key": f"{place}.index", "unacked_mutex_key": f"{place}.mutex"}
