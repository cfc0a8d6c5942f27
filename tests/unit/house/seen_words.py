"""What a reader of a page would see as written, without a translating function: in a template, and in a module that
draws with `html`. Names, units and codes are the same in every language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cdb_site.wording.extraction import CALL, ROLES

SAME_EVERYWHERE = {
    "Claire", "de", "Binaire", "TradingView", "Inc", "PAPER", "MEXC", "Admin", "CSV", "JSON", "UTC", "Esc",
    "Enter", "Escape", "PostgreSQL", "Redis", "Shift", "Inter", "sans", "serif",
    "s", "ms", "min", "h", "d", "x", "bps", "REST", "BUY", "SELL", "API", "OK", "English", "Deutsch", "n", "P", "L",
    "w", "c", "j", "k", "g", "v", "O", "H", "C", "p", "HALT", "USDT", "A", "B", "W", "X", "ts", "amp",
}  # fmt: skip
SAID = re.compile(r"{%\s*(blocktranslate|blocktrans)\b.*?{%\s*end\1\s*%}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
# A page's class is a name of its style.
MAIN_CLASS = re.compile(r"{% block main_class %}.*?{% endblock %}")
COMMENT = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}|<!--.*?-->", re.DOTALL)
NOT_SHOWN = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
SHOWN = re.compile(
    r"""\b(?:title|aria-label|aria-description|placeholder|alt|label|aria-roledescription)=("[^"]*"|'[^']*')"""
)
TAG = re.compile(r"<[^<>]*>")
ENTITY = re.compile(r"&\w+;")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# An include may be handed a word: with title="Movers".
HANDED = re.compile(r"""{%\s*include\b[^%]*?\b(?:title|label|heading|note|empty|words|text)=("[^"]*"|'[^']*')""")
COMMENT_LINE = re.compile(r"//.*$", re.MULTILINE)
# A string of a module that looks like something to be read: it begins like a sentence, or has a small word in it.
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
READABLE = re.compile(r"^[A-Z][a-z]|\b(?:of|the|is|no|not|and|for)\b")


def words_of(text: str) -> list[str]:
    """Without codes, which are written in capitals."""
    words = WORD.findall(ENTITY.sub(" ", text))
    return [word for word in words if word not in SAME_EVERYWHERE and not (len(word) > 1 and word.isupper())]


def in_template(text: str) -> list[str]:
    """The untranslatable words of a Django template."""
    text = MAIN_CLASS.sub(" ", COMMENT.sub(" ", text))
    handed = HANDED.findall(text)
    bare = NOT_SHOWN.sub(" ", SAID.sub(" ", text))
    return [word for shown in (*handed, *SHOWN.findall(bare), TAG.sub(" ", bare)) for word in words_of(shown)]


def in_module(text: str) -> list[str]:
    """The untranslatable words of a module: of its `html` literals, of attributes that are read out, of its strings."""
    strings = STRING.findall(CALL.sub("", COMMENT_LINE.sub("", text)))
    found = [word for string in strings if READABLE.search(string) and "[" not in string for word in words_of(string)]
    for literal in drawn(text):
        bare = literal.replace("\x00", '""')
        found += [word for shown in (*SHOWN.findall(bare), TAG.sub(" ", bare)) for word in words_of(shown)]
    for attribute in re.findall(r"\b(?:title|aria-label|label|placeholder)=\$\{[^`}\"]*`((?:[^`])*)`", text):
        found += words_of(re.sub(r"\$\{[^}]*\}", " ", attribute))
    return found


def drawn(text: str) -> Iterator[str]:
    """Every `html` literal, with \\x00 for each value that is put in; what is inside a value comes by itself."""
    open_literals: list[list[str]] = []
    depths: list[int] = []
    kinds: list[bool] = []
    at = 0
    while at < len(text):
        inside = len(open_literals) > len(depths)
        if inside:
            at = yield from _in_literal(text, at, open_literals, depths, kinds)
        else:
            at = _in_code(text, at, open_literals, depths, kinds)


def _in_literal(text: str, at: int, literals: list[list[str]], depths: list[int], kinds: list[bool]) -> Iterator[str]:
    if text[at] == "`":
        literal = "".join(literals.pop())
        if kinds.pop():
            yield literal
        return at + 1
    if text.startswith("${", at):
        literals[-1].append("\x00")
        depths.append(0)
        return at + 2
    literals[-1].append(text[at])
    return at + (2 if text[at] == "\\" else 1)


def _in_code(text: str, at: int, literals: list[list[str]], depths: list[int], kinds: list[bool]) -> int:
    char = text[at]
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if char in "\"'":
        string = re.compile(rf"{char}(?:[^{char}\\\n]|\\.)*{char}?").match(text, at)
        return string.end() if string else at + 1
    if char == "`":
        kinds.append(text[:at].endswith("html"))
        literals.append([])
    elif char == "{" and depths:
        depths[-1] += 1
    elif char == "}" and depths:
        if depths[-1] == 0:
            depths.pop()
        else:
            depths[-1] -= 1
    return at + 1


# What these are handed is read by machines, or by who reads logs: in English.
NOT_FOR_PAGES = {"debug", "info", "warning", "error", "exception", "Gauge", "Counter", "Histogram", "execute", "select"}
SENTENCE = re.compile(r"^[A-Z][a-z]+([ .…]|$)|\b(?:of|the|is|no|not|and|for)\b")
SQL = re.compile(r"\b(?:SELECT|FROM|WHERE|AND|JOIN)\b")


def in_python(text: str) -> list[str]:
    """The strings of a page's Python that look like something to be read and are handed to no translating function."""
    tree = ast.parse(text)
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            passed_over |= {id(one) for one in ast.walk(node.body[0])} if _is_docstring(node) else set()
        elif isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _translates_or_logs(node)):
            passed_over |= {id(one) for one in ast.walk(node)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [
        node.value
        for node in strings
        if id(node) not in passed_over and SENTENCE.search(node.value) and not SQL.search(node.value)
    ]


def _is_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _translates_or_logs(call: ast.Call) -> bool:
    called = call.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return name in NOT_FOR_PAGES or name == "_lazy" or name.removesuffix("_lazy").removesuffix("_noop") in ROLES
