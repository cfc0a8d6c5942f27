"""The catalogs in their folders: each app's words beside it, in `<app>/locale/<language>/LC_MESSAGES/<domain>.po`."""

from __future__ import annotations

from pathlib import Path

from cdb_site.languages import GERMAN
from cdb_site.wording.catalog import Message, compiled, read, written
from cdb_site.wording.extraction import APPS, BROWSER, PYTHON, Catalogs, found


def folder(root: Path, app: str) -> Path:
    return root / app / "locale" / GERMAN / "LC_MESSAGES"


def stored(root: Path) -> Catalogs:
    """(app, domain) → the messages of its .po file, for every file there is."""
    catalogs: Catalogs = {}
    for app in APPS:
        for domain in (PYTHON, BROWSER):
            path = folder(root, app) / f"{domain}.po"
            if path.exists():
                catalogs[app, domain] = read(path.read_text(encoding="utf-8"))
    return catalogs


def brought_up(root: Path) -> Catalogs:
    """What the apps say now, with the words that are stored for it, here or in another catalog."""
    kept = stored(root)
    elsewhere = {key: message for messages in kept.values() for key, message in messages.items() if message.translated}
    catalogs = found(root)
    for place, messages in catalogs.items():
        for key, message in messages.items():
            known = kept.get(place, {}).get(key) or elsewhere.get(key)
            if known:
                message.words, message.fuzzy = known.words, known.fuzzy
    return catalogs


def contents(root: Path, catalogs: Catalogs) -> dict[Path, bytes | None]:
    """Path → what the file has to hold; None for a file that has to go."""
    files: dict[Path, bytes | None] = {}
    for app, domain in {*stored(root), *catalogs}:
        messages = catalogs.get((app, domain), {}).values()
        path = folder(root, app) / f"{domain}.po"
        files[path] = written(messages, GERMAN).encode() if messages else None
        files[path.with_suffix(".mo")] = compiled(messages, GERMAN) if messages else None
    return files


def differs(path: Path, content: bytes | None) -> bool:
    return path.exists() if content is None else not path.exists() or path.read_bytes() != content


def write(root: Path, catalogs: Catalogs) -> None:
    for path, content in contents(root, catalogs).items():
        if content is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def untranslated(catalogs: Catalogs) -> list[tuple[str, Message]]:
    """Each message without words, or with words that nobody has confirmed, and its catalog."""
    return [
        (f"{app}/{domain}", message)
        for (app, domain), messages in sorted(catalogs.items())
        for message in messages.values()
        if not message.translated or message.fuzzy
    ]
