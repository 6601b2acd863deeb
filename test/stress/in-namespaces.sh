#!/bin/sh
# COMMAND in network, mount and process namespaces of its own, as root of them: it can make networks there, the machine's own are not touched, and all ends with it.
# usage: in-namespaces.sh COMMAND…
fail() { echo "in-namespaces.sh: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail 'network namespaces need root'
for tool in unshare setpriv nsenter ip ss python3; do command -v "$tool" >/dev/null || fail "$tool is missing (util-linux, iproute2, python3)"; done
[ -c /dev/net/tun ] || fail 'there is no /dev/net/tun, which the wires between namespaces are made with'
exec setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private -- sh -c '
  ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns attach parent $$ && "$@"
  exit $?' sh "$@"
