#!/bin/sh
# Run a command where it can damage nothing: for payloads that a sandbox should stop, and may not.
#   unshare --mount --pid --net --ipc --fork outer.sh UID PATH... -- COMMAND...     (as root)
# Each PATH stays where it is, read-only, as do the system's own folders; +PATH may be written to.
# All else is empty, in memory, and gone at the end. The network is a loopback of our own. UID is who
# runs the command.
set -eu
uid=$1; shift
mount --make-rprivate /
root=$(mktemp -d)
mount -t tmpfs -o mode=755,size=1g tmpfs "$root"
keep() {
  mkdir -p "$root$1"; mount --bind "$1" "$root$1"; mount -o remount,bind,ro,nosuid "$root$1"
}
for folder in /usr /etc /sys /var/cache/fontconfig; do
  if [ -d "$folder" ]; then keep "$folder"; fi
done
for folder in /bin /sbin /lib /lib32 /lib64; do
  if [ -L "$folder" ]; then ln -s "$(readlink "$folder")" "$root$folder"
  elif [ -d "$folder" ]; then keep "$folder"; fi
done
mkdir -p "$root/proc" "$root/old" "$root/dev/shm" "$root/dev/mqueue"
for folder in /tmp /var/tmp /srv; do mkdir -p "$root$folder"; chmod 1777 "$root$folder"; done
mkdir -p "$root/root" "$root/home/$uid"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
for device in null zero full random urandom; do
  touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
  mount -o remount,bind,ro,nosuid "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
while [ "$1" != "--" ]; do
  case $1 in +*) mount --rbind "${1#+}" "$root${1#+}" ;; *) keep "$1" ;; esac; shift
done
shift
cd "$root"
pivot_root . old
cd /
rmdir "/old$root"
umount -l /old
rmdir /old
"$1" -c 'import fcntl, socket, struct
with socket.socket() as s: fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))'  # lo: up
chown "$uid" "/home/$uid"; chmod 1777 /srv
export HOME="/home/$uid" TMPDIR=/tmp
if [ "$uid" = 0 ]; then "$@"; exit; fi  # not exec: process 1 is to reap
setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all -- "$@"
exit
