"""A stand-in for an LTI 1.3 platform: token grant, line items, scores, results and members."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import jwt

from .serve import Answer, Request, Stub

CLIENT, KEY_ID = "tool-1", "key-1"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
TAKES = {
    "lineitems": "application/vnd.ims.lis.v2.lineitemcontainer+json",
    "results": "application/vnd.ims.lis.v2.resultcontainer+json",
    "members": "application/vnd.ims.lti-nrps.v2.membershipcontainer+json",
}


class Ags(Stub):
    """As the specification has it: later timestamps only, comments of the latest score."""

    def __init__(self, public_key: str, members: list[dict[str, Any]] | None = None) -> None:
        super().__init__()
        self.public_key, self.members = public_key, members or []
        self.items: list[dict[str, Any]] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.scores: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}
        self.seconds = 3600  # that a token lives
        self.page_size = 100
        self.seen_ids: set[str] = set()
        for method, pattern, handler in (
            ("POST", "/token", self.grant),
            ("GET", "/lineitems", self.list_items),
            ("POST", "/lineitems", self.make_item),
            ("GET", r"/lineitems/1/results", self.list_results),
            ("POST", r"/lineitems/1/scores", self.score),
            ("GET", "/members", self.list_members),
        ):
            guarded = handler if pattern == "/token" else self.guarded(handler)
            self.routes.append((method, re.compile(pattern), guarded))

    def grant(self, request: Request) -> Answer:
        given = dict(request.fields())
        try:
            claims = jwt.decode(
                given["client_assertion"],
                self.public_key,
                algorithms=["RS256"],
                audience=f"{self.public or request.base}/token",
                options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError as error:
            return Answer(400, {"error": "invalid_client", "error_description": str(error)})
        head = jwt.get_unverified_header(given["client_assertion"])
        if claims["iss"] != CLIENT or head.get("kid") != KEY_ID or claims["jti"] in self.seen_ids:
            return Answer(401, {"error": "invalid_client"})
        self.seen_ids.add(claims["jti"])
        token = f"token-{len(self.tokens)}-of-the-tests"
        self.tokens[token] = time.monotonic() + self.seconds
        return Answer(content={"access_token": token, "expires_in": self.seconds})

    def guarded(self, handler: Any) -> Any:
        def guard(request: Request, **names: str) -> Answer:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if self.tokens.get(token, 0) < time.monotonic():
                return Answer(401, {"error": "invalid_token"})
            kind = request.path.rpartition("/")[2]
            if request.method == "GET" and request.headers["Accept"] != TAKES[kind]:
                return Answer(406, {"error": f"{kind}: {request.headers['Accept']}"})
            return handler(request, **names)

        return guard

    def list_items(self, request: Request) -> Answer:
        return Answer(content=self.items)  # filters are optional, and not supported here

    def make_item(self, request: Request) -> Answer:
        item = json.loads(request.body) | {
            "id": f"{self.public or request.base}/lineitems/1?type=a&x=b%20c"
        }
        self.items.append(item)
        return Answer(201, item)

    def list_results(self, request: Request) -> Answer:
        if ("x", "b c") not in request.query:
            return Answer(404, {"error": "the line item's own query is part of its address"})
        page = int(dict(request.query).get("page", 1))
        everybody = list(self.results.values())
        headers = {}
        if page * self.page_size < len(everybody):
            again = f"{self.public or request.base}{request.path}?type=a&x=b%20c&page={page + 1}"
            headers["Link"] = f'<{again}>; rel="next"'
        part = everybody[(page - 1) * self.page_size : page * self.page_size]
        return Answer(content=part, headers=headers)

    def score(self, request: Request) -> Answer:
        score = json.loads(request.body)
        before = [s["timestamp"] for s in self.scores if s["userId"] == score["userId"]]
        if before and score["timestamp"] <= max(before):
            return Answer(409, {"error": "there is a later one"})
        self.scores.append(score)
        if "scoreGiven" in score:
            self.results[score["userId"]] = {
                "userId": score["userId"],
                "resultScore": score["scoreGiven"] / score["scoreMaximum"],
                "resultMaximum": 1,
                "comment": score.get("comment", ""),
            }
        return Answer(200, {})

    def list_members(self, request: Request) -> Answer:
        return Answer(content={"id": request.base, "members": self.members})
