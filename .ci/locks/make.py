"""Write the locks: every package that set-up installs, with its version and all of its hashes.

    make lock              what the project asks for; versions stay where they can
    make lock UPGRADE=1    the newest versions that they allow

    packages.txt   everything but torch and what follows
    torch.txt      torch itself
    cuda.txt       the libraries that torch's CUDA builds need, and its CPU builds do not

The resolver runs in a venv of its own, which is thrown away. `tests/test_locks.py` tells when the
locks are out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

RESOLVER = "uv==0.13.9"
HERE = Path(__file__).parent
NAMES = ("packages", "torch", "cuda")
PIN = r"^[^\s#]+==[^\s;]+"
LINUX = r"( ;| and) sys_platform == 'linux'(?= \\\n)"  # no need to say so on every line
CUDA = re.compile(r"(nvidia|cuda|triton)\b")
HEADER = "# Made by `make lock` from pyproject.toml and constraints.txt. Do not edit.\n"
# CPU builds of torch that are not on the package index, whose lists of hashes the resolver reads.
# Each was taken on trust once; from then on it has to be this very file.
TORCH_WHEELS = {
    "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": (
        "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
    ),
}


def main(upgrade: bool) -> None:
    """Resolve, and write the three files."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python, resolved = f"{folder}/bin/python", Path(folder, "resolved.txt")
        _run(python, "-m", "pip", "install", "--quiet", RESOLVER)
        if not upgrade:  # what it finds there, it keeps
            files = [path for name in NAMES if (path := HERE / f"{name}.txt").exists()]
            pins = [pin for path in files for pin in re.findall(PIN, path.read_text(), re.M)]
            resolved.write_text("\n".join(pins))
        _run(
            *(f"{folder}/bin/uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--python-version", "3.11", "--fork-strategy", "fewest", "--no-header"),
            *("--constraint", "constraints.txt", "--all-extras", "--group", "dev"),
            *("--group", "docs", "--group", "build"),
            *("--output-file", str(resolved), "pyproject.toml"),
        )
        blocks = re.findall(rf"{PIN}.*\n(?: .*\n)*", resolved.read_text(), re.M)
    files: dict[str, list[str]] = {name: [] for name in NAMES}
    for block in blocks:
        block = re.sub(LINUX, "", block)
        if block.startswith("torch=="):
            files["torch"].append(_with_wheels(block))
        else:
            files["cuda" if CUDA.match(block) else "packages"].append(block)
    for name, found in files.items():
        (HERE / f"{name}.txt").write_text(HEADER + "".join(found))


def _with_wheels(block: str) -> str:
    """The lines of torch, with the hashes of the wheels that no index lists."""
    version = block.split()[0].removeprefix("torch==")
    for wheel in TORCH_WHEELS:
        if not wheel.startswith(f"torch-{version}+"):
            sys.exit(f"{wheel} is not of torch {version}: drop it from .ci/locks/make.py")
    first, rest = block.split("\n", 1)
    hashes = "".join(f"    --hash=sha256:{digest} \\\n" for digest in TORCH_WHEELS.values())
    return f"{first}\n{hashes}{rest}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=HERE.parent.parent)  # noqa: S603 (our own words)


if __name__ == "__main__":
    main(upgrade="--upgrade" in sys.argv)
