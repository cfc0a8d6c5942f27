"""A text as it goes over the wire, made once for all screens that are sent it: what a server sends is not masked, so
the bytes are the same for everyone."""

from __future__ import annotations

import struct

# Under this name a socket's scope has what writes a whole frame: bytes → whether it was taken.
FRAME_WRITER = "frame_writer"
FINAL_TEXT = 0x81
SHORT_MAX, TWO_BYTES_MAX = 125, 65_535
TWO_BYTES, EIGHT_BYTES = 126, 127


class SharedText(str):
    """A text with its frame."""

    frame: bytes

    def __new__(cls, text: str) -> SharedText:
        made = super().__new__(cls, text)
        made.frame = frame_of(text)
        return made


def frame_of(text: str) -> bytes:
    """One whole text message (RFC 6455, 5.2)."""
    body = text.encode()
    if len(body) <= SHORT_MAX:
        head = struct.pack("!BB", FINAL_TEXT, len(body))
    elif len(body) <= TWO_BYTES_MAX:
        head = struct.pack("!BBH", FINAL_TEXT, TWO_BYTES, len(body))
    else:
        head = struct.pack("!BBQ", FINAL_TEXT, EIGHT_BYTES, len(body))
    return head + body
