"""Static files with content hashes in their names, module imports rewritten along: no import map needed.

The house's own modules are served without the lines that are only for who reads them: a tenth of a page's bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Whole lines alone: what stands behind code could be part of a text.
COMMENT_LINE = re.compile(rb"(?m)^[ \t]*//.*\n")
OWN_MODULES = "dashboard/js/"


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    # A name is right once those that its file imports are: a pass a level, if the disk lists them in the worst order.
    max_post_process_passes = 30

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        served = {
            name: (_WithoutComments(storage), path) if name.startswith(OWN_MODULES) else (storage, path)
            for name, (storage, path) in paths.items()
        }
        yield from super().post_process(served, dry_run=dry_run, **options)


class _WithoutComments:
    """Files of a storage as they are served."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage

    def open(self, path: str) -> ContentFile[bytes]:
        with self.storage.open(path) as file:
            return ContentFile(COMMENT_LINE.sub(b"", file.read()))
