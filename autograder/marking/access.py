"""Who may come in: who has a link that nobody has used yet, and then a cookie.

The server answers on this machine only, but to everybody on it, and to every page that their
browsers have open. Hence links that work once, a cookie that no script and no other site can use,
and no answer to a request that was meant for another host or comes from another page.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable

from ..doors.marks import MARKER
from ..errors import MarkError
from ..escape import plain
from ..model import SETTLED

HOST = "127.0.0.1"
JSON = "application/json"
LONGEST_NAME = 60


def marker_name(name: str) -> str:
    """A marker's name, as it is recorded.

    Raises:
        MarkError: that is no name for a marker.
    """
    name = " ".join(plain(name).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise MarkError(f"a marker's name has 1 to {LONGEST_NAME} characters")
    if name.casefold() == MARKER or name.endswith(SETTLED.strip()):
        raise MarkError(f"{name!r} stands for something else here: take another name")
    return name


class Door:
    """The links and cookies of one server."""

    def __init__(self, port: int, tell: Callable[[str], None]) -> None:
        """`tell` is given a new link whenever one was used."""
        self.host = f"{HOST}:{port}"
        self.origin = f"http://{self.host}"
        self.cookie = f"marking-{port}"  # browsers do not tell ports apart
        self._tell = tell
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}  # by session; empty: they have not said yet
        self._token = secrets.token_urlsafe(32)

    @property
    def link(self) -> str:
        """The link that nobody has used yet."""
        return f"{self.origin}/?token={self._token}"

    def enter(self, token: str) -> str | None:
        """A session for who has the link; None if it is used up, or was never one."""
        with self._lock:
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return None
            self._token = secrets.token_urlsafe(32)
            session = secrets.token_urlsafe(32)
            self._names[session] = ""
        self._tell(self.link)
        return session

    def knows(self, session: str) -> bool:
        """Whether that is the session of somebody who came in."""
        return session in self._names

    def name(self, session: str) -> str:
        """What they called themselves; empty if they have not yet."""
        return self._names.get(session, "")

    def call(self, session: str, name: str) -> str:
        """Note what somebody calls themselves, and return it.

        Raises:
            MarkError: that is no name for a marker.
        """
        name = marker_name(name)
        with self._lock:
            self._names[session] = name
        return name

    def refusal(self, host: str | None, origin: str | None) -> str:
        """Why a request is not answered, whoever sent it; empty if it may be."""
        if host != self.host:  # a name that somebody has pointed at this machine
            return f"this is {self.host}: open the link as it was printed"
        if origin not in (None, self.origin):
            return "another page sent this"
        return ""

    def wrong_kind(self, method: str, mimetype: str) -> str:
        """Why a request may change nothing; empty if it may. No form can send JSON."""
        return "" if (method, mimetype) == ("POST", JSON) else f"expected a POST of {JSON}"
