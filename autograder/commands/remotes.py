"""Whether anyone can read a repository: asked of its remotes, as someone who has no account."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SECONDS = 10  # for one remote's answer
SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>(?!//).+)")  # git@host:path
URL = re.compile(r"(?:https?|ssh|git)://(?:[^@/]*@)?(?P<host>[^/:]+)(?P<port>:\d+)?/(?P<path>.+)")
# Nothing that a user has set up may let them in: neither passwords, nor keys, nor addresses.
STRANGER = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_ALLOW_PROTOCOL": "http:https",
}


def public_remotes(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and address of each remote that a stranger can read; none where there is no git."""
    if not (git := shutil.which("git")):
        return
    asked = [git, "-C", str(folder), "config", "--get-regexp", r"^remote\..*\.url$"]
    listed = subprocess.run(asked, capture_output=True, text=True)  # noqa: S603
    for line in listed.stdout.splitlines():
        key, _, address = line.partition(" ")
        if (public := web_address(address)) and _answers_a_stranger(git, public):
            yield key.removeprefix("remote.").removesuffix(".url"), public


def web_address(remote: str) -> str:
    """Where a stranger would read a remote, without user and password; empty if nowhere."""
    if found := URL.fullmatch(remote):
        scheme = "http" if remote.startswith("http:") else "https"
        port = found["port"] if remote.startswith("http") else None  # ssh's is not the web's
        return f"{scheme}://{found['host']}{port or ''}/{found['path']}"
    if found := SCP.fullmatch(remote):
        return f"https://{found['host']}/{found['path']}"
    return ""


def _answers_a_stranger(git: str, address: str) -> bool:
    with tempfile.TemporaryDirectory() as nobody:  # no .netrc
        try:
            done = subprocess.run(  # noqa: S603
                [git, "-c", "credential.helper=", "ls-remote", "--", address],
                env=os.environ | STRANGER | {"HOME": nobody, "XDG_CONFIG_HOME": nobody},
                cwd=nobody,  # whose settings are not the repository's
                capture_output=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0
