"""A small web server on a real socket, for stand-ins of an LMS: routes, and a wire log."""

from __future__ import annotations

import contextlib
import email.message
import email.parser
import email.policy
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: email.message.Message
    body: bytes
    base: str  # address by which the client knows the server

    def fields(self) -> list[tuple[str, str]]:
        """Query and form together, as PHP and Rails take them."""
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            return self.query + [(n, v.decode()) for n, name, v in self.parts() if name is None]
        if kind.startswith("application/json"):
            return self.query + list(flat(json.loads(self.body)))
        return self.query + parse_qsl(self.body.decode(), keep_blank_values=True)

    def parts(self) -> list[tuple[str, str | None, bytes]]:
        """Name, file name and content of each part of a multipart body."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get_payload(decode=True),
            )
            for part in parser.parsebytes(head + self.body).iter_parts()
        ]


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """JSON as the form fields that it stands for."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from flat(inner, f"{name}[]")
    else:
        yield name, str(value)


@dataclass
class Answer:
    status: int = 200
    content: Any = None  # JSON, or bytes
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer]


@dataclass
class Stub:
    """Handlers by method and pattern, and everything that was asked."""

    routes: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    public: str = ""  # where clients reach it, if that is a proxy

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.log.append((request.method, request.path))
            for method, pattern, handler in self.routes:
                if method == request.method and (match := pattern.fullmatch(request.path)):
                    return handler(request, **match.groupdict())
            return Answer(404, {"errors": [{"message": "The specified resource does not exist."}]})


@contextlib.contextmanager
def serving(answer: Callable[[Request], Answer | bytes | None], port: int = 0) -> Iterator[str]:
    """Serve until the block ends; yields the address. None as an answer hangs up."""

    class Web(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet; two wait for each other, 40 ms (RFC 896, RFC 1122)

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = parse_qsl(parts.query, keep_blank_values=True)
            body = self.rfile.read(length)
            given = answer(Request(self.command, parts.path, query, self.headers, body, base()))
            if given is None or isinstance(given, bytes):
                self.wfile.write(given or b"")
                self.close_connection = True
                return
            raw = isinstance(given.content, bytes)
            content = given.content if raw else json.dumps(given.content).encode()
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            if "Content-Type" not in given.headers:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """A client that was killed is no news."""

    with Server(("127.0.0.1", port), Web) as server:

        def base() -> str:
            return f"http://127.0.0.1:{server.server_port}"

        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
