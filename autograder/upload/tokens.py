"""Where a token comes from: the environment, a file or the keyring. Never the command line."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import LmsError

SERVICE = "autograder"


def token(platform: str, user: str) -> str:
    """The token of a platform (for LTI: the private key), from the first place that has one.

    `AUTOGRADER_<PLATFORM>_TOKEN`, then the file that `AUTOGRADER_<PLATFORM>_TOKEN_FILE` names, then
    the keyring's entry of the service `autograder` for `user`, the platform's address.

    Raises:
        LmsError: nowhere is one, or others can read the file.
    """
    variable = f"AUTOGRADER_{platform.upper()}_TOKEN"
    if found := os.environ.get(variable, "").strip():
        return _sane(found, variable)
    if name := os.environ.get(f"{variable}_FILE"):
        return _sane(_from_file(Path(name), f"{variable}_FILE"), name)
    if found := _from_keyring(user).strip():
        return _sane(found, "the keyring's entry")
    raise LmsError(
        f"no token for {platform}: set {variable}, or {variable}_FILE to a file that only you can "
        f"read, or put it into the keyring: keyring set {SERVICE} {user}"
    )


def _sane(found: str, where: str) -> str:
    """The token, or the private key, which is one of several lines.

    Raises:
        LmsError: it cannot be one. What it is instead is not said.
    """
    if not found:
        raise LmsError(f"{where}: there is no token in it")
    if not found.startswith("-----BEGIN") and not (found.isascii() and found.isprintable()):
        raise LmsError(f"{where}: not a token: one line of letters, digits and signs is expected")
    return found


def _from_file(path: Path, variable: str) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LmsError(f"{path}: others can read this token: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LmsError(f"{variable}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LmsError(f"{variable}: {path}: not a token, or not in UTF-8") from error


def _from_keyring(user: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, user) or ""
    except KeyringError:  # such as none on a server: then the message above helps
        return ""
