#!/usr/bin/env bash
# The engine suites, each beside a real engine of its own. usage: run.sh [docker | kubernetes]… [-- VITEST ARGUMENTS…]
# Without arguments for vitest the demo's job is done on the engine, too (`npm run demo:docker`, `demo:kubernetes`).
# What is slow to build is built once and kept under ENGINES_HOME, outside the repository. An engine that cannot start fails the run.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."
engines=() status=0
while [ $# -gt 0 ] && [ "$1" != -- ]; do engines+=("$1"); shift; done
[ "${1:-}" != -- ] || shift
[ "${#engines[@]}" -gt 0 ] || engines=(docker kubernetes)

# The demo, as the engines' image has it.
APP_DIR="$(mktemp -d)"
trap 'rm -rf "$APP_DIR"' EXIT
node test/engines/app-folder.mjs "$APP_DIR" demo nestjs-flame +dockerode +@kubernetes/client-node || exit 1
chmod 755 "$APP_DIR"
export APP_DIR APP_MAIN=apps/demo/dist/main.js

for engine in "${engines[@]}"; do
  report=()
  [ -z "${REPORTS:-}" ] || report=(--reporter=default --reporter=json "--outputFile.json=$REPORTS/$engine.json")
  demo=true
  [ $# -gt 0 ] || demo="node apps/demo/dist/driver/contained-demo.js $engine docker.io/flame-test/node:1"
  "$here/$engine.sh" bash -c 'npx vitest run "${@:2}"; status=$?; $1 && exit $status' - "$demo" --project "engine-$engine*" "${report[@]}" "$@" ||
    { echo "$engine: FAILED" >&2; status=1; }
done
exit "$status"
