"""A proxy between a client and a server, which does to requests what networks and servers do."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests

from .serve import Answer, Request, serving

KEPT = ("content-type", "link", "location", "x-rate-limit-remaining", "www-authenticate")
FAULTS = ("hang up", "429", "403", "502 before", "502 after", "cut", "twice")


@dataclass
class Proxy:
    """Forwards to `server`; does `fault` to that share of requests."""

    server: str = ""
    fault: str = ""
    share: float = 0.4
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    reads: bool = True  # whether GETs meet it, too
    seconds: float = 0.0  # to wait before hanging up
    log: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    address: str = ""

    def answer(self, request: Request) -> Answer | bytes | None:
        spared = request.method == "GET" and not self.reads
        fault = self.fault if self.chance.random() < self.share and not spared else ""
        self.log.append((request.method, request.path, fault, request.body))
        if fault in ("429", "403"):
            return Answer(int(fault), b"403 Forbidden (Rate Limit Exceeded)")
        if fault == "502 before":
            return Answer(502, b"<html>Bad gateway</html>")
        answer = self.forward(request)
        if fault == "twice":
            self.forward(request)
        if fault == "502 after":
            return Answer(502, b"<html>Bad gateway</html>")
        if fault == "hang up":
            time.sleep(self.seconds)
            return None
        if fault == "cut":
            head = (
                f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.content) + 1}\r\n\r\n"
            )
            return head.encode() + answer.content[: len(answer.content) // 2]
        return answer

    def forward(self, request: Request) -> Answer:
        query = f"?{urlencode(request.query)}" if request.query else ""
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("connection", "accept-encoding", "content-length")
        }
        answer = requests.request(
            request.method,
            f"{self.server}{request.path}{query}",
            data=request.body,
            headers=headers | {"Accept-Encoding": "identity"},
            allow_redirects=False,
            timeout=60,
        )
        kept = {name: value for name, value in answer.headers.items() if name.lower() in KEPT}
        return Answer(answer.status_code, answer.content, kept)


@contextlib.contextmanager
def proxied(server: str, fault: str, port: int = 0, **options: object) -> Iterator[Proxy]:
    """A proxy in front of a server."""
    proxy = Proxy(server, fault, **options)
    with serving(proxy.answer, port) as address:
        proxy.address = address
        yield proxy
