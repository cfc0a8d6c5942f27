"""A text is framed once for all, as any client understands it."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from dashboard.live.frames import SharedText


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_client_reads_the_text_out_of_its_frame(length: int) -> None:
    text = "ä" + "x" * (length - 2) if length >= 2 else "x" * length
    wire = StreamReader()
    wire.feed_data(SharedText(text).frame)

    parsing = Frame.parse(wire.read_exact, mask=False)
    with pytest.raises(StopIteration) as ended:
        next(parsing)

    frame: Frame = ended.value.value
    assert (frame.opcode, frame.fin, bytes(frame.data).decode()) == (Opcode.TEXT, True, text)
    wire.feed_eof()
    assert not wire.buffer
