#!/usr/bin/env bash
# usage: debian-tools.sh [browser]
# Servers and tools for tests of test/e2e and test/apps/real-world that are not npm packages. Installs missing ones (as root on Debian), or says what to install.
set -euo pipefail
missing=()
need() { # package, command that tells whether it is here
  eval "$2" >/dev/null 2>&1 || missing+=("$1")
}
# The DNS server of rpc-dns.spec.ts, which runs it as an ordinary user on a loopback address.
need dnsmasq-base 'command -v dnsmasq'
# The tools with which operators read our metrics: ops-grpc.spec.ts, prometheus.spec.ts, top.spec.ts.
need prometheus 'command -v promtool'
need tmux 'command -v tmux'
need python3-grpcio '/usr/bin/python3 -c "import grpc"'
need python3-protobuf '/usr/bin/python3 -c "import google.protobuf"'
# The server of queues: live-sources.spec.ts.
need redis-server 'command -v redis-server'
# The tools for network namespaces: stress.spec.ts, rpc-cut-network.spec.ts.
# The servers of SshBackend: test/engines/ssh, test/e2e/ssh-hosts.spec.ts.
need openssh-server 'test -x /usr/sbin/sshd'
need openssh-client 'command -v ssh-keygen'
need iproute2 'command -v ip && command -v ss'
need util-linux 'command -v nsenter'
need python3-minimal 'command -v python3'
# The databases of the apps of test/apps/real-world.
need postgresql 'ls /usr/lib/postgresql/*/bin/initdb'
need redis-server 'command -v redis-server'
if [ "${1:-}" = browser ]; then
  # The browser of pdfs.spec.ts with fonts, and the program that reads its PDFs.
  need chromium 'test -x "${FLAME_CHROMIUM:-/usr/bin/chromium}"'
  need fonts-liberation 'ls /usr/share/fonts/truetype/liberation*/*.ttf'
  need poppler-utils 'command -v pdftotext'
fi
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "these tests need programs that are not here: on Debian, apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "installing ${missing[*]} for the tests" >&2
# Debian would start the servers that it installs, but tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
