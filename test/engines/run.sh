#!/usr/bin/env bash
# The engine suites, each beside a real engine of its own. usage: run.sh [docker | kubernetes]… [-- VITEST ARGUMENTS…]
# What is slow to build is built once and kept under ENGINES_HOME, outside the repository. An engine that cannot start fails the run.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."
engines=() status=0
while [ $# -gt 0 ] && [ "$1" != -- ]; do engines+=("$1"); shift; done
[ "${1:-}" != -- ] || shift
[ "${#engines[@]}" -gt 0 ] || engines=(docker kubernetes)

for engine in "${engines[@]}"; do
  report=()
  [ -z "${REPORTS:-}" ] || report=(--reporter=default --reporter=json "--outputFile.json=$REPORTS/$engine.json")
  "$here/$engine.sh" npx vitest run --project "engine-$engine" "${report[@]}" "$@" || { echo "$engine: FAILED" >&2; status=1; }
done
exit "$status"
