#!/bin/sh
# Run a command as an ordinary user, where Python or the checkout lie in a folder that only root may
# enter. Usage (as root): unshare --mount as_user.sh UID PATH... -- COMMAND...
# Each PATH stays readable; folders above them that are closed to others are covered, for us alone.
set -eu
uid=$1; shift
mount --make-rprivate /
stage=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$stage"
n=0; closed=""
for path in "$@"; do
  [ "$path" = "--" ] && break
  n=$((n + 1)); mkdir "$stage/$n"; mount --bind "$path" "$stage/$n"
  above=$path
  while [ "$above" != "/" ]; do
    above=$(dirname "$above")
    case $(stat -c %A "$above") in *x|*t) ;; *) closed="$above $closed" ;; esac
  done
done
for folder in $closed; do mountpoint -q "$folder" || mount -t tmpfs -o mode=755 tmpfs "$folder"; done
n=0
while [ "$1" != "--" ]; do
  n=$((n + 1)); mkdir -p "$1"; mount --bind "$stage/$n" "$1"; shift
done
shift
HOME=$(mktemp -d); export HOME; chown "$uid" "$HOME"
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all -- "$@"
