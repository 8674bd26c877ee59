#!/bin/sh
# Gradescope runs this once, as root, when it builds the image. Everything goes to /opt/autograder:
# Python, torch and the exercises, which the user that student code becomes must be able to read, and
# the answers, which only root can. Run again, it brings all of it up to date.
#
#   TORCH_INDEX        the package index that torch is taken from (first; then the default one)
#   AUTOGRADER_PYTHON  a Python that has all of requirements.txt already: nothing is installed
set -eu
umask 022
TORCH_INDEX=${TORCH_INDEX-https://download.pytorch.org/whl/cpu}
AUTOGRADER_PYTHON=${AUTOGRADER_PYTHON-}
export DEBIAN_FRONTEND=noninteractive
source=$(cd "$(dirname "$0")" && pwd)
home=/opt/autograder
venv=$home/venv

fail() { echo "setup.sh: $1" >&2; exit 1; }

good() { "$1" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The path of a Python that will do.
find_python() {
  for name in python3 python3.13 python3.12 python3.11; do
    if good "$name"; then command -v "$name"; return; fi
  done
  return 1
}

# A Python of our own, where the system's is too old (Ubuntu 22.04 has 3.10).
fetch_python() {
  export UV_PYTHON_INSTALL_DIR=$home/python UV_PYTHON_PREFERENCE=only-managed
  python3 -m venv "$home/uv" && "$home/uv/bin/python" -m pip install --quiet uv &&
    "$home/uv/bin/uv" --quiet python install 3.12 && "$home/uv/bin/uv" python find 3.12
}

install() {
  "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-cache-dir \
    --constraint "$source/constraints.txt" "$@"
}

[ "$(id -u)" = 0 ] || fail "run it as root, as Gradescope does"
mkdir -p "$home"

if [ -n "$AUTOGRADER_PYTHON" ]; then
  "$AUTOGRADER_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "AUTOGRADER_PYTHON=$AUTOGRADER_PYTHON is not a Python 3.11 or newer"
  "$AUTOGRADER_PYTHON" -m venv --without-pip "$venv" || fail "no virtual environment in $venv"
else
  if ! python=$(find_python); then
    { apt-get update && apt-get install -y python3 python3-venv; } ||
      fail "apt-get could not install python3 and python3-venv"
    python=$(find_python) || python=$(fetch_python) ||
      fail "no Python 3.11 or newer: choose a newer base image, such as Ubuntu 24.04"
  fi
  "$python" -m venv "$venv" || fail "no virtual environment in $venv"
  { [ -n "$TORCH_INDEX" ] && install --index-url "$TORCH_INDEX" torch; } || install torch ||
    fail "torch could not be installed, neither from '$TORCH_INDEX' nor from the default index"
  install --requirement "$source/requirements.txt" || fail "requirements.txt could not be installed"
fi

purelib='import sysconfig; print(sysconfig.get_path("purelib"))'
{
  echo "$home/engine"
  if [ -n "$AUTOGRADER_PYTHON" ]; then "$AUTOGRADER_PYTHON" -c "$purelib"; fi
} > "$("$venv/bin/python" -c "$purelib")/autograder.pth"

rm -rf "$home/engine" "$home/course"
mkdir -p "$home/engine" "$home/course"
cp -R "$source/autograder" "$home/engine/"
cp -R "$source/assignments" "$source/reference" "$source/grading.yml" \
  "$source/.autograder-secret" "$home/course/"
chmod -R u=rwX,go=rX "$home/engine" "$home/course"
chmod -R go= "$home/course/reference" "$home/course/grading.yml" \
  "$home/course/.autograder-secret" "$source"

"$venv/bin/python" -I -c 'import autograder.doors.gradescope.run' ||
  fail "the grader does not start: something of requirements.txt is missing"
echo "setup.sh: ready"
