"""The server's end of a connection: what all are sent is written as it is, and what a client says is bounded.

The body of a request is bounded where it arrives: the server would keep all of it before anybody looks at it.

How much of one message of a client the server takes in before it cuts the client off.

The library's own bound of messages would hold what is sent to it as well, and a snapshot is longer than anything a
client has to say. So it is in force only while a client's frame begins: its length is known then and none of it read.
"""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

from dashboard.live.frames import FRAME_WRITER
from dashboard.live.messages import MESSAGE_BYTES_MAX

# Twice what is understood: who says a little too much is told so with a code (4400) and not cut off.
TAKEN_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
# No form and no wish of the API has a hundredth of it.
BODY_BYTES_MAX = 1_000_000
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedRequest(WebRequest):  # daphne has no types
    """A request whose body, announced or not, is cut off past the bound, with its connection."""

    taken, refused = 0, False

    def gotLength(self, length: int | None) -> None:
        announced = length or 0
        super().gotLength(length if announced <= BODY_BYTES_MAX else 0)
        if announced > BODY_BYTES_MAX:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self.taken += len(data)
        if self.taken > BODY_BYTES_MAX:
            self._refuse()
        elif not self.refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        return None if self.refused else super().process()

    def _refuse(self) -> None:
        if not self.refused:
            self.refused = True
            self.channel.transport.write(TOO_LARGE)
            self.channel.loseConnection()


class BoundedProtocol(WebSocketProtocol):  # daphne has no types
    def write_frame(self, frame: bytes) -> bool:
        """Send a frame that was made for many; False while this socket is not open, or sends a message in parts."""
        if self.state != self.STATE_OPEN or self.send_queue:
            return False
        # Into the kernel at once: by way of the loop a frame costs three times as much. What is left, and who is gone,
        # is the transport's business.
        buffered = self.transport.dataBuffer or self.transport._tempDataBuffer
        sent = 0 if buffered else self.transport.writeSomeData(frame)
        if sent != len(frame):
            self.transport.write(frame[sent:] if isinstance(sent, int) else frame)
        return True

    def onMessageFrameBegin(self, length: int) -> None:
        """The library counts a message's frames together, with this one, and drops the connection past the bound."""
        self.maxMessagePayloadSize = TAKEN_BYTES_MAX
        super().onMessageFrameBegin(length)
        self.maxMessagePayloadSize = 0


def bound(server: FramedServer) -> None:
    """Once it listens, and before it reads from anybody."""
    server.ws_factory.protocol = BoundedProtocol
    build = server.http_factory.buildProtocol

    def built(address: Any) -> Any:
        protocol = build(address)
        protocol.requestFactory = BoundedRequest
        return protocol

    server.http_factory.buildProtocol = built


class FramedServer(Server):
    """Tells each socket's consumer how to write a frame past the server's message for message."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if isinstance(protocol, BoundedProtocol):
            scope = {**scope, FRAME_WRITER: protocol.write_frame}
        return super().create_application(protocol, scope)
