"""Bring the catalogs of words up to what the apps say, and compile them: `<app>/locale/de/LC_MESSAGES/`.

New messages are added without words, or with those that another catalog has for them; what is said no more goes. Names
what is left to translate. `--check` writes nothing and fails if there is anything to do.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cdb_site.wording import files


class Command(BaseCommand):
    help = "write the catalogs of words (.po) from what the apps say, and compile them (.mo)"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if anything is to be done")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        catalogs = files.brought_up(root)
        stale = [path for path, content in files.contents(root, catalogs).items() if files.differs(path, content)]
        if not check:
            files.write(root, catalogs)
        untranslated = files.untranslated(catalogs)
        for place, message in untranslated:
            self.stdout.write(f"{place}: {message.key.one!r} has no words")
        if check and (stale or untranslated):
            names = ", ".join(path.relative_to(root).as_posix() for path in stale)
            raise CommandError(f"to be written by `manage.py write_messages`: {names or 'nothing'}")
        written = "" if check else f", {len(stale)} files written"
        self.stdout.write(f"{sum(map(len, catalogs.values()))} messages, {len(untranslated)} untranslated{written}")
