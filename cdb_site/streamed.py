"""A file that is written while it is sent: text after text, each made in a thread, so that no other request waits.

Once the first text is on its way no status can say that the rest failed: the last line does, and whoever reads the file
finds that it broke off.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.db import Error
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import override

from cdb_site.clock import SYSTEM

log = logging.getLogger(__name__)
Broken = Callable[[str], str]


async def streamed(texts: Iterator[str], language: str, broken: Broken) -> AsyncIterator[str]:
    """The file's text; `broken` makes its last line of a sentence, should the database go away meanwhile."""
    while (text := await sync_to_async(_next)(texts, language, broken)) is not None:
        yield text


def _next(texts: Iterator[str], language: str, broken: Broken) -> str | None:
    """Read and worded in the reader's language, which another request's may have followed meanwhile."""
    with override(language):
        try:
            return next(texts, None)
        except Error as problem:
            log.warning("a file broke off: %s", problem)
            return broken(_("This file is not whole: the database did not answer. Ask for it again."))


def attachment(content: AsyncIterator[str], name: str, kind: str, content_type: str) -> StreamingHttpResponse:
    """The answer that a browser keeps as `<name>-<market time>.<kind>`."""
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}-{SYSTEM.market_now():%Y%m%d-%H%M%S}.{kind}"'
    # Packed portion by portion it would end after the first one for Chromium.
    response["Content-Encoding"] = "identity"
    return response
