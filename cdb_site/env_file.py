r"""A `.env` file read strictly: its values, and everything in it that cannot mean what was meant.

One setting a line, `NAME=value`; `export` before it, blanks and comments are fine. Where other readers of such files
(python-dotenv, docker compose, a shell) would each understand something else, the line is refused instead of guessed
at. Problems name the line and the variable and say what to do, never the value: it may be a secret. Needs nothing but
Python, because `check_env.py` runs before anything is installed.

    unquoted   NAME=value # comment     ends before a blank and #; no $NAME
    double     NAME="a value"           \" and \\ stand for " and \; no $NAME
    single     NAME='a $value'          taken as it stands
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ASSIGNMENT = re.compile(rf"(?:export[ \t]+)?({NAME.pattern})[ \t]*=[ \t]*(.*)")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)')
SINGLE = re.compile(r"'([^']*)'(.*)")
COMMENT = re.compile(r"(?:^|[ \t])#.*")
EXPANSION = re.compile(r"\$[A-Za-z_{]")
LINE_END = re.compile(r"\r\n|\n|\r")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
CLOSE = 0.85


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be used, without its value. `line` 0: no line of a file; `name` empty: the file itself."""

    name: str
    text: str
    line: int = 0
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return ": ".join(part for part in (place, self.name, self.text) if part)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """Values and lines by name; of a name set twice the first."""

    values: dict[str, str]
    lines: dict[str, int]
    problems: tuple[Problem, ...]


class Unusable(ValueError):
    """A line that does not say clearly what it sets; the text is the remedy."""


def read_env_file(path: Path, known: Collection[str]) -> EnvFile:
    """The file's values and all its problems; `known` are the names of our variables. No file: nothing."""
    source = shown(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return EnvFile({}, {}, ())
    except OSError as problem:
        return EnvFile({}, {}, (Problem("", f"cannot be read ({problem.strerror})", source=source),))
    try:
        text = _decoded(raw)
    except Unusable as problem:
        return EnvFile({}, {}, (Problem("", str(problem), source=source),))
    found = parsed(text, known)
    return replace(found, problems=tuple(replace(item, source=source) for item in found.problems))


def shown(path: Path) -> str:
    """The path as somebody in the current folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _decoded(raw: bytes) -> str:
    if raw.startswith(UTF_16) or b"\x00" in raw:
        raise Unusable("is UTF-16 text; save it as UTF-8 (in PowerShell: Set-Content -Encoding utf8)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise Unusable(f"is not UTF-8 text from line {line} on; save it as UTF-8") from problem


def parsed(text: str, known: Collection[str]) -> EnvFile:
    """The values and problems of a file's text."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(LINE_END.split(text), start=1):
        line = line.strip(" \t")
        if not line or line.startswith("#"):
            continue
        name = _name_of(line)
        try:
            value = _assigned(line)
            _refuse_unknown(name, known)
            if name in lines:
                raise Unusable(f"set twice, first in line {lines[name]}; keep one of the two")
        except Unusable as problem:
            problems.append(Problem(name, str(problem), number))
            lines.setdefault(name, number)
            continue
        values[name], lines[name] = value, number
    return EnvFile(values, lines, tuple(problems))


def _name_of(line: str) -> str:
    """The name at the start of a line; never more of it, a value may follow."""
    match = NAME.match(line.removeprefix("export").lstrip(" \t") if line.startswith(("export ", "export\t")) else line)
    return match.group() if match else ""


def _assigned(line: str) -> str:
    match = ASSIGNMENT.fullmatch(line)
    if match is None:
        raise Unusable("is no setting; write NAME=value")
    text = match.group(2)
    if text[:1] in ("'", '"'):
        return _quoted(text)
    value = COMMENT.sub("", text).rstrip(" \t")
    _refuse_expansion(value)
    return value


def _quoted(text: str) -> str:
    match = (DOUBLE if text[0] == '"' else SINGLE).fullmatch(text)
    if match is None:
        raise Unusable(f"the quote {text[0]} is not closed on this line; close it, or leave both out")
    value, rest = match.groups()
    if COMMENT.sub("", rest).strip(" \t"):
        raise Unusable("something follows the closing quote; put all of the value between the quotes")
    if text[0] == "'":
        if "\\\\" in value:
            raise Unusable("two backslashes in a row mean one elsewhere; use double quotes and write each twice")
        return value
    _refuse_expansion(value)
    if re.search(r'\\[^"\\]', re.sub(r"\\\\", "", value)):
        raise Unusable(
            'a backslash stands only before " or another backslash here; use single quotes to take it as it is'
        )
    return re.sub(r'\\(["\\])', r"\1", value)


def _refuse_expansion(value: str) -> None:
    if EXPANSION.search(value):
        raise Unusable("$ names no other variable here; write the value itself, or put it in single quotes")


def _refuse_unknown(name: str, known: Collection[str]) -> None:
    """Names of others are left alone; one that looks like ours is a mistake that would start on defaults."""
    if name in known:
        return
    ours = {item.partition("_")[0] + "_" for item in known if "_" in item}
    near = get_close_matches(name.upper(), sorted(known), n=1, cutoff=CLOSE)
    if near or name.upper().startswith(tuple(ours)):
        nearest = near or get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.0)
        raise Unusable(f"is no setting of ours; did you mean {nearest[0]}?")
