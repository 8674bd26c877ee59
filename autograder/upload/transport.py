"""HTTP as grades need it: patient with reads, careful with writes, silent about tokens.

A request that only reads is tried again until there is an answer. One that writes is tried again
only where the server says that it did nothing; if the outcome is unknown, the caller has to look
first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import tenacity

from ..errors import LmsError, OutcomeUnknown

T = TypeVar("T")
READS = ("GET", "HEAD")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECONDS = (10.0, 60.0)  # to connect, and between two bytes of the answer
TRIES = 8
LONGEST = 60.0  # seconds between two tries
LOW = 150.0  # of Canvas's allowance, at which we slow down; it drains in about a second
TRANSIENT = (500, 502, 503, 504)
BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class Throttled(LmsError):
    """The server did nothing, and wants us to wait."""


class Session(requests.Session):
    """A session for one server. Requests that carry a token never leave it."""

    def __init__(self, base: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """`base` is the server's address; `sleep` waits that many seconds.

        Raises:
            LmsError: the address is not https, and not this machine's own.
        """
        super().__init__()
        if not _is_safe(base):
            raise LmsError(f"{base}: only https addresses are safe for a token")
        self._host, self._sleep = urlsplit(base), sleep

    def request(self, method: Any, url: Any, *rest: Any, **options: Any) -> requests.Response:
        """As in requests, with patience.

        Raises:
            OutcomeUnknown: no whole answer came; a write may or may not have happened.
            LmsError: throttled for too long, or a redirect to elsewhere.
        """
        method, url = str(method).upper(), str(url)
        if not _is_safe(url):
            raise LmsError(f"{url.partition('?')[0]}: only https addresses are safe for a token")
        where = urlsplit(url)
        elsewhere = (where.scheme, where.netloc) != (self._host.scheme, self._host.netloc)
        if elsewhere and "Authorization" in (options.get("headers") or {}):
            raise LmsError(f"the server sent us to {where.netloc}: not with a token")
        again: tuple[type[Exception], ...] = () if options.get("files") else (Throttled,)
        if method in READS:
            again += (OutcomeUnknown,)
        options = {"timeout": SECONDS} | options | {"allow_redirects": False}
        return self.patiently(lambda: self._once(method, url, *rest, **options), again)

    def patiently(
        self,
        call: Callable[[], T],
        again: tuple[type[Exception], ...] = (Throttled, OutcomeUnknown),
    ) -> T:
        """Call, again and again with growing pauses, while it raises one of these.

        Raises:
            LmsError: the last one, if it never went well.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(again),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST),
            stop=tenacity.stop_after_attempt(TRIES),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(call)

    def _once(self, method: str, url: str, *rest: Any, **options: Any) -> requests.Response:
        asked = f"{method} {urlsplit(url).path}"  # never the query: Moodle's holds the token
        try:
            answer = super().request(method, url, *rest, **options)
        except BROKEN as error:
            # Not the error's own words: they quote the address.
            raise OutcomeUnknown(f"{asked}: no answer ({type(error).__name__})") from None
        except requests.RequestException as error:
            raise LmsError(f"{asked}: could not be sent ({type(error).__name__})") from None
        if answer.status_code == 429 or (
            answer.status_code == 403 and "rate limit exceeded" in answer.text.lower()
        ):
            self._sleep(min(LONGEST, _seconds(answer.headers.get("Retry-After"))))
            raise Throttled(f"{asked}: the server kept asking us to wait: try again later")
        if answer.status_code in TRANSIENT:
            raise OutcomeUnknown(f"{asked}: the server answered {answer.status_code}")
        if answer.is_redirect and method in READS:
            raise LmsError(f"{asked}: the server redirects: is the address right?")
        if _seconds(answer.headers.get("X-Rate-Limit-Remaining"), LOW) < LOW:
            self._sleep(1.0)
        return answer


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _seconds(text: str | None, default: float = 0.0) -> float:
    """A number in a header; dates and nonsense count as none."""
    try:
        return float(text) if text is not None else default
    except ValueError:
        return default
