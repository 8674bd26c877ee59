#!/bin/sh
# Run a command as root in a file system like that of Gradescope's container. Usage (as root):
#   unshare --mount container.sh AUTOGRADER PATH... -- COMMAND...
# AUTOGRADER becomes /autograder, and each PATH stays where it is. Of all else only the system's own
# folders are there; /opt, /tmp and the like are empty, for us alone, and gone at the end.
set -eu
mount --make-rprivate /
root=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$root"
keep() { mkdir -p "$root$2"; mount --rbind "$1" "$root$2"; }
for folder in /usr /etc /dev /proc /sys; do keep "$folder" "$folder"; done
for folder in /bin /sbin /lib /lib32 /lib64; do
  if [ -L "$folder" ]; then ln -s "$(readlink "$folder")" "$root$folder"
  elif [ -d "$folder" ]; then keep "$folder" "$folder"; fi
done
mkdir -p "$root/opt" "$root/old"
mkdir -m 1777 "$root/tmp"
keep "$1" /autograder
while shift; [ "$1" != "--" ]; do keep "$1" "$1"; done
shift
cd "$root"
pivot_root . old
cd /autograder
rmdir "/old$root"
umount -l /old
rmdir /old
exec "$@"
