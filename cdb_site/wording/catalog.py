"""A catalog of words as it is kept (.po, text) and as it is read at run time (.mo, bytes): GNU gettext's two formats.

    #: dashboard/pages/shell.py
    msgid "Overview"
    msgstr "Überblick"

Only what our catalogs need of them: contexts, plurals, the fuzzy flag, where a message is said. Both files are
committed, so no machine needs the gettext tools.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

HEADER = (
    "Project-Id-Version: Claire de Binaire\nLanguage: {language}\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=2; plural=(n != 1);\n"
)
CONTEXT_ENDS, PLURAL_ENDS = "\x04", "\x00"
MAGIC = 0x950412DE
LINE_MAX = 110


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What code and templates ask for."""

    one: str
    many: str = ""
    context: str = ""


@dataclass(slots=True)
class Message:
    """A key with its words in the language: one, or two where there is a plural. Empty words: not translated yet."""

    key: MessageKey
    words: tuple[str, ...] = ("",)
    fuzzy: bool = False
    said_in: set[str] = field(default_factory=set)

    @property
    def translated(self) -> bool:
        return all(self.words) and len(self.words) == (2 if self.key.many else 1)


Messages = dict[MessageKey, Message]


def read(text: str) -> Messages:
    """The messages of a .po file without its header. ValueError for a line that is none of the format."""
    messages = (_message(block) for block in text.split("\n\n") if block.strip())
    return {message.key: message for message in messages if message and message.key.one}


def _message(block: str) -> Message | None:
    parts: dict[str, str] = {}
    fuzzy, said_in, name = False, set(), ""
    for line in block.splitlines():
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            said_in |= set(line[2:].split()) if line.startswith("#:") else set()
            continue
        if not line.startswith('"'):
            name, _, line = line.partition(" ")
        parts[name] = parts.get(name, "") + str(ast.literal_eval(line))
    if "msgid" not in parts:
        return None
    words = tuple(value for name, value in parts.items() if name.startswith("msgstr"))
    key = MessageKey(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))
    return Message(key, words, fuzzy, said_in)


def written(messages: Iterable[Message], language: str) -> str:
    """The .po file, in the order of the English words."""
    ordered = sorted(messages, key=lambda message: (message.key.one.lower(), message.key.one, message.key.context))
    blocks = ["\n".join(_lines(message)) for message in ordered]
    head = f'msgid ""\nmsgstr ""\n{_pieces(HEADER.format(language=language))}'
    return "\n\n".join([head, *blocks]) + "\n"


def _lines(message: Message) -> Iterator[str]:
    key = message.key
    yield from (f"#: {place}" for place in sorted(message.said_in))
    if message.fuzzy:
        yield "#, fuzzy"
    if key.context:
        yield f"msgctxt {_quoted(key.context)}"
    yield f"msgid {_quoted(key.one)}"
    if not key.many:
        yield f"msgstr {_quoted(message.words[0])}"
        return
    yield f"msgid_plural {_quoted(key.many)}"
    for number in (0, 1):
        words = message.words[number] if number < len(message.words) else ""
        yield f"msgstr[{number}] {_quoted(words)}"


def _quoted(text: str) -> str:
    return f'""\n{_pieces(text)}' if "\n" in text.rstrip("\n") or len(text) > LINE_MAX else _escaped(text)


def _pieces(text: str) -> str:
    """One quoted piece a line of the text, long lines cut between words."""
    pieces: list[str] = []
    for line in text.splitlines(keepends=True):
        piece = ""
        for word in line.split(" "):
            if len(piece) + len(word) > LINE_MAX:
                pieces.append(piece)
                piece = ""
            piece += f"{word} "
        pieces.append(piece[:-1])
    return "\n".join(_escaped(piece) for piece in pieces if piece)


def _escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def compiled(messages: Iterable[Message], language: str) -> bytes:
    """The .mo file: offsets of sorted keys, offsets of their words, then the texts, each ended by a zero."""
    pairs = {"": HEADER.format(language=language)}
    for message in messages:
        if message.translated and not message.fuzzy:
            pairs[_runtime_key(message.key)] = PLURAL_ENDS.join(message.words)
    raw = sorted((key.encode(), words.encode()) for key, words in pairs.items())
    count, head = len(raw), 28
    texts_at = head + 16 * count
    offsets: list[tuple[int, int]] = []
    body = b""
    for column in (0, 1):
        for pair in raw:
            offsets.append((len(pair[column]), texts_at + len(body)))
            body += pair[column] + b"\0"
    table = b"".join(struct.pack("<2I", *offset) for offset in offsets)
    return struct.pack("<7I", MAGIC, 0, count, head, head + 8 * count, 0, texts_at) + table + body


def _runtime_key(key: MessageKey) -> str:
    context = f"{key.context}{CONTEXT_ENDS}" if key.context else ""
    return context + key.one + (f"{PLURAL_ENDS}{key.many}" if key.many else "")
