"""The server's end of a socket: what all are sent is written as it is, and what a client says is bounded.

How much of one message of a client the server takes in before it cuts the client off.

The library's own bound of messages would hold what is sent to it as well, and a snapshot is longer than anything a
client has to say. So it is in force only while a client's frame begins: its length is known then and none of it read.
"""

from __future__ import annotations

from typing import Any

from daphne.ws_protocol import WebSocketProtocol

from dashboard.live.messages import MESSAGE_BYTES_MAX

# Twice what is understood: who says a little too much is told so with a code (4400) and not cut off.
TAKEN_BYTES_MAX = 2 * MESSAGE_BYTES_MAX


class BoundedProtocol(WebSocketProtocol):  # daphne has no types
    def handle_reply(self, message: dict[str, Any]) -> None:
        """A message that brings its frame needs none made for this client alone."""
        frame = message.get("frame")
        if frame is not None and self.state == self.STATE_OPEN and not self.send_queue:
            self.transport.write(frame)
        else:
            super().handle_reply(message)

    def onMessageFrameBegin(self, length: int) -> None:
        """The library counts a message's frames together, with this one, and drops the connection past the bound."""
        self.maxMessagePayloadSize = TAKEN_BYTES_MAX
        super().onMessageFrameBegin(length)
        self.maxMessagePayloadSize = 0
