"""The local web server of the marking page: who may ask, and how answers go out."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ..errors import AutograderError, MarkError, ResultsError, explain
from ..escape import plain
from .access import HOST, Door
from .actions import Actions

TEMPLATES = Path(__file__).parent.parent / "templates"
LARGEST = 100_000  # bytes of a request
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What answers hold can show PNG figures and nothing else, wherever it got into a page.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; style-src 'self'"
)


def create(actions: Actions, door: Door) -> Flask:
    """The application."""
    app = Flask(
        __name__,
        template_folder=str(TEMPLATES),
        static_folder=str(TEMPLATES / "marking" / "static"),
        static_url_path="/static",
    )
    app.config["MAX_CONTENT_LENGTH"] = LARGEST

    @app.before_request
    def guard() -> Response | None:
        if told := door.refusal(request.headers.get("Host"), request.headers.get("Origin")):
            return _problem(told, 403)
        if request.path.startswith("/api/"):
            if told := door.wrong_kind(request.method, request.mimetype):
                return _problem(told, 415)
            if not door.knows(_session()):
                return _problem("signed out", 401)
        return None

    @app.after_request
    def sealed(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    @app.get("/")
    def page() -> Response:
        if (token := request.args.get("token")) is not None:
            return _entered(door, token)
        if not door.knows(_session()):
            return _page("marking/closed.html", 401)
        return _page("marking/mark.html", assignment=actions.assignment)

    @app.post("/api/<name>")
    def api(name: str) -> Response:
        if name == "name":
            return jsonify({"me": door.call(_session(), _text(request.get_json(), "name"))})
        marker, asked = door.name(_session()), request.get_json()
        meant = asked.pop("marker", "") if isinstance(asked, dict) else ""
        if name != "start" and (not marker or meant != marker):
            return _problem("say your name first", 428)  # or again: another tab said another
        return jsonify(actions.act(name, marker, asked))

    def _session() -> str:
        return request.cookies.get(door.cookie, "")

    app.register_error_handler(Exception, _told)
    return app


def _entered(door: Door, token: str) -> Response:
    """In with who has a fresh link. The page goes on by itself, for a redirect would be part of
    what another site began, and such a request brings no strict cookie."""
    if (session := door.enter(token)) is None:
        return _page("marking/closed.html", 401)
    response = _page("marking/entered.html")
    response.set_cookie(door.cookie, session, httponly=True, samesite="Strict")
    return response


def _page(template: str, status: int = 200, **values: Any) -> Response:
    """A page whose own styles are allowed, by their hashes, and no others."""
    text = render_template(template, **values)
    hashes = (hashlib.sha256(style.encode()).digest() for style in STYLE.findall(text))
    allowed = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes)
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = POLICY + allowed
    return response


def _text(asked: Any, key: str) -> str:
    found = asked.get(key) if isinstance(asked, dict) else None
    if not isinstance(found, str):
        raise MarkError(f"{key}: expected text")
    return found


def _problem(told: str, status: int) -> Response:
    return make_response(jsonify({"error": plain(told)}), status)


def _told(error: Exception) -> Response:
    """What went wrong, for the page: 409 is for good, and after 503 it tries again."""
    if isinstance(error, HTTPException):
        return _problem(error.description or error.name, error.code or 500)
    if isinstance(error, MarkError):
        return _problem(str(error), 409)
    if isinstance(error, (AutograderError, OSError)):
        told = explain(error) if isinstance(error, OSError) else str(error)
        return _problem(told, 503)
    raise error


class _Silent(WSGIRequestHandler):
    """Logs nothing: addresses hold links."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    door: Door
    server: BaseWSGIServer

    @property
    def link(self) -> str:
        """The link that nobody has used yet."""
        return self.door.link

    def run(self) -> None:
        """Answer until somebody presses Ctrl-C."""
        self.server.serve_forever()


@dataclass(frozen=True)
class Site:
    """What is served."""

    actions: Actions

    @contextlib.contextmanager
    def serving(self, port: int, tell: Callable[[str], None]) -> Iterator[Running]:
        """A server that listens during the block, one thread for each request.

        A mark that it is writing in the end is written. `tell` is given a new link whenever one
        was used.

        Raises:
            ResultsError: the port is taken, or not for us.
        """
        with _listening(port) as listening:
            door = Door(listening.getsockname()[1], tell)
            options: dict[str, Any] = {"threaded": True, "request_handler": _Silent}
            app = create(self.actions, door)
            server = make_server(HOST, port, app, fd=listening.fileno(), **options)
            try:
                yield Running(door, server)
            finally:
                self.actions.desk.close()
                server.server_close()


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A socket that listens on this machine only."""
    with socket.socket() as found:
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # at once after a kill
            found.bind((HOST, port))
            found.listen(128)
        except OSError as error:
            raise ResultsError(f"port {port}: {error.strerror}: give another --port") from error
        yield found
