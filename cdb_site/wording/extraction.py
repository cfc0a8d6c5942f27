"""Which words the apps say: every literal that is handed to a translating function in Python, templates and modules.

    _("Overview")   gettext_lazy("…")   ngettext("%(count)s order", "%(count)s orders", n)   {% translate "…" %}

A message belongs to the app whose file says it, in the domain `django`, or `djangojs` where a browser says it. What is
put together at run time (an f-string, a template literal) cannot be translated and is an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

from cdb_site.wording import model_words
from cdb_site.wording.catalog import Message, MessageKey, Messages

APPS = (
    "cdb_site",
    "marketdata",
    "mexc_sim",
    "signals_app",
    "execution",
    "risk",
    "people",
    "replay",
    "notifications",
    "dashboard",
    "api",
)
PYTHON, BROWSER = "django", "djangojs"
# Function → how its first arguments are read: the context, the word for one, the word for many.
ROLES = {
    "_": ("one",),
    "gettext": ("one",),
    "ngettext": ("one", "many"),
    "pgettext": ("context", "one"),
    "npgettext": ("context", "one", "many"),
}
LITERAL = r"""u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
JOINED = rf"{LITERAL}(?:\s*\+?\s*{LITERAL})*"
CALL = re.compile(rf"(?<![\w$.])(?P<name>_|n?p?gettext)\(\s*(?P<words>{JOINED}(?:\s*,\s*{JOINED})*)", re.DOTALL)
PUT_TOGETHER = re.compile(r"(?<![\w$.])(?:_|ngettext)\(\s*`")
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)

Catalogs = dict[tuple[str, str], Messages]


class Untranslatable(Exception):
    """Words that no catalog can hold, and where they are."""


def found(root: Path) -> Catalogs:
    """(app, domain) → the messages its files say. Raises Untranslatable."""
    catalogs: Catalogs = {}
    for app in APPS:
        for path in sorted((root / app).rglob("*")):
            if {"migrations", "vendor", "node_modules", "locale"} & set(path.relative_to(root).parts):
                continue
            place = path.relative_to(root).as_posix()
            for key in _keys(path, place):
                _add(catalogs, app, BROWSER if path.suffix == ".js" else PYTHON, key, place)
    for model in model_words.models(APPS):
        app = model.__module__.partition(".")[0]
        for text in model_words.said(model):
            key = MessageKey(text, context=model_words.CONTEXT)
            _add(catalogs, app, PYTHON, key, model.__module__.replace(".", "/"))
    return catalogs


def _add(catalogs: Catalogs, app: str, domain: str, key: MessageKey, place: str) -> None:
    messages = catalogs.setdefault((app, domain), {})
    message = messages.setdefault(key, Message(key, ("", "") if key.many else ("",)))
    message.said_in.add(place)


def _keys(path: Path, place: str) -> Iterator[MessageKey]:
    match path.suffix:
        case ".py":
            yield from _of_python(path.read_text(encoding="utf-8"), place)
        case ".html" | ".txt":
            yield from _of_calls(templatize(path.read_text(encoding="utf-8"), origin=place))
        case ".js" if path.name != "words.js":
            text = COMMENT.sub("", path.read_text(encoding="utf-8"))
            if PUT_TOGETHER.search(text):
                raise Untranslatable(f"{place}: words put together by a template literal")
            yield from _of_calls(text)


def _of_python(text: str, place: str) -> Iterator[MessageKey]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        # `_lazy` alone is a `_` of its own name.
        roles = ROLES.get("_" if name == "_lazy" else name.removesuffix("_lazy").removesuffix("_noop"))
        if roles is None:
            continue
        words = node.args[: len(roles)]
        if any(isinstance(word, ast.JoinedStr) for word in words):
            raise Untranslatable(f"{place}:{node.lineno}: words put together by an f-string")
        literals = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if len(literals) == len(roles):
            yield MessageKey(**dict(zip(roles, literals, strict=True)))


def _of_calls(text: str) -> Iterator[MessageKey]:
    for call in CALL.finditer(text):
        roles = ROLES[call["name"]]
        arguments = [
            "".join(str(ast.literal_eval(piece)) for piece in re.findall(LITERAL, argument, re.DOTALL))
            for argument in re.findall(JOINED, call["words"], re.DOTALL)
        ]
        if len(arguments) >= len(roles):
            yield MessageKey(**dict(zip(roles, arguments, strict=False)))
