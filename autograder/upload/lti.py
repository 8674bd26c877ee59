"""Any LMS with LTI 1.3: its Assignment and Grade Services.

https://www.imsglobal.org/spec/lti-ags/v2p0 and, for the token, https://www.imsglobal.org/spec/security/v1p0
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import jwt
import requests

from ..course.policy import LtiPlace
from ..errors import LmsError, OutcomeUnknown
from ..plural import counted
from ..results.score import rounded
from .lms import Remote, Target, Writing, understood
from .transport import Session

MEDIA = "application/vnd.ims.lis.v"
LINE_ITEM, LINE_ITEMS = f"{MEDIA}2.lineitem+json", f"{MEDIA}2.lineitemcontainer+json"
SCORE, RESULTS = f"{MEDIA}1.score+json", f"{MEDIA}2.resultcontainer+json"
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPES = (f"{SCOPE}lineitem", f"{SCOPE}result.readonly", f"{SCOPE}score")
MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CANVAS = "https://canvas.instructure.com/lti/submission"  # its extension of a score
MARGIN = 60.0  # seconds before a token ends at which we get another


class Lti:
    """One line item of one LTI platform."""

    def __init__(
        self,
        place: LtiPlace,
        resource: str,
        title: str,
        max_score: Decimal,
        key: str,
        session: Session,
    ) -> None:
        """`resource` names the line item for good; `key` is our private key, as PEM."""
        self._place, self._key, self._session = place, key, session
        self._resource, self._title, self._max = resource, title, max_score
        self._token, self._ends = "", 0.0
        self._item: dict[str, Any] | None = None
        self._others = 0  # line items of the same name

    @understood
    def target(self) -> Target:
        """Where the scores go. A line item that is not there yet is made by the first write."""
        item = self._line_item()
        known = rounded(item["scoreMaximum"]) if item else self._max
        title = item["label"] if item else self._title
        return Target(
            platform="lti",
            place=f"{self._place.lineitems} resource {self._resource}",
            title=title,
            max_score=known,
            remarks=tuple(self._remarks(item, title)),
            knows_everybody=bool(self._place.members),
        )

    def _remarks(self, item: dict[str, Any] | None, title: str) -> Iterator[str]:
        if item is None:
            yield f"the line item {title!r} will be made"
        if self._others > 0:
            more = counted(self._others, "more line item")
            yield f"{more} called {self._resource!r}: to be deleted there"

    def _line_item(self) -> dict[str, Any] | None:
        if self._item is None:
            url = _with(self._place.lineitems, "", resource_id=self._resource)
            # Filters are optional for a platform: look at what came.
            found = [
                i for i in self._pages(url, LINE_ITEMS) if i.get("resourceId") == self._resource
            ]
            # One that was made twice, by a wire that delivers twice: always the same of them.
            found.sort(key=lambda item: str(item["id"]))
            self._others = len(found) - 1
            self._item = found[0] if found else None
        return self._item

    @understood
    def read(self) -> dict[str, Remote]:
        """What it holds, by user; without a list of members, of those alone who have a score."""
        known: dict[str, Remote] = {}
        if self._place.members:
            for page in self._pages(self._place.members, MEMBERS):
                for member in page.get("members", ()):
                    if member.get("status", "Active") == "Active" and _is_learner(member):
                        known[str(member["user_id"])] = Remote(str(member["user_id"]))
        item = self._line_item()
        results = self._pages(_with(item["id"], "/results"), RESULTS) if item else ()
        for result in results:
            remote = self._remote(result)
            known[remote.student_id] = remote
        return known

    @understood
    def read_one(self, student_id: str) -> Remote:
        """What it holds of one student now."""
        item = self._line_item()
        if item is None:
            return Remote(student_id)
        pages = self._pages(_with(item["id"], "/results", user_id=student_id), RESULTS)
        found = [r for r in pages if str(r["userId"]) == student_id]  # some ignore the filter
        return self._remote(found[0]) if found else Remote(student_id)

    def _remote(self, result: dict[str, Any]) -> Remote:
        score, comment = result.get("resultScore"), result.get("comment")
        if score is not None:
            most = result.get("resultMaximum") or 1  # the specification's default
            score = float(Decimal(str(score)) * self._max / Decimal(str(most)))
        return Remote(
            student_id=str(result["userId"]),
            score=None if score is None else rounded(score),
            comments=None if comment is None else (comment,),
        )

    @understood
    def write(self, writing: Writing, at: str) -> None:
        """Send a score; without one, say that grading failed, or that a person has yet to mark."""
        item = self._line_item() or self._make()
        message: dict[str, Any] = {
            "userId": writing.student_id,
            "timestamp": at.replace("+00:00", "Z"),
            "activityProgress": "Submitted" if writing.score is None else "Completed",
            "gradingProgress": "FullyGraded",
            CANVAS: {"new_submission": False},
        }
        if writing.score is None:
            message["gradingProgress"] = "PendingManual" if writing.pending else "Failed"
        else:
            points = {"scoreGiven": writing.score, "scoreMaximum": writing.max_score}
            message |= {name: _plain(value) for name, value in points.items()}
        if writing.comment:
            message["comment"] = writing.signed_comment
        self._call("POST", _with(item["id"], "/scores"), SCORE, message)

    def tidy(self, writing: Writing) -> None:
        """Nothing piles up: the platform refuses the same timestamp twice."""

    def _make(self) -> dict[str, Any]:
        """Make the line item, then look for it."""
        message = {
            "scoreMaximum": _plain(self._max),
            "label": self._title,
            "resourceId": self._resource,
            "tag": "autograder",
        }
        with contextlib.suppress(OutcomeUnknown):  # whether it is there is looked up anyway
            self._call("POST", self._place.lineitems, LINE_ITEM, message)
        if (made := self._line_item()) is None:
            raise OutcomeUnknown("the line item was not made")
        return made

    def _pages(self, url: str, media: str) -> Iterator[dict[str, Any]]:
        while url:
            answer = self._call("GET", url, media)
            content = _json(answer)
            yield from content if isinstance(content, list) else [content]
            url = answer.links.get("next", {}).get("url", "")

    def _call(self, method: str, url: str, media: str, message: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        if message is None:
            answer = self._session.request(method, url, headers=headers | {"Accept": media})
        else:
            headers |= {"Content-Type": media}
            answer = self._session.request(method, url, headers=headers, json=message)
        if answer.status_code >= 400:
            asked = f"{method} {urlsplit(url).path}"
            raise LmsError(f"{asked}: {answer.status_code} {' '.join(answer.text.split())[:300]}")
        return answer

    def _bearer(self) -> str:
        """An access token; a new one before the old one ends."""
        if time.monotonic() < self._ends:
            return self._token
        content = self._session.patiently(self._grant)
        self._token = content["access_token"]
        self._ends = time.monotonic() + float(content.get("expires_in", 3600)) - MARGIN
        return self._token

    def _grant(self) -> dict[str, Any]:
        """Ask for a token, with a request that is signed anew: a platform takes none twice."""
        now = int(time.time())
        place = self._place
        claims = {
            "iss": place.client_id,
            "sub": place.client_id,
            "aud": place.audience or place.token_url,
            "iat": now - 5,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        try:
            signed = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": place.key_id})
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise LmsError("the private key is not a PEM key for RS256") from error
        scopes = (*SCOPES, MEMBERS_SCOPE) if place.members else SCOPES
        grant = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": signed,
            "scope": " ".join(scopes),
        }
        answer = self._session.post(place.token_url, data=grant)
        content = _json(answer) if answer.ok else {}
        if "access_token" not in content:
            raise LmsError(
                f"no token from {place.token_url} ({answer.status_code}): are client_id, key and "
                "audience those that the platform has?"
            )
        granted: dict[str, Any] = content
        return granted


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError as error:
        raise LmsError(
            f"{urlsplit(answer.url).path}: no JSON came: is the address right?"
        ) from error


def _with(address: str, path: str, **query: str) -> str:
    """The address, whose own query is kept, with more path and more query."""
    parts = urlsplit(address)
    pairs = parse_qs(parts.query) | {name: [value] for name, value in query.items()}
    return urlunsplit(parts._replace(path=parts.path + path, query=urlencode(pairs, doseq=True)))


def _is_learner(member: dict[str, Any]) -> bool:
    return any(str(role).endswith("Learner") for role in member.get("roles", ()))


def _plain(value: Decimal) -> int | float:
    """As JSON has numbers; some platforms take whole ones only as such."""
    return int(value) if value == value.to_integral_value() else float(value)
