"""Local servers in the place of the services that are told: a web server and a mail server that keep what they get."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
TAKEN: Answer = (200, {}, b"{}")


@dataclass(frozen=True, kw_only=True)
class Caught:
    """One request: its path and its body as JSON."""

    path: str
    body: Any


@dataclass
class WebCatcher:
    """`answers` are given in turn, then `usual`. While `held` is set, no request is answered."""

    usual: Answer = TAKEN
    answers: list[Answer] = field(default_factory=list)
    caught: list[Caught] = field(default_factory=list)
    reply: Callable[[Caught], Answer] | None = None
    free: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def texts(self) -> list[str]:
        return [f"{item.body.get('title', '')}\n{item.body.get('message', '')}" for item in self.caught]

    def hang(self) -> None:
        self.free.clear()

    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/hush-hush-7f3a"

    def take(self, path: str, raw: bytes) -> Answer:
        item = Caught(path=path, body=json.loads(raw or b"{}"))
        self.caught.append(item)
        self.free.wait(60)
        if self.reply:
            return self.reply(item)
        return self.answers.pop(0) if self.answers else self.usual


@contextmanager
def web_catcher() -> Iterator[WebCatcher]:
    catcher = WebCatcher()
    catcher.free.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = catcher.take(self.path, raw)
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # who asked has gone

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    catcher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield catcher
    finally:
        catcher.free.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class MailCatcher:
    letters: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def mail_catcher() -> Iterator[MailCatcher]:
    """As much of SMTP as a letter needs."""
    catcher = MailCatcher()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 catcher")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word == "DATA":
                    self.say("354 go on")
                    catcher.letters.append(self.letter())
                self.say("221 bye" if word == "QUIT" else "250 fine")
                if word == "QUIT":
                    return

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def letter(self) -> str:
            lines: list[str] = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            return "".join(lines)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    catcher.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield catcher
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
