#!/bin/sh
# Install all of the locks, every file verified by its hash, and this project from its folder.
# Usage: install.sh PYTHON [TORCH_INDEX]
set -eu
python=$1; torch_index=${2:-}
cd "$(dirname "$0")/../.."
install() { "$python" -m pip --disable-pip-version-check install --quiet "$@"; }
# Only wheels: to build anything else, pip would fetch tools that no lock names.
locked() { install --require-hashes --no-deps --only-binary :all: "$@"; }
fail() { echo "set-up: $1" >&2; exit 1; }

# pip takes the best torch that it finds (a CPU build, where there is one), and only then its hash
# is asked for: else pip would prefer any build with a known hash.
install_torch() {
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  "$python" -m pip --disable-pip-version-check download --quiet --no-deps --only-binary :all: \
    --constraint constraints.txt --dest "$folder" torch
  locked --no-index --find-links "$folder" --requirement .ci/locks/torch.txt ||
    fail "the torch found here is none of those in .ci/locks/torch.txt: see docs/dependencies.md"
  case $(ls "$folder") in *+cpu*) ;; *) locked --requirement .ci/locks/cuda.txt ;; esac
}

has_torch() {
  version=$(sed -n 's/^torch==//p' constraints.txt)
  "$python" -m pip --disable-pip-version-check freeze |
    grep -E "^torch==$version(\+|\$)" >/dev/null  # with -q it would not read on, and pip complain
}

locked --requirement .ci/locks/packages.txt
if has_torch; then :
elif [ -z "$torch_index" ]; then install_torch
else
  echo "set-up: torch and what it needs come from $torch_index, at a pinned version but unverified" >&2
  install --constraint constraints.txt --index-url "$torch_index" torch
fi
install --no-deps --no-build-isolation --editable .
problems=$("$python" -m pip --disable-pip-version-check check) || fail "$problems"
