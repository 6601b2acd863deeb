# What kubernetes-up.sh and kubernetes-node.sh share: to be sourced, with K and S set.
t0=${t0:-$EPOCHREALTIME}; export t0
# cgroups of this run alone: clusters side by side on one machine do not see each other
CGROUP=${CGROUP:-/flame-kubernetes-$(stat -Lc %i /proc/self/ns/pid)}; export CGROUP
say() { local t=$((${EPOCHREALTIME/./} - ${t0/./})); printf '%3d.%02d s  %s\n' $((t / 1000000)) $((t / 10000 % 100)) "$*"; }
start() { local n=$1; shift; setsid "$@" >"$S/log/$n.log" 2>&1 </dev/null & echo $! >"$S/pid/$n"; }
until_ok() { local n=$1; shift; for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return 0; kill -0 "$(cat "$S/pid/$n")" 2>/dev/null || { echo "$n died:"; tail -15 "$S/log/$n.log"; exit 1; }; sleep 0.1; done; echo "$n: no answer:"; tail -15 "$S/log/$n.log"; exit 1; }
